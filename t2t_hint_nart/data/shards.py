"""TFRecord shards: tf.train.Example with int64 lists `inputs` and `targets`, each ending in EOS."""

import contextlib
import itertools
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
import tensorflow as tf
from google.protobuf.message import DecodeError

from t2t_hint_nart.data.shard_files import COUNTED, FEATURES
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.whole_file import written_whole

_COUNTED_RECORDS = 8192


def write_records(records: Iterable[bytes], path: str) -> int:
    """Write serialized tf.train.Examples to a shard, whole or not at all, and return their number.

    Raises:
        InputError: it can't be written, as on a full disk.
    """
    count = 0
    with written_whole(path) as incomplete:
        try:
            with tf.io.TFRecordWriter(str(incomplete)) as writer:
                for record in records:
                    writer.write(record)
                    count += 1
        except tf.errors.OpError as error:
            reason = error.message.removeprefix(f"{incomplete}; ")
            raise InputError(f"cannot write '{incomplete}': {reason}") from None
    return count


def count_tokens(
    paths: Sequence[str], vocab_sizes: Mapping[str, int] | None = None
) -> dict[str, int]:
    """Count a split's `pairs_written`, `input_tokens` and `target_tokens`, EOS included.

    Args:
        paths: of its shards.
        vocab_sizes: stored feature -> number of ids of its vocabulary, others are refused.

    Raises:
        InputError: a shard is missing, damaged, holds other features or ids that the vocabulary
            doesn't have; names the file.
    """
    spec = {name: tf.io.RaggedFeature(tf.int64) for name in FEATURES}
    counts = dict.fromkeys(COUNTED, 0)
    for path in paths:
        with naming_damaged_shard([path]):
            for records in tf.data.TFRecordDataset(path).batch(_COUNTED_RECORDS):
                ids = {
                    name: pairs.flat_values.numpy()
                    for name, pairs in tf.io.parse_example(records, spec).items()
                }
                for name, size in (vocab_sizes or {}).items():
                    _check_range(ids[name], name, size, path)
                counts["pairs_written"] += int(records.shape[0])
                counts["input_tokens"] += ids["inputs"].size
                counts["target_tokens"] += ids["targets"].size
    return counts


def _check_range(ids: np.ndarray, feature: str, size: int, path: str) -> None:
    if ids.size and not 0 <= ids.min() <= ids.max() < size:
        wrong = ids.min() if ids.min() < 0 else ids.max()
        raise InputError(
            f"shard {path!r} has the id {wrong} among its {feature}, but their vocabulary has ids "
            f"from 0 to {size - 1}: it is damaged, or of another vocabulary"
        )


def read_shard(path: str) -> Iterator[dict[str, list[int]]]:
    """Yield the examples of a shard, their `inputs` and `targets`, in order.

    Raises:
        InputError: the file is missing, damaged, or does not hold such examples; names the file.
    """
    records = iter(tf.data.TFRecordDataset(path).as_numpy_iterator())
    for number in itertools.count():
        try:
            record = next(records, None)
        except tf.errors.NotFoundError:
            raise InputError(f"shard does not exist: {path!r}") from None
        except tf.errors.OpError as error:
            raise InputError(
                f"damaged shard {path!r} (record {number}: {_reason(error)}); "
                "remove it and generate the data again"
            ) from None
        if record is None:
            return
        yield _parse(record, path, number)


def read_shards(paths: Iterable[str]) -> Iterator[dict[str, list[int]]]:
    """Yield the examples of shards, one after the other; errors as of `read_shard`."""
    for path in paths:
        yield from read_shard(path)


def _parse(record: bytes, path: str, number: int) -> dict[str, list[int]]:
    try:
        feature = tf.train.Example.FromString(record).features.feature
    except DecodeError:
        raise InputError(f"record {number} of {path!r} is not a tf.train.Example") from None
    pair = {name: list(feature[name].int64_list.value) for name in FEATURES}
    for name, ids in pair.items():
        if not ids:
            raise InputError(
                f"record {number} of {path!r} has no int64 feature {name!r}; "
                f"it has {sorted(name for name in feature if name not in pair) or 'none'}"
            )
    return pair


@contextlib.contextmanager
def naming_damaged_shard(paths: Sequence[str]) -> Iterator[None]:
    """Turn TensorFlow's reading errors inside the block into an InputError that names the shard.

    A dataset over many files reports a damaged record by its offset only; wrap the loop that
    draws from it. On such an error the shards are read again, one by one, to find the culprit.
    """
    try:
        yield
    except (
        tf.errors.DataLossError,
        tf.errors.InvalidArgumentError,
        tf.errors.NotFoundError,
        # TensorFlow quotes the record, whatever bytes it has.
        UnicodeDecodeError,
    ):
        for path in paths:
            for _ in read_shard(path):
                pass
        raise


def _reason(error: tf.errors.OpError) -> str:
    """Return what TensorFlow says without the names of its own nodes."""
    line = error.message.splitlines()[0]
    return re.sub(r"\{\{.*?\}\} *| *\[Op:.*", "", line).strip().rstrip("'")
