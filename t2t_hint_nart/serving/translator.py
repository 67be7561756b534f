"""Translate lines of text: load once, translate many (no TensorFlow of its own)."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

import numpy as np

from t2t_hint_nart.data.problem import TextEncoder
from t2t_hint_nart.data.sentence_batches import SentenceBatch, sentence_batches
from t2t_hint_nart.errors import InputError, is_out_of_memory
from t2t_hint_nart.serving.decodes import Hypothesis
from t2t_hint_nart.text import EOS_ID, PAD_ID
from t2t_hint_nart.text.lines import sentence
from t2t_hint_nart.text.reserved import first_ids, sentence_ids

DEFAULT_BATCH_SIZE = 32
# Tokens, EOS among them: attention takes memory by their square, 1 GiB a layer of 16 heads here.
LONGEST_SENTENCE = 4096

_Outputs = TypeVar("_Outputs")
# inputs int32[B, S] → ids int32[B, K, L], scores float32[B, K], best first; of verified drafts
# also passes int32[B, K].
Decode = Callable[[np.ndarray], tuple[Any, ...]]


def fitting_batches(
    call: Callable[[SentenceBatch], _Outputs],
    sentences: Sequence[Sequence[int]],
    batch_size: int = 0,
    longest: int = LONGEST_SENTENCE,
    lengths: Sequence[int] | None = None,
) -> Iterator[tuple[Sequence[int], _Outputs | None]]:
    """Yield the places of some sentences and what a call makes of them, until all had their turn.

    What doesn't fit into memory is tried by halves; a single sentence that doesn't, or is too
    long, comes with None: it takes nothing from the others.

    Args:
        call: from a batch to its outputs; must have them when it returns.
        sentences: ids of each, EOS last.
        batch_size: as of `sentence_batches`; 0 means 32.
        longest: how many tokens a sentence may have.
        lengths: as of `sentence_batches`.
    """
    too_long, batches = batches_of_any(sentences, batch_size, longest, lengths)
    for place in too_long:
        yield [place], None
    for batch in batches:
        yield from called_by_halves(call, batch)


def batches_of_any(
    sentences: Sequence[Sequence[int]],
    batch_size: int = 0,
    longest: int = LONGEST_SENTENCE,
    lengths: Sequence[int] | None = None,
) -> tuple[list[int], Iterator[SentenceBatch]]:
    """Return the places of sentences that are too long, and batches of all the others.

    Args:
        sentences: as of `fitting_batches`, and so are the others.
        batch_size: 0 means 32.
        longest: how many tokens a sentence may have.
        lengths: as of `sentence_batches`.
    """
    sizes = list(map(len, sentences)) if lengths is None else lengths
    fitting = [place for place, size in enumerate(sizes) if size <= longest]
    too_long = [place for place, size in enumerate(sizes) if size > longest]
    batches = sentence_batches(
        [sentences[place] for place in fitting],
        batch_size or DEFAULT_BATCH_SIZE,
        lengths=[sizes[place] for place in fitting],
    )
    found = np.asarray(fitting, np.int32)
    return too_long, (batch._replace(indices=found[batch.indices]) for batch in batches)


def called_by_halves(
    call: Callable[[SentenceBatch], _Outputs], batch: SentenceBatch
) -> Iterator[tuple[Sequence[int], _Outputs | None]]:
    """Yield places and outputs of a batch, of its halves if it doesn't fit into memory, and so on.

    Args:
        call: as of `fitting_batches`.
        batch: of one sentence or more; of a single one that doesn't fit, the output is None.
    """
    places = batch.indices.tolist()
    try:
        outputs: _Outputs | None = call(batch)
    except Exception as error:
        if not is_out_of_memory(error):
            raise
        outputs = None
    if outputs is not None or len(places) == 1:
        yield places, outputs
        return
    half = len(places) // 2
    for part in (slice(half), slice(half, None)):
        inputs = batch.inputs[part]
        # No wider than its own longest sentence.
        inputs = inputs[:, (inputs != PAD_ID).any(axis=0)]
        yield from called_by_halves(call, SentenceBatch(batch.indices[part], inputs))


class Translator:
    """Translate sentences in batches of similar length; the order of the input is kept.

    Args:
        decode: from ids to hypotheses.
        encoders: vocabularies of inputs and targets.
        batch_size: sentences a batch.
        max_input_size: source tokens kept, EOS among them; −1 for all.
        longest: tokens of the longest source that is translated, if max_input_size isn't more.

    Example:
        translator_of(trained, decode_hparams()).translate(["Guten Tag!"])[0][0].text
    """

    def __init__(
        self,
        decode: Decode,
        encoders: dict[str, TextEncoder],
        batch_size: int = 0,
        max_input_size: int = -1,
        longest: int = LONGEST_SENTENCE,
    ):
        self._decode = decode
        self._encoders = encoders
        self._batch_size = batch_size
        self._max_input_size = max_input_size
        self.longest = max(max_input_size, longest)

    def encode(self, line: str) -> list[int]:
        """Ids of the sentence in a source line, EOS last."""
        return self.kept([*self._encoders["inputs"].encode(sentence(line)), EOS_ID])

    def least_tokens(self, line: str) -> int:
        """How many ids `encode` returns at least, said at once, however long the line."""
        least = self._encoders["inputs"].least_tokens(sentence(line)) + 1
        return min(least, self._max_input_size) if self._max_input_size > 0 else least

    def kept(self, source: Sequence[int]) -> list[int]:
        """What is translated of a source's ids: max_input_size of them, EOS the last."""
        return first_ids(source, self._max_input_size)

    def translate(
        self, lines: Sequence[str], progress: Callable[[int, int], None] | None = None
    ) -> list[list[Hypothesis]]:
        """Translate lines.

        Args:
            lines: source sentences.
            progress: told (sentences done, sentences in all) after every batch.

        Returns:
            For every line its hypotheses, best first.
        """
        return self.translate_encoded([self.encode(line) for line in lines], progress)

    def translate_encoded(
        self,
        sentences: Sequence[Sequence[int]],
        progress: Callable[[int, int], None] | None = None,
        too_long: Callable[[int], None] | None = None,
    ) -> list[list[Hypothesis]]:
        """Translate sources given as ids, each ending in EOS; otherwise as `translate`.

        Args:
            sentences: the sources.
            progress: as of `translate`.
            too_long: told the place of a sentence that is too long for the machine, or has
                more tokens than `longest` and max_input_size; its translation is empty.

        Raises:
            InputError: there is such a sentence, and `too_long` is None.
        """

        def call(batch: SentenceBatch) -> list[np.ndarray]:
            return [np.asarray(part) for part in self._decode(batch.inputs)]

        hypotheses: list[list[Hypothesis]] = [[Hypothesis("", 0.0)] for _ in sentences]
        done = 0
        for places, outputs in fitting_batches(call, sentences, self._batch_size, self.longest):
            if outputs is None:
                (too_long or _refuse(sentences))(places[0])
            else:
                for place, *rows in zip(places, *outputs, strict=True):
                    found = zip(*rows, strict=True)
                    hypotheses[place] = [self._hypothesis(*one) for one in found]
            done += len(places)
            if progress is not None:
                progress(done, len(sentences))
        return hypotheses

    def _hypothesis(self, row: np.ndarray, score: float, passes: int = 0) -> Hypothesis:
        ids = sentence_ids(row)
        text = self._encoders["targets"].decode(ids)
        return Hypothesis(text, float(score), tuple(ids), int(passes))

    def warm_up(self) -> None:
        """Build the graph with the shortest of sentences, so that the first one takes no longer."""
        self._decode(np.array([[EOS_ID]], np.int32))


def _refuse(sentences: Sequence[Sequence[int]]) -> Callable[[int], None]:
    def refuse(place: int) -> None:
        raise InputError(
            f"Sentence {place + 1} of {len(sentences)} is too long to be translated: it has "
            f"{len(sentences[place])} tokens."
        )

    return refuse
