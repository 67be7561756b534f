"""Batches of sentences to decode (NumPy only)."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text import PAD_ID

# A batch is full up to this length; of longer sentences it holds fewer, as many tokens in all.
LENGTH_OF_FULL_BATCHES = 128


class SentenceBatch(NamedTuple):
    """Some sentences of a list: their places in it, int32[B], and their ids, int32[B, S], PAD 0."""

    indices: np.ndarray
    inputs: np.ndarray


def sentence_batches(
    sentences: Sequence[Sequence[int]],
    batch_size: int,
    lengths: Sequence[int] | None = None,
) -> Iterator[SentenceBatch]:
    """Yield every sentence once, the longest first, the last batch possibly smaller.

    Sorting by length keeps padding low and shows at once whether the longest batch fits into
    memory (T2T decoding.py sorts by words, descending). The sort is stable. A batch has at most
    128 · batch_size tokens, padding included, or one sentence: one long line takes no more memory
    because there are others (in T2T all of a batch are padded to it).

    Args:
        sentences: ids of each sentence, ending in EOS.
        batch_size: sentences a batch, at most.
        lengths: of each in tokens, if something else goes along with the sentence that may be
            longer.

    Example:
        >>> for batch in sentence_batches([[5, 1], [7, 8, 1], [9, 1]], batch_size=2):
        ...     print(batch.indices.tolist(), batch.inputs.tolist())
        [1, 0] [[7, 8, 1], [5, 1, 0]]
        [2] [[9, 1]]
    """
    if batch_size < 1:
        raise InputError(f"batch_size must be at least 1, not {batch_size}.")
    sizes = list(map(len, sentences)) if lengths is None else lengths
    order = sorted(range(len(sentences)), key=lambda index: -sizes[index])
    most_tokens = batch_size * LENGTH_OF_FULL_BATCHES
    start = 0
    while start < len(order):
        rows = max(1, min(batch_size, most_tokens // max(1, sizes[order[start]])))
        indices = order[start : start + rows]
        start += rows
        width = max(len(sentences[index]) for index in indices)
        inputs = np.full([len(indices), width], PAD_ID, np.int32)
        for row, index in enumerate(indices):
            inputs[row, : len(sentences[index])] = sentences[index]
        yield SentenceBatch(np.asarray(indices, np.int32), inputs)
