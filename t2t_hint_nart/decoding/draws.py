"""Chance that depends on the sentence alone: the same draws in any batch, on any machine."""

import tensorflow as tf

# Odd numbers without a pattern, one for each index that is mixed in.
_TOKEN, _PLACE, _CANDIDATE, _STEP = 0x9E3779B1, 0x7FEB352D, 0x846CA68B, 0xC2B2AE3D


def sentence_draws(inputs: tf.Tensor, count: tf.Tensor | int, steps: tf.Tensor | int) -> tf.Tensor:
    """Draw uniform numbers for the candidates of each sentence.

    Draw (c, t) of a sentence is a hash of its tokens, c and t: neither the batch, nor padding, nor
    `count` or `steps` change it.

    Args:
        inputs: int32[B, S], PAD 0.
        count: N, candidates.
        steps: L, draws of each.

    Returns:
        float32[B, N, L], at least 0 and below 1.
    """
    ids = tf.cast(inputs, tf.uint32)
    places = _mixed(_indices(tf.shape(inputs)[1]) * _constant(_PLACE))
    tokens = _mixed(ids * _constant(_TOKEN) + places)
    # Addition of what padding leaves out: a sum knows no order, the places do.
    keys = tf.reduce_sum(tf.where(inputs != 0, tokens, 0), axis=1)
    candidates = _mixed(keys[:, None] + _indices(count) * _constant(_CANDIDATE))
    hashed = _mixed(candidates[:, :, None] + _indices(steps) * _constant(_STEP))
    # The 24 bits that a float32 holds.
    return tf.cast(_shifted(hashed, 8), tf.float32) * 2.0**-24


def sample(logits: tf.Tensor, draws: tf.Tensor, temperature: float = 1.0) -> tf.Tensor:
    """Choose from softmax(logits / temperature), by inverse of its distribution function.

    Args:
        logits: float[..., K].
        draws: float[...], at least 0 and below 1.
        temperature: τ; 0 for the most probable.

    Returns:
        int32[...], below K.

    Example:
        >>> sample(tf.math.log([0.25, 0.75]), tf.constant([0.2, 0.3])).numpy().tolist()
        [0, 1]
    """
    # Draws of 24 bits want sums of as many.
    logits = tf.cast(logits, tf.float32)
    if not temperature:
        best = tf.argmax(logits, axis=-1, output_type=tf.int32)
        return tf.broadcast_to(best, tf.broadcast_dynamic_shape(tf.shape(best), tf.shape(draws)))
    below = tf.cumsum(tf.nn.softmax(logits / temperature), axis=-1)
    chosen = tf.reduce_sum(tf.cast(below <= draws[..., None], tf.int32), axis=-1)
    # Rounding may leave the last sum below a draw.
    return tf.minimum(chosen, tf.shape(logits)[-1] - 1)


def _constant(value: int) -> tf.Tensor:
    return tf.constant(value, tf.uint32)


def _indices(count: tf.Tensor | int) -> tf.Tensor:
    return tf.cast(tf.range(count), tf.uint32)


def _shifted(values: tf.Tensor, bits: int) -> tf.Tensor:
    return tf.bitwise.right_shift(values, _constant(bits))


def _mixed(values: tf.Tensor) -> tf.Tensor:
    """Change about half of the bits for any bit that changes (MurmurHash3's last step)."""
    values = tf.bitwise.bitwise_xor(values, _shifted(values, 16)) * _constant(0x85EBCA6B)
    values = tf.bitwise.bitwise_xor(values, _shifted(values, 13)) * _constant(0xC2B2AE35)
    return tf.bitwise.bitwise_xor(values, _shifted(values, 16))
