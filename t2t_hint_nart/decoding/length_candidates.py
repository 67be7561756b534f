"""Target lengths that a one-pass model is asked for (paper, section 3.2)."""

import math
from collections.abc import Iterable

import tensorflow as tf

from t2t_hint_nart.errors import InputError


def length_bias(pairs: Iterable[tuple[int, int]]) -> int:
    """Measure C, the average difference between the two lengths of training pairs.

    C = round(mean(T_y − T_x)), halves upwards (paper, section 3.2).

    Args:
        pairs: (source length, target length) in tokens, EOS counted on both sides.

    Returns:
        C in tokens.

    Raises:
        InputError: there are no pairs.

    Example:
        >>> length_bias([(4, 6), (5, 6), (9, 9)])
        1
    """
    total = count = 0
    for source_length, target_length in pairs:
        total += int(target_length) - int(source_length)
        count += 1
    if not count:
        raise InputError("length_bias needs at least one pair of lengths, got none")
    return math.floor(total / count + 0.5)


def candidate_lengths(
    source_lengths: tf.Tensor, length_bias: tf.Tensor | int, halfwidth: tf.Tensor | int
) -> tf.Tensor:
    """List the target lengths max(T_x + C + δ, 1) for δ = −B .. B (paper, section 3.2).

    Lengths count EOS on both sides. B = 4 gives the paper's 9 candidates, B = 0 gives one.

    Args:
        source_lengths: int32[B], T_x.
        length_bias: C, an int or int32[].
        halfwidth: B, an int or int32[], at least 0.

    Returns:
        int32[B, 2·halfwidth + 1], ascending. Short sources repeat the length 1.

    Raises:
        InputError: the halfwidth is negative.

    Example:
        >>> candidate_lengths(tf.constant([3, 1]), 1, 2).numpy().tolist()
        [[2, 3, 4, 5, 6], [1, 1, 2, 3, 4]]
    """
    if not tf.is_tensor(halfwidth) and halfwidth < 0:
        raise InputError(f"halfwidth must be at least 0, got {halfwidth}")
    middle = tf.cast(source_lengths, tf.int32)[:, None] + length_bias
    return tf.maximum(middle + tf.range(-halfwidth, halfwidth + 1), 1)
