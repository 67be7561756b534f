"""Micro-batches: sentences of requests that come at about the same time are translated together."""

import asyncio
import itertools
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
# What a batch costs beside its tokens, in tokens; measured with a student of 3 + 3 layers of 128.
_TOKENS_OF_A_BATCH = 40


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

    A batch starts when as many sentences wait as one may hold, or when the oldest has waited for
    `wait_secs`; what comes meanwhile waits for the next. So one request alone is delayed by that
    time at most, and under load nobody waits but for the machine. Every batch holds the oldest
    sentence and others of like length (`economical_batch`): no more batches are computed before a
    sentence than there were sentences before it.

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
        self._waiting: list[_Waiting] = []
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
        self._waiting = [one for one in self._waiting if not one.result.done()]
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
        """Take what is translated next, in the order in which it came."""
        if not self._waiting:
            return []
        lengths = [len(one.source) for one in self._waiting]
        places = economical_batch(lengths, self._limits.sentences, self._limits.tokens)
        batch = [self._waiting[place] for place in places]
        taken = set(places)
        self._waiting = [one for place, one in enumerate(self._waiting) if place not in taken]
        self._tokens -= sum(len(one.source) for one in batch)
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


def economical_batch(lengths: Sequence[int], sentences: int, tokens: int) -> list[int]:
    """Return the places of the first sentence, and of those with which it is computed cheapest.

    Of all runs of sentences, sorted by length, that hold the first one and keep within the limits,
    the one with most tokens for its cost: Σ length / (40 + count · longest).

    Args:
        lengths: of sentences in tokens, EOS among them; at least one.
        sentences: most in a batch.
        tokens: most in a batch, padding included; a longer sentence is a batch by itself.

    Returns:
        Places in `lengths`, rising.

    Example:
        >>> economical_batch([12, 40, 11, 13, 12, 5], sentences=32, tokens=4096)
        [0, 2, 3, 4]
    """
    order = sorted(range(len(lengths)), key=lengths.__getitem__)
    before = [0, *itertools.accumulate(lengths[place] for place in order)]
    first = order.index(0)
    most, run = 0.0, (first, first + 1)
    for end in range(first + 1, min(first + sentences, len(order)) + 1):
        longest = lengths[order[end - 1]]
        count = max(1, min(sentences, tokens // longest))
        for start in range(max(0, end - count), first + 1):
            cost = _TOKENS_OF_A_BATCH + (end - start) * longest
            if (before[end] - before[start]) / cost > most:
                most, run = (before[end] - before[start]) / cost, (start, end)
    return sorted(order[slice(*run)])


def _answer(batch: list[_Waiting], outcomes: list[Hypothesis | TranslationError]) -> None:
    for waiting, outcome in zip(batch, outcomes, strict=True):
        if waiting.result.done():
            continue
        if isinstance(outcome, TranslationError):
            waiting.result.set_exception(outcome)
        else:
            waiting.result.set_result(outcome)
