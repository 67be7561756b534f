"""Removal of adjacent repeated tokens, the visible fault of one-pass translation."""

import tensorflow as tf


def dedup(ids: tf.Tensor) -> tf.Tensor:
    """Keep one token of every run of equal adjacent tokens and close the gaps.

    The `--dedup` of the authors' T2T fork, off by default there and here. The fork merges before it
    cuts at EOS; both orders give the same sentence, so this may follow `one_pass`.

    Args:
        ids: int32[..., T], PAD 0 only behind the sentence.

    Returns:
        int32[..., T], PAD 0 behind the shortened sentence.

    Example:
        >>> dedup(tf.constant([[5, 5, 6, 5, 5, 1], [7, 7, 7, 0, 0, 0]])).numpy().tolist()
        [[5, 6, 5, 1, 0, 0], [7, 0, 0, 0, 0, 0]]
    """
    before = tf.concat([tf.zeros_like(ids[..., :1]), ids[..., :-1]], axis=-1)
    kept = (ids != before) & (ids != 0)
    order = tf.argsort(tf.cast(kept, tf.int32), axis=-1, direction="DESCENDING", stable=True)
    return tf.gather(tf.where(kept, ids, 0), order, batch_dims=ids.shape.rank - 1)
