"""A model that answers many clients: loaded, its requests queued and counted (extra `serve`)."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import NamedTuple

from fastapi import FastAPI

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.serving.decodes import Hypothesis
from t2t_hint_nart.serving.loaded_export import LoadedExport
from t2t_hint_nart.serving.micro_batches import BatchLimits, MicroBatches
from t2t_hint_nart.serving.server_metrics import ServerMetrics

# Text that is encoded at once takes less time than to hand it to a thread and back.
_SHORT_TEXT = 2000


class RequestLimits(NamedTuple):
    """What bounds a request.

    Attributes:
        body_bytes: most in a body.
        sentences: most in a request.
        tokens: most in a sentence, EOS among them; 0: as many as the export takes.
        timeout_secs: longest time for all of a request.
    """

    body_bytes: int = 2**20
    sentences: int = 256
    tokens: int = 0
    timeout_secs: float = 30.0


class NotReadyError(Exception):
    """The model isn't loaded yet."""


class ModelServer:
    """A model, its queue and its counters.

    Args:
        name: by which requests name the model.
        version: its number.
        load: opens the export; called in a thread when the server starts.
        batches: limits of batches.
        limits: of requests.

    Attributes:
        model: the export, None until it is loaded and warm.
        error: why it isn't, if it can't be loaded.
        failed: called then.
    """

    def __init__(
        self,
        name: str,
        version: int,
        load: Callable[[], LoadedExport],
        batches: BatchLimits | None = None,
        limits: RequestLimits | None = None,
    ):
        self.name = name
        self.version = version
        self.limits = limits or RequestLimits()
        self.model: LoadedExport | None = None
        self.error: Exception | None = None
        self._load = load
        self.failed: Callable[[], None] = lambda: None
        self.batches = MicroBatches(self._translate, batches or BatchLimits(), self._observe)
        self.metrics = ServerMetrics(self.batches.__len__, lambda: self.model is not None)

    def _observe(self, sentences: int, tokens: int, seconds: float) -> None:
        self.metrics.batch(sentences, tokens, seconds)

    def _translate(self, sources: list[Sequence[int]]) -> list[Hypothesis | None]:
        model, too_long = self.model, set[int]()
        assert model is not None
        found = model.translator.translate_encoded(sources, too_long=too_long.add)
        return [None if i in too_long else best for i, (best, *_) in enumerate(found)]

    async def translate(self, sentences: Sequence[str]) -> list[Hypothesis]:
        """Translate the sentences of a request.

        Raises:
            InputError: more than a request may have, or one that is too long.
            NotReadyError: the model isn't loaded yet.
            QueueFullError: too many wait already.
            TranslationError: one of them failed.
        """
        if self.model is None:
            raise NotReadyError
        if len(sentences) > self.limits.sentences:
            raise InputError(
                f"The request has {len(sentences):,} sentences; at most {self.limits.sentences:,} "
                "are translated at a time."
            )
        if sum(map(len, sentences)) <= _SHORT_TEXT:
            sources = self._encoded(self.model, sentences)
        else:
            sources = await asyncio.to_thread(self._encoded, self.model, sentences)
        return await self.batches.translate(sources)

    def _encoded(self, model: LoadedExport, sentences: Sequence[str]) -> list[list[int]]:
        translator, sources = model.translator, list[list[int]]()
        most = min(self.limits.tokens or translator.longest, translator.longest)
        for number, sentence in enumerate(sentences, start=1):
            place = f"Sentence {number} of {len(sentences)}"
            # Encoding a word of a million letters takes seconds, in a thread that nothing stops.
            _check_length(place, translator.least_tokens(sentence), most, "at least ")
            source = translator.encode(sentence)
            _check_length(place, len(source), most)
            sources.append(source)
        return sources

    async def _make_ready(self) -> None:
        try:
            model = await asyncio.to_thread(self._load)
            await asyncio.to_thread(model.translator.warm_up)
        except Exception as error:  # told by whoever started the server
            self.error = error
            self.failed()
        else:
            self.model = model

    @contextlib.asynccontextmanager
    async def running(self, app: FastAPI) -> AsyncIterator[None]:
        """Load the model and translate, until the last request is answered."""
        del app
        tasks = [asyncio.create_task(self._make_ready()), asyncio.create_task(self.batches.run())]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


def _check_length(place: str, tokens: int, most: int, bound: str = "") -> None:
    """Refuse a sentence of more than `most` tokens."""
    if tokens > most:
        raise InputError(f"{place} has {bound}{tokens:,} tokens; at most {most:,} are translated.")
