"""The length penalty that scores are divided by."""

import tensorflow as tf


def length_penalty(length: tf.Tensor | int, alpha: tf.Tensor | float) -> tf.Tensor:
    """Compute the length penalty ((5 + length) / 6)^alpha.

    Wu et al. (2016), equation 14, as in T2T's utils/beam_search.py. It is 1 for a length of 1 and
    for alpha 0.

    Args:
        length: int[...], tokens, EOS included.
        alpha: float, 0 compares plain log probabilities, larger values favour longer sentences.

    Returns:
        float32[...].

    Example:
        >>> round(float(length_penalty(7, 1.0)), 4)
        2.0
        >>> float(length_penalty(7, 0.0))
        1.0
    """
    return tf.pow((5.0 + tf.cast(length, tf.float32)) / 6.0, tf.cast(alpha, tf.float32))
