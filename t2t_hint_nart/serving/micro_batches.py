"""Micro-batches: sentences of requests that come at about the same time are translated together."""

import asyncio
import collections
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from absl import logging

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.serving.decodes import Hypothesis

Source = Sequence[int]
# Sources, ids ending in EOS → the translation of each, None of one that doesn't fit into memory.
TranslateBatch = Callable[[list[Source]], Sequence[Hypothesis | None]]


class BatchLimits(NamedTuple):
    """What bounds a batch, and what waits for one.

    Attributes:
        sentences: most in a batch.
        tokens: most in a batch, padding included; a longer sentence is a batch by itself.
        wait_secs: longest time that a sentence waits for others, while nothing is computed.
        queue: most sentences that wait.
    """

    sentences: int = 32
    tokens: int = 4096
    wait_secs: float = 0.002
    queue: int = 1024


class QueueFullError(Exception):
    """More sentences than may wait."""


class TranslationError(Exception):
    """A sentence couldn't be translated; its request alone fails."""


class _Waiting(NamedTuple):
    source: Source
    result: "asyncio.Future[Hypothesis]"
    since: float


class MicroBatches:
    """Collects the sentences of concurrent requests, and translates them a batch at a time.

    Sentences are taken in the order in which they came. A batch starts when it is full, or when the
    oldest sentence has waited for `wait_secs`; what comes meanwhile is the next one. So one request
    alone is delayed by that time at most, and under load nobody waits but for the machine.

    Args:
        translate: called in a thread, by one batch at a time.
        limits: of batches and of the queue.
        observe: told (sentences, padded tokens, seconds) of each batch.

    References:
        TensorFlow Serving's batching: max_batch_size, batch_timeout_micros, max_enqueued_batches.
    """

    def __init__(
        self,
        translate: TranslateBatch,
        limits: BatchLimits,
        observe: Callable[[int, int, float], None] = lambda *_: None,
    ):
        self._translate = translate
        self._limits = limits
        self._observe = observe
        self._waiting: collections.deque[_Waiting] = collections.deque()
        self._tokens = 0
        self._due = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many sentences wait."""
        return len(self._waiting)

    async def translate(self, sources: Sequence[Source]) -> list[Hypothesis]:
        """Return the translations of a request's sentences, in their order.

        If the caller is cancelled, what of it still waits is never computed.

        Raises:
            QueueFullError: they are more than may wait; none of them does.
            TranslationError: one of them failed.
        """
        if len(self._waiting) + len(sources) > self._limits.queue:
            raise QueueFullError
        loop = asyncio.get_running_loop()
        results = []
        for source in sources:
            results.append(loop.create_future())
            self._waiting.append(_Waiting(source, results[-1], loop.time()))
            self._tokens += len(source)
        self._schedule()
        try:
            return await asyncio.gather(*results)
        except (TranslationError, asyncio.CancelledError):
            for result in results:
                result.cancel()
            self._drop_abandoned()
            raise

    def _drop_abandoned(self) -> None:
        """Make room of what nobody waits for any more."""
        self._waiting = collections.deque(one for one in self._waiting if not one.result.done())
        self._tokens = sum(len(one.source) for one in self._waiting)
        self._schedule()

    async def run(self) -> None:
        """Translate what comes, until cancelled."""
        loop = asyncio.get_running_loop()
        with ThreadPoolExecutor(1, "translate") as thread:
            while True:
                await self._due.wait()
                batch = self._next_batch()
                self._schedule()
                if batch:
                    sources = [waiting.source for waiting in batch]
                    start = time.monotonic()
                    outcomes = await loop.run_in_executor(thread, self._outcomes, sources)
                    padded = len(sources) * max(map(len, sources))
                    self._observe(len(sources), padded, time.monotonic() - start)
                    _answer(batch, outcomes)

    def _schedule(self) -> None:
        """Say when the next batch is due: now if it is full, or when the oldest has waited."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._due.clear()
        if not self._waiting:
            return
        loop, limits = asyncio.get_running_loop(), self._limits
        due_at = self._waiting[0].since + limits.wait_secs
        is_full = len(self._waiting) >= limits.sentences or self._tokens >= limits.tokens
        if is_full or due_at <= loop.time():
            self._due.set()
        else:
            self._timer = loop.call_at(due_at, self._due.set)

    def _next_batch(self) -> list[_Waiting]:
        """Take from the front what one batch holds."""
        batch: list[_Waiting] = []
        longest = 0
        while self._waiting and len(batch) < self._limits.sentences:
            longest = max(longest, len(self._waiting[0].source))
            if batch and longest * (len(batch) + 1) > self._limits.tokens:
                break
            batch.append(self._waiting.popleft())
            self._tokens -= len(batch[-1].source)
        return batch

    def _outcomes(self, sources: list[Source]) -> list[Hypothesis | TranslationError]:
        """Translate a batch, in a thread; if it fails, each sentence by itself."""
        try:
            found = self._translate(sources)
        except Exception as error:  # whatever it is, the others of the batch aren't to blame
            if len(sources) > 1:
                return [self._outcomes([source])[0] for source in sources]
            logging.exception("A sentence of %d tokens can't be translated.", len(sources[0]))
            told = str(error) if isinstance(error, InputError) else type(error).__name__
            return [TranslationError(f"A sentence couldn't be translated: {told}")]
        too_long = TranslationError("A sentence is too long for this machine's memory.")
        return [too_long if hypothesis is None else hypothesis for hypothesis in found]


def _answer(batch: list[_Waiting], outcomes: list[Hypothesis | TranslationError]) -> None:
    for waiting, outcome in zip(batch, outcomes, strict=True):
        if waiting.result.done():
            continue
        if isinstance(outcome, TranslationError):
            waiting.result.set_exception(outcome)
        else:
            waiting.result.set_result(outcome)
