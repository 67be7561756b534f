"""Where each record of a set of shards lies and how long it is: random access to TFRecords.

One pass over the shards makes the index, and finds what is damaged before anything is trained.
"""

import functools
import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from t2t_hint_nart.data.shards import naming_damaged_shard
from t2t_hint_nart.errors import InputError

# A record's size and its CRC stand before it, the CRC of its bytes behind it
# (tensorflow/core/lib/io/record_writer.h).
_HEADER, _FOOTER = 12, 4
_RECORDS_AT_ONCE = 8192
# More stay open than problems commonly have shards, fewer than a process may open.
_FILES_AT_ONCE = 256


@dataclass(frozen=True)
class ShardIndex:
    """Records of several shards, numbered through all of them in the order of the files.

    16 bytes a record.

    Attributes:
        files: paths of the shards.
        counts: records of each shard.
        offsets: int64[N], first byte of each record in its file.
        sizes: int32[N], bytes of each record.
        lengths: int32[N], ids of each sentence pair, of its longer side.
        digest: of the records' content in their order, in hex.
    """

    files: tuple[str, ...]
    counts: tuple[int, ...]
    offsets: np.ndarray
    sizes: np.ndarray
    lengths: np.ndarray
    digest: str

    def __len__(self) -> int:
        return len(self.lengths)

    def read(self, numbers: Sequence[int]) -> list[bytes]:
        """Return records, serialized tf.train.Examples.

        Raises:
            InputError: a shard is gone, or isn't what it was when the index was made.
        """
        shards = np.searchsorted(self._ends, numbers, side="right")
        places = zip(
            shards.tolist(), self.offsets[numbers].tolist(), self.sizes[numbers].tolist(),
            strict=True,
        )  # fmt: skip
        return [self._open(shard).read(offset, size) for shard, offset, size in places]

    @functools.cached_property
    def _ends(self) -> np.ndarray:
        return np.cumsum(self.counts)

    @functools.cached_property
    def _open(self):
        return functools.lru_cache(_FILES_AT_ONCE)(lambda shard: _Shard(self.files[shard]))


class _Shard:
    """An open shard."""

    def __init__(self, path: str):
        self._path = path
        try:
            self._descriptor = os.open(path, os.O_RDONLY)
        except OSError as error:
            self._descriptor = -1
            raise InputError(f"shard {path!r} can't be read any more: {error.strerror}") from None

    def __del__(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def read(self, offset: int, size: int) -> bytes:
        # With the size in front of the record: a file that was replaced has others there.
        record = os.pread(self._descriptor, _HEADER + size, offset - _HEADER)
        if len(record) != _HEADER + size or int.from_bytes(record[:8], "little") != size:
            raise InputError(
                f"shard {self._path!r} isn't what it was when this run began; "
                "once the data are whole, run the same command to go on"
            )
        return record[_HEADER:]


def index_shards(
    files: Sequence[str], features: tuple[str, str], cuts: tuple[int, int] = (0, 0)
) -> ShardIndex:
    """Read shards once and return where their records are.

    Args:
        files: paths of the shards.
        features: that are read, as source and as target.
        cuts: longest source and target in ids, 0 for no limit; the rest is cut off.

    Raises:
        InputError: a shard is missing, damaged or holds other features; names the file.
    """
    digest = hashlib.sha256()
    counts, offsets, sizes, lengths = [], [], [], []
    for path in files:
        with naming_damaged_shard([path]):
            shard_sizes, shard_lengths = _survey(path, features, cuts, digest)
        counts.append(len(shard_sizes))
        ends = np.cumsum(shard_sizes.astype(np.int64) + (_HEADER + _FOOTER))
        offsets.append(ends - shard_sizes - _FOOTER)
        sizes.append(shard_sizes)
        lengths.append(shard_lengths)
    return ShardIndex(
        tuple(files),
        tuple(counts),
        np.concatenate(offsets),
        np.concatenate(sizes),
        np.concatenate(lengths),
        digest.hexdigest(),
    )


def _survey(path, features, cuts, digest) -> tuple[np.ndarray, np.ndarray]:
    """Return a shard's sizes and lengths, int32[N] each, and digest its records."""
    spec = {name: tf.io.RaggedFeature(tf.int64, row_splits_dtype=tf.int64) for name in features}
    sizes, lengths = [np.zeros(0, np.int32)], [np.zeros(0, np.int32)]
    for records in tf.data.TFRecordDataset(path).batch(_RECORDS_AT_ONCE).prefetch(1):
        ids = tf.io.parse_example(records, spec)
        longest = np.zeros(len(records), np.int32)
        for name, cut in zip(features, cuts, strict=True):
            counted = ids[name].row_lengths().numpy()
            tf.debugging.assert_positive(counted, f"an example without {name}")
            longest = np.maximum(longest, np.minimum(counted, cut) if cut else counted)
        lengths.append(longest.astype(np.int32))
        sizes.append(tf.strings.length(records).numpy())
        digest.update(tf.strings.to_hash_bucket_fast(records, tf.int64.max).numpy().tobytes())
    return np.concatenate(sizes), np.concatenate(lengths)
