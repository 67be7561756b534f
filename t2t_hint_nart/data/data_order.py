"""The order of training data: computed from seed, epoch and position alone (no TensorFlow).

T2T 1.2.9 shuffles the list of files and, with a buffer of 64 records, what comes out of them. Here
an epoch is a permutation of all sentence pairs, whichever shard they are in.
"""

import itertools
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from t2t_hint_nart.data.bucket_table import BucketTable

_AT_ONCE = 1024
_LEFT_OUT = -1


@dataclass(frozen=True)
class Position:
    """A place between two batches of the training data.

    Attributes:
        seed: of the order.
        epoch: counted from 0.
        index: how many of the epoch's sentence pairs have been taken.
        waiting: those of them, and of epochs before, that are in no batch yet, by their numbers:
            buckets one after the other, each in the order in which it was filled.
    """

    seed: int
    epoch: int = 0
    index: int = 0
    waiting: tuple[int, ...] = ()


def permutation(seed: int, epoch: int, count: int) -> np.ndarray:
    """Return an epoch's order, int32[count]: which sentence pair comes when.

    Numbers are sorted by random keys of Philox 4x64-10 (Salmon et al. 2011), the same everywhere
    and with every release of NumPy, which `numpy.random.Generator` doesn't promise.
    """
    generator = np.random.Philox(key=np.array([seed % 2**64, epoch], np.uint64))
    return np.argsort(generator.random_raw(count), kind="stable").astype(np.int32)


class DataOrder:
    """Which sentence pairs each training batch holds.

    Pairs come in the order of their epoch's permutation, each waits in its bucket, and a bucket
    that is full is a batch. Because epochs follow each other before they are bucketed, no pair is
    left over: a bucket with few sentences is filled over several epochs.

    Args:
        lengths: int[N] of the sentence pairs.
        table: buckets.
        min_length: shorter pairs are left out, as longer ones than the table's max_length are.

    Attributes:
        kept: how many sentence pairs there are in an epoch.
    """

    def __init__(self, lengths: np.ndarray, table: BucketTable, min_length: int = 0):
        self._table = table
        self._min_length = min_length
        self._too_long = int(np.sum(lengths > table.max_length))
        self._too_short = int(np.sum(lengths < min_length))
        fits = (lengths >= min_length) & (lengths <= table.max_length)
        self.kept = int(np.sum(fits))
        buckets = np.searchsorted(table.boundaries, lengths, side="right")
        self._buckets = np.where(fits, buckets, _LEFT_OUT).astype(np.int16)

    def left_out(self) -> list[str]:
        """Return, a line for each reason there is, how many sentence pairs are in no batch."""
        reasons = (
            (self._too_long, f"longer than max_length={self._table.max_length}"),
            (self._too_short, f"shorter than min_length={self._min_length}"),
        )
        pairs = f"of {len(self._buckets):,} sentence pairs are"
        return [f"{count:,} {pairs} {reason} and left out" for count, reason in reasons if count]

    def batches(self, position: Position) -> Iterator[tuple[list[int], Position]]:
        """Yield the numbers of each batch's sentence pairs, and the position after it, forever.

        Args:
            position: where to begin. With another table than that with which it came about, those
                that wait are bucketed anew.
        """
        sizes = self._table.batch_sizes
        buckets: list[list[int]] = [[] for _ in sizes]
        for number in position.waiting:
            if (which := int(self._buckets[number])) != _LEFT_OUT:
                buckets[which].append(number)
        for epoch, index, number in self._taken(position):
            which = int(self._buckets[number])
            if which == _LEFT_OUT:
                continue
            bucket, size = buckets[which], sizes[which]
            bucket.append(number)
            # More than that wait if batches of this bucket were larger before.
            if len(bucket) >= size:
                batch, bucket[:size] = bucket[:size], []
                waiting = tuple(itertools.chain(*buckets))
                yield batch, Position(position.seed, epoch, index, waiting)

    def _taken(self, position: Position) -> Iterator[tuple[int, int, int]]:
        """Yield epoch, number of pairs taken and the one taken last, from a position on."""
        count = len(self._buckets)
        epoch, index = position.epoch, position.index
        while True:
            order = permutation(position.seed, epoch, count)
            for begin in range(index, count, _AT_ONCE):
                numbers = order[begin : begin + _AT_ONCE].tolist()
                for taken, number in enumerate(numbers, begin + 1):
                    yield epoch, taken, number
            epoch, index = epoch + 1, 0
