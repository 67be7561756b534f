"""Batches of sentences to decode, and the way back to their original order (NumPy only)."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from t2t_hint_nart.data.bucket_table import BucketTable
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text import PAD_ID

_Output = TypeVar("_Output")


class SentenceBatch(NamedTuple):
    """Some sentences of a list: their places in it, int32[B], and their ids, int32[B, S], PAD 0."""

    indices: np.ndarray
    inputs: np.ndarray


def sentence_batches(
    sentences: Sequence[Sequence[int]],
    batch_size: int,
    table: BucketTable | None = None,
) -> Iterator[SentenceBatch]:
    """Yield every sentence once, the longest first, the last batch possibly smaller.

    Sorting by length keeps padding low and shows at once whether the longest batch fits into
    memory (T2T decoding.py sorts by words, descending). The sort is stable.

    Args:
        sentences: ids of each sentence, ending in EOS.
        batch_size: sentences a batch.
        table: pads a batch to its bucket's longest length, so that shapes repeat; without it, to
            the batch's longest sentence.

    Example:
        >>> for batch in sentence_batches([[5, 1], [7, 8, 1], [9, 1]], batch_size=2):
        ...     print(batch.indices.tolist(), batch.inputs.tolist())
        [1, 0] [[7, 8, 1], [5, 1, 0]]
        [2] [[9, 1]]
    """
    if batch_size < 1:
        raise InputError(f"batch_size must be at least 1, not {batch_size}.")
    order = sorted(range(len(sentences)), key=lambda index: -len(sentences[index]))
    for start in range(0, len(order), batch_size):
        indices = order[start : start + batch_size]
        longest = len(sentences[indices[0]])
        width = table.padded_length(longest) if table else longest
        inputs = np.full([len(indices), width], PAD_ID, np.int32)
        for row, index in enumerate(indices):
            inputs[row, : len(sentences[index])] = sentences[index]
        yield SentenceBatch(np.asarray(indices, np.int32), inputs)


def in_original_order(
    outputs: Sequence[_Output], batches_indices: Sequence[np.ndarray]
) -> list[_Output]:
    """Return the outputs of all batches, one a sentence, in the order of the sentences.

    `batches_indices` are the `indices` of each batch, in the same order.

    Example:
        >>> in_original_order(["b", "a", "c"], [np.array([1, 0]), np.array([2])])
        ['a', 'b', 'c']
    """
    places = [int(index) for indices in batches_indices for index in indices]
    by_place = dict(zip(places, outputs, strict=True))
    return [by_place[place] for place in range(len(by_place))]
