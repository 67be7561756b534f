"""Training batches out of TFRecord shards, from any position on.

In: shards of sentence pairs and an hparams set. Out: `{"inputs": int32[B, S], "targets":
int32[B, T]}`, PAD 0, each sentence ending in EOS 1, with S = T = the longest length of the batch's
bucket, so that the number of shapes is bounded. Buckets are those of tensor2tensor 1.2.9's
utils/data_reader.py; the order is computed, see `data_order`.
"""

import json
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import asdict, dataclass

import numpy as np
import tensorflow as tf

from t2t_hint_nart.data.bucket_table import BucketTable, bucket_table_from_hparams
from t2t_hint_nart.data.data_order import DataOrder, Position
from t2t_hint_nart.data.shard_index import ShardIndex, index_shards
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.json_file import parse_json
from t2t_hint_nart.hparam import HParams

AS_STORED = ("inputs", "targets")

# Batches that are read ahead of the one that is trained on.
_AHEAD = 2
_SHOWN_DIGITS = 12

Batch = dict[str, tf.Tensor]
Read = Callable[[Sequence[int]], Batch]


def training_batches(
    files: Sequence[str],
    hparams: HParams,
    seed: int,
    *,
    features: tuple[str, str] = AS_STORED,
    replicas: int = 1,
    part: "Part | None" = None,
) -> "TrainingBatches":
    """Return endless, shuffled training batches.

    Args:
        files: shards of the training data.
        hparams: batch_size and the rest of the bucket table; sentences longer than max_length or
            shorter than min_length are left out; max_input_seq_length and max_target_seq_length
            cut, 0 meaning no cut.
        seed: of the order.
        features: stored features read as inputs and as targets, see Problem.features.
        replicas: devices one batch is divided over; multiplies the number of sentences.
        part: of each batch, which is read; all of it by default.

    Raises:
        InputError: a shard is damaged, or no sentence passes the length filter.
    """
    table = bucket_table_from_hparams(hparams, replicas)
    index = index_shards(files, features, cuts(hparams))
    order = DataOrder(index.lengths, table, hparams.get("min_length", 0))
    if not order.kept:
        why = "; ".join(order.left_out()) or "they are empty"
        raise InputError(f"no sentence pair to train on in {files[0]!r} and its like: {why}")
    read = _reader(index, table, features, cuts(hparams))
    return TrainingBatches(index, order, read, seed, part or Part())


def cuts(hparams: HParams) -> tuple[int, int]:
    """Return the longest source and target in ids, 0 for no limit; the rest is cut off."""
    return hparams.get("max_input_seq_length", 0), hparams.get("max_target_seq_length", 0)


@dataclass(frozen=True)
class Part:
    """One of the equal parts into which processes divide a batch.

    Attributes:
        index: from 0.
        count: of the parts.

    Example:
        >>> Part(1, 2).of([7, 8, 9, 10])
        [9, 10]
    """

    index: int = 0
    count: int = 1

    def of(self, numbers: Sequence[int]) -> Sequence[int]:
        """Return this part of a batch's numbers."""
        size = len(numbers) // self.count
        return numbers[self.index * size : (self.index + 1) * size]


@dataclass(frozen=True)
class _Shards:
    """What is known of shards without their names."""

    shards: int
    pairs: int
    digest: str

    def __str__(self) -> str:
        return f"{self.shards} with {self.pairs:,} sentence pairs, digest {self.digest}"


@dataclass(frozen=True)
class _Saved:
    """What a checkpoint holds."""

    data: _Shards
    position: Position


class TrainingBatches(tf.train.experimental.PythonState):
    """Endless batches, whose position a tf.train.Checkpoint saves and restores.

    The position is that after the last batch that was handed out, whatever has been read ahead. It
    is the same for all parts of the batch, and for any number of them.

    Attributes:
        order: of the sentence pairs.
    """

    def __init__(self, index: ShardIndex, order: DataOrder, read: Read, seed: int, part: Part):
        super().__init__()
        self.order = order
        self._data = _Shards(len(index.files), len(index), index.digest[:_SHOWN_DIGITS])
        self._read = read
        self._part = part
        self._thread = ThreadPoolExecutor(1, "training_batches")
        self._go_to(Position(seed))

    def _go_to(self, position: Position) -> None:
        self._position = position
        self._plan = self.order.batches(position)
        self._ahead: deque[Future[tuple[Batch, Position]]] = deque()

    @property
    def digest(self) -> str:
        """What tells these sentence pairs from others."""
        return self._data.digest

    def __iter__(self) -> Iterator[Batch]:
        return self

    def __next__(self) -> Batch:
        """Return this part of the next batch.

        Raises:
            InputError: a shard isn't what it was at the beginning.
        """
        while len(self._ahead) <= _AHEAD:
            self._ahead.append(self._thread.submit(self._make_next, self._plan))
        batch, self._position = self._ahead.popleft().result()
        return batch

    def _make_next(self, plan: Iterator[tuple[list[int], Position]]) -> tuple[Batch, Position]:
        numbers, position = next(plan)
        return self._read(self._part.of(numbers)), position

    def serialize(self) -> str:
        """Return the position and what the shards are known by, as JSON."""
        return json.dumps(asdict(_Saved(self._data, self._position)))

    def deserialize(self, string_value: str | bytes) -> None:
        """Go to a position that `serialize` returned, of other shards' batches or not.

        Raises:
            InputError: it is a position in other data.
        """
        saved = parse_json(string_value, _Saved, "the position in the training data")
        if saved.data != self._data:
            raise InputError(
                f"other training shards ({self._data}) than those of the checkpoint ({saved.data})"
                "; give the --data_dir of before, or begin in another --output_dir, where "
                "--warm_start_from takes the weights along"
            )
        self._go_to(saved.position)


def _reader(
    index: ShardIndex, table: BucketTable, features: tuple[str, str], limits: tuple[int, int]
) -> Read:
    """Return a function from numbers of sentence pairs to a padded batch."""
    spec = dict.fromkeys(features, tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True))

    def read(numbers: Sequence[int]) -> Batch:
        stored = tf.io.parse_example(index.read(numbers), spec)
        length = table.padded_length(int(index.lengths[numbers].max()))
        batch = {}
        for name, feature, limit in zip(AS_STORED, features, limits, strict=True):
            ids = stored[feature].numpy()[:, : limit or None]
            padded = np.zeros((len(numbers), length), np.int32)
            padded[:, : ids.shape[1]] = ids
            batch[name] = tf.constant(padded)
        return batch

    return read
