"""When refinement has converged (Lee et al. 2018; rules and window of the authors' code).

The window is of the last so many iterations of a sentence. A rule looks whether any of them says
again what the first of them said; a sentence never stops before the window is full.
"""

from collections.abc import Callable

import tensorflow as tf

NONE = "none"


def equality(tokens: tf.Tensor) -> tf.Tensor:
    """What must be equal: every token in its place."""
    return tokens


def jaccard(tokens: tf.Tensor) -> tf.Tensor:
    """What must be equal for a Jaccard index |A ∩ B| / |A ∪ B| of 1: the same tokens, as a bag.

    The authors' code asks for an index of at least 1.0; the paper's threshold is recalled to be a
    distance, unverified.
    """
    return tf.sort(tokens, axis=1)


# int32[N, T] → int32[N, T], rows of which are equal exactly where the rule says so.
RULES: dict[str, Callable[[tf.Tensor], tf.Tensor]] = {"jaccard": jaccard, "equality": equality}


def converged(history: tf.Tensor) -> tf.Tensor:
    """Whether any later iteration says again what the first one of the window said: bool[N].

    Args:
        history: int32[N, W, T], what a rule compares, the oldest iteration first.

    Example:
        >>> converged(tf.constant([[[5, 6], [5, 7], [5, 6]], [[5, 6], [5, 7], [5, 7]]])).numpy()
        array([ True, False])
    """
    same = tf.reduce_all(history[:, 1:] == history[:, :1], axis=2)
    return tf.reduce_any(same, axis=1)
