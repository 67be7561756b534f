"""Rows that lie one after the other, as TensorFlow operations.

What ragged tensors offer takes seventy operations where two will do: a sentence then waits longer
for its text than for its translation.
"""

import tensorflow as tf


def places(mask: tf.Tensor) -> tf.Tensor:
    """Return where bool[N] is True, int64[M], rising."""
    return tf.where(mask)[:, 0]


def row_of_each(splits: tf.Tensor) -> tf.Tensor:
    """Return the row of each value, int64[N].

    Args:
        splits: int64[R + 1], where rows begin, from 0 to N.

    Example:
        >>> row_of_each(tf.constant([0, 2, 2, 3], tf.int64)).numpy().tolist()
        [0, 0, 2]
    """
    values = tf.range(splits[-1])
    return tf.raw_ops.UpperBound(
        sorted_inputs=splits[tf.newaxis, 1:], values=values[tf.newaxis], out_type=tf.int64
    )[0]


def splits_of(rows: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """Return where rows begin, int64[R + 1], and at last their end.

    Args:
        rows: int64[N], the row of each value, never falling.
        count: int64[], R.

    Example:
        >>> splits_of(tf.constant([0, 0, 2], tf.int64), tf.constant(3, tf.int64)).numpy().tolist()
        [0, 2, 2, 3]
    """
    return tf.raw_ops.LowerBound(
        sorted_inputs=rows[tf.newaxis], values=tf.range(count + 1)[tf.newaxis], out_type=tf.int64
    )[0]


def chosen_rows(values: tf.Tensor, splits: tf.Tensor, which: tf.Tensor) -> tf.RaggedTensor:
    """Return some rows, one after the other; a row may be chosen more than once.

    Args:
        values: [N].
        splits: int64[R + 1], where rows begin.
        which: int[K], of 0 to R − 1.

    Example:
        >>> rows = chosen_rows(tf.constant([5, 6, 7]), tf.constant([0, 2, 3], tf.int64), [1, 0, 1])
        >>> rows.to_list()
        [[7], [5, 6], [7]]
    """
    starts = tf.gather(splits[:-1], which)
    lengths = tf.gather(splits[1:], which) - starts
    chosen = splits_from(lengths)
    moved = tf.gather(starts - chosen[:-1], row_of_each(chosen))
    return rows(tf.gather(values, tf.range(chosen[-1]) + moved), chosen)


def splits_from(lengths: tf.Tensor) -> tf.Tensor:
    """Return where rows of these lengths begin, and at last their end: [R] to [R + 1]."""
    return tf.pad(tf.cumsum(lengths), [[1, 0]])


def rows(values: tf.Tensor, splits: tf.Tensor) -> tf.RaggedTensor:
    """Return rows that are known to be right: values [N], splits int64[R + 1]."""
    return tf.RaggedTensor.from_row_splits(values, splits, validate=False)


def padded(ragged: tf.RaggedTensor, limit: int, end: int) -> tf.Tensor:
    """Return rows of at most so many ids, each with an end, then 0: int32[R, L].

    It is as wide as what is left, however long a row was.

    Args:
        ragged: int32[R, None].
        limit: ids of a row that are kept.
        end: id that follows them.

    Example:
        >>> padded(tf.ragged.constant([[5, 6, 7], []], tf.int32), 2, 1).numpy().tolist()
        [[5, 6, 1], [1, 0, 0]]
    """
    splits = ragged.row_splits
    lengths = tf.minimum(splits[1:] - splits[:-1], limit)
    # The longest of no rows is below 0.
    width = tf.maximum(tf.reduce_max(lengths), 0) + 1
    ids = ragged.to_tensor(0, shape=tf.stack([tf.constant(-1, tf.int64), width]))
    return tf.where(tf.range(width) == lengths[:, tf.newaxis], end, ids)
