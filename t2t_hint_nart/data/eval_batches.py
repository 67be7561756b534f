"""Evaluation batches out of TFRecord shards, as a tf.data pipeline: every sentence pair once.

In: shards of sentence pairs and an hparams set. Out: batches as `training_batches` gives them,
padded to the longest length of their bucket.
"""

from collections.abc import Callable, Sequence

import tensorflow as tf

from t2t_hint_nart.data.bucket_table import BucketTable, bucket_table_from_hparams
from t2t_hint_nart.data.training_batches import AS_STORED, cuts
from t2t_hint_nart.hparam import HParams


def eval_batches(
    files: Sequence[str],
    hparams: HParams,
    *,
    features: tuple[str, str] = AS_STORED,
) -> tf.data.Dataset:
    """Return every sentence pair once, in batches of similar length, the same each time.

    Sentences longer than max_length are kept, one to a batch and padded to their own length,
    unless the set has eval_drop_long_sequences. Batches may be smaller than in training.

    Args:
        files: shards.
        hparams: batch_size and the rest of the bucket table; max_length,
            eval_drop_long_sequences, max_input_seq_length and max_target_seq_length.
        features: stored features read as inputs and as targets, see Problem.features.
    """
    table = bucket_table_from_hparams(hparams)
    pairs = _pairs(tf.data.Dataset.from_tensor_slices(list(files)), hparams, features)
    batches = _bucketed(pairs.filter(_within(0, table.max_length)), table)
    if not hparams.get("eval_drop_long_sequences", False):
        too_long = pairs.filter(_within(table.max_length + 1, tf.int32.max))
        batches = batches.concatenate(too_long.map(_batch_of_one))
    return _deterministic(batches.prefetch(2))


def _pairs(files: tf.data.Dataset, hparams: HParams, features: tuple[str, str]) -> tf.data.Dataset:
    """Return the sentence pairs of files, as int32 vectors, one file after the other."""
    source, target = features
    ids_of_any_length = tf.io.FixedLenSequenceFeature([], tf.int64, allow_missing=True)
    schema = dict.fromkeys({source, target}, ids_of_any_length)
    limits = cuts(hparams)

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


def _bucketed(sentences: tf.data.Dataset, table: BucketTable) -> tf.data.Dataset:
    # pad_to_bucket_boundary pads to the boundary minus one and needs one for the last bucket too;
    # the bucket beyond it stays empty.
    return sentences.bucket_by_sequence_length(
        _length,
        bucket_boundaries=[*table.boundaries, table.max_length + 1],
        bucket_batch_sizes=[*table.batch_sizes, 1],
        pad_to_bucket_boundary=True,
    )


def _batch_of_one(pair: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    length = _length(pair)
    return {
        name: tf.pad(ids, [[0, length - tf.size(ids)]])[tf.newaxis] for name, ids in pair.items()
    }


def _deterministic(batches: tf.data.Dataset) -> tf.data.Dataset:
    options = tf.data.Options()
    options.deterministic = True
    return batches.with_options(options)
