"""Where a row of ids ends as a sentence."""

import tensorflow as tf


def until_eos(ids: tf.Tensor, eos_id: int = 1) -> tf.Tensor:
    """Mark the ids up to the first EOS, itself included; all of them where there is none.

    Args:
        ids: int32[..., T].
        eos_id: id that ends a sentence.

    Returns:
        bool[..., T], True = part of the sentence.

    Example:
        >>> until_eos(tf.constant([5, 1, 6, 1])).numpy().tolist()
        [True, True, False, False]
    """
    return tf.cumsum(tf.cast(ids == eos_id, tf.int32), axis=-1, exclusive=True) == 0


def complete_sentences(ids: tf.Tensor, eos_id: int = 1) -> tf.Tensor:
    """Give every row exactly one EOS: cut behind the first, append one where there is none.

    Args:
        ids: int32[..., T], PAD 0 only behind the sentence.
        eos_id: id that ends a sentence.

    Returns:
        int32[..., T + 1]: the sentence, EOS, then PAD.

    Example:
        >>> complete_sentences(tf.constant([[5, 1, 6], [5, 6, 0], [5, 6, 7]])).numpy().tolist()
        [[5, 1, 0, 0], [5, 6, 1, 0], [5, 6, 7, 1]]
    """
    ids = tf.where(until_eos(ids, eos_id), ids, 0)
    ids = tf.concat([ids, tf.zeros_like(ids[..., :1])], axis=-1)
    ended = tf.reduce_any(ids == eos_id, axis=-1, keepdims=True)
    length = tf.reduce_sum(tf.cast(ids != 0, tf.int32), axis=-1, keepdims=True)
    behind = tf.range(tf.shape(ids)[-1]) == length
    return tf.where(behind & ~ended, tf.cast(eos_id, ids.dtype), ids)
