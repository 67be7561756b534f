"""Batches out of TFRecord shards, as tf.data pipelines.

In: shards of sentence pairs and an hparams set. Out: `{"inputs": int32[B, S], "targets":
int32[B, T]}`, PAD 0, each sentence ending in EOS 1, with S = T = the longest length of the batch's
bucket, so that the number of shapes is bounded. Follows tensor2tensor 1.2.9's
utils/data_reader.py, with everything random seeded and nothing in the pipeline that
tf.train.Checkpoint could not save.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

from t2t_hint_nart.data.bucket_table import BucketTable, bucket_table_from_hparams
from t2t_hint_nart.data.shards import naming_damaged_shard
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams

AS_STORED = ("inputs", "targets")

# Records in the shuffle buffer of one replica, T2T 1.2.9's data_reader.
_SHUFFLE_BUFFER = 64


def training_batches(
    files: Sequence[str],
    hparams: HParams,
    seed: int,
    *,
    features: tuple[str, str] = AS_STORED,
    replicas: int = 1,
) -> tf.data.Dataset:
    """Return endless, shuffled training batches.

    T2T 1.2.9's order: shuffled list of files, one reader, filter by length, shuffle buffer of 64
    records a replica, repeat, bucket. Because the data repeat before they are bucketed, no
    sentence is ever left over: a bucket with few sentences is filled over several epochs. The
    same seed gives the same batches; an iterator saved in a tf.train.Checkpoint goes on exactly
    where it was.

    Args:
        files: shards of the training data.
        hparams: batch_size and the rest of the bucket table; sentences longer than max_length or
            shorter than min_length are dropped; max_input_seq_length and max_target_seq_length
            cut, 0 meaning no cut.
        seed: of both shuffles.
        features: stored features read as inputs and as targets, see Problem.features.
        replicas: devices one batch is divided over; multiplies the number of sentences.

    Raises:
        InputError: a shard is damaged at its start, or no sentence passes the length filter.
    """
    table = bucket_table_from_hparams(hparams, replicas)
    shuffled = tf.data.Dataset.from_tensor_slices(list(files)).shuffle(len(files), seed=seed)
    sentences = _pairs(shuffled, hparams, features)
    sentences = sentences.filter(_within(hparams.get("min_length", 0), table.max_length))
    _check_not_empty(sentences, files, table)
    sentences = sentences.shuffle(_SHUFFLE_BUFFER * replicas, seed=seed + 1).repeat()
    return _deterministic(_bucketed(sentences, table, drop_remainder=True).prefetch(2))


def eval_batches(
    files: Sequence[str],
    hparams: HParams,
    *,
    features: tuple[str, str] = AS_STORED,
    replicas: int = 1,
) -> tf.data.Dataset:
    """Return every sentence pair once, in batches of similar length, the same each time.

    Sentences longer than max_length are kept, one to a batch and padded to their own length,
    unless the set has eval_drop_long_sequences. Batches may be smaller than in training.
    Arguments are those of `training_batches`.
    """
    table = bucket_table_from_hparams(hparams, replicas)
    pairs = _pairs(tf.data.Dataset.from_tensor_slices(list(files)), hparams, features)
    batches = _bucketed(pairs.filter(_within(0, table.max_length)), table, drop_remainder=False)
    if not hparams.get("eval_drop_long_sequences", False):
        too_long = pairs.filter(_within(table.max_length + 1, tf.int32.max))
        batches = batches.concatenate(too_long.map(_batch_of_one))
    return _deterministic(batches.prefetch(2))


def _pairs(files: tf.data.Dataset, hparams: HParams, features: tuple[str, str]) -> tf.data.Dataset:
    """Return the sentence pairs of files, as int32 vectors, one file after the other."""
    source, target = features
    ids_of_any_length = tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True)
    schema = dict.fromkeys({source, target}, ids_of_any_length)
    limits = (hparams.get("max_input_seq_length", 0), hparams.get("max_target_seq_length", 0))

    def parse(record: tf.Tensor) -> dict[str, tf.Tensor]:
        stored = tf.io.parse_single_example(record, schema)
        pair = {}
        for name, feature, limit in zip(AS_STORED, (source, target), limits, strict=True):
            ids = tf.cast(stored[feature], tf.int32)
            tf.debugging.assert_greater(tf.size(ids), 0, f"an example without {feature}")
            pair[name] = ids[:limit] if limit else ids
        return pair

    return files.flat_map(tf.data.TFRecordDataset).map(parse)


def _length(pair: dict[str, tf.Tensor]) -> tf.Tensor:
    return tf.maximum(tf.size(pair["inputs"]), tf.size(pair["targets"]))


def _within(shortest: int, longest: int) -> Callable[[dict[str, tf.Tensor]], tf.Tensor]:
    return lambda pair: (_length(pair) >= shortest) & (_length(pair) <= longest)


def _bucketed(
    sentences: tf.data.Dataset, table: BucketTable, drop_remainder: bool
) -> tf.data.Dataset:
    # pad_to_bucket_boundary pads to the boundary minus one and needs one for the last bucket too;
    # the bucket beyond it stays empty.
    return sentences.bucket_by_sequence_length(
        _length,
        bucket_boundaries=[*table.boundaries, table.max_length + 1],
        bucket_batch_sizes=[*table.batch_sizes, 1],
        pad_to_bucket_boundary=True,
        drop_remainder=drop_remainder,
    )


def _batch_of_one(pair: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    length = _length(pair)
    return {
        name: tf.pad(ids, [[0, length - tf.size(ids)]])[tf.newaxis] for name, ids in pair.items()
    }


def _check_not_empty(sentences: tf.data.Dataset, files: Sequence[str], table: BucketTable) -> None:
    """Repeating an empty dataset would wait forever."""
    with naming_damaged_shard(files):
        if not any(True for _ in sentences.take(1)):
            raise InputError(
                f"no sentence pair of {files[0]!r} and its like is within max_length "
                f"{table.max_length}"
            )


def _deterministic(batches: tf.data.Dataset) -> tf.data.Dataset:
    options = tf.data.Options()
    options.deterministic = True
    return batches.with_options(options)
