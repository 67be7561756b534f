"""What searches share: the step function they call, their result, limits, penalty and top k."""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from t2t_hint_nart.errors import InputError

SymbolsToLogits = Callable[[tf.Tensor, tf.Tensor, Any], tuple[tf.Tensor, Any]]

# T2T's stand-in for infinity: a hypothesis whose score is not above -INF does not exist.
INF = 1e7


class Hypotheses(NamedTuple):
    """The hypotheses of each sentence, best first.

    Attributes:
        ids: int32[B, K, L], without the start symbol; EOS is kept, PAD follows it. An empty slot is
            all PAD.
        scores: float32[B, K], log probability in nats over the length penalty. A sentence of which
            nothing finished within its limit has its unfinished hypotheses with their plain log
            probabilities. An empty slot has -1e7.
    """

    ids: tf.Tensor
    scores: tf.Tensor


def batch_size(ids: tf.Tensor) -> int | tf.Tensor:
    """Return the leading dimension of `ids`, as an int where it is known."""
    return tf.shape(ids)[0] if ids.shape[0] is None else ids.shape[0]


def step_limits(
    max_steps: tf.Tensor | np.ndarray | int, batch: int | tf.Tensor, max_length: int | None
) -> tuple[tf.Tensor, int | tf.Tensor]:
    """Turn a common or per-sentence limit into one limit per sentence and one buffer length.

    Args:
        max_steps: int32[] or int32[B], the most tokens of a sentence, EOS included.
        batch: B.
        max_length: static buffer length that limits are clipped to; None takes the largest limit,
            which is an int when `max_steps` is known before the call and a tensor otherwise.

    Returns:
        int32[B] limits, and the buffer length L.

    Raises:
        InputError: `max_steps` is neither a scalar nor a vector.
    """
    limits = tf.convert_to_tensor(max_steps)
    known = tf.get_static_value(limits)
    if limits.shape.rank not in (0, 1):
        raise InputError(f"max_steps must be int32[] or int32[B], got shape {limits.shape}")
    limits = tf.maximum(tf.cast(limits, tf.int32), 0)
    if max_length is not None:
        limits, length = tf.minimum(limits, max_length), max_length
    elif known is not None:
        length = int(np.max(known, initial=0))
    else:
        length = tf.maximum(tf.reduce_max(limits), 0)
    return tf.broadcast_to(limits, [batch]), length


def repeat_sentences(structure: Any, count: tf.Tensor | int) -> Any:
    """Give every sentence `count` rows, one for each of its hypotheses or candidates.

    What is the same for all of them, such as encoder outputs, is so repeated once and never
    re-ordered.

    Args:
        structure: nested structure of tensors [B, ...].
        count: K.

    Returns:
        The same structure of tensors [B*K, ...]; row b*K + k belongs to sentence b.

    Example:
        >>> repeat_sentences(tf.constant([7, 8]), 2).numpy().tolist()
        [7, 7, 8, 8]
    """
    return tf.nest.map_structure(lambda tensor: tf.repeat(tensor, count, axis=0), structure)


def keep_shape(new: Any, old: Any) -> Any:
    """Give each tensor of `new` the static shape it has in `old`, as a traced loop requires."""
    if tf.executing_eagerly():
        return new
    return tf.nest.map_structure(lambda n, o: tf.ensure_shape(n, o.shape), new, old)


def length_penalty(length: tf.Tensor | int, alpha: tf.Tensor | float) -> tf.Tensor:
    """Compute the length penalty ((5 + length) / 6)^alpha.

    Wu et al. (2016), equation 14, as in T2T's utils/beam_search.py, for a length in tokens, EOS
    included: float32[...]. Alpha 0 compares plain log probabilities.

    Example:
        >>> round(float(length_penalty(7, 1.0)), 4)
        2.0
        >>> float(length_penalty(7, 0.0))
        1.0
    """
    return tf.pow((5.0 + tf.cast(length, tf.float32)) / 6.0, tf.cast(alpha, tf.float32))


def top_k(rows: tf.Tensor, k: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the k largest entries of each row and their indices, as `tf.math.top_k` does.

    Rows are cut into blocks; the k largest entries lie in the k blocks with the largest maxima, so
    only those are sorted. On a CPU this takes a half to a third of the time for 2,000 entries.
    Among equal entries the lower index comes first.

    Args:
        rows: float[N, V], V known and at least k.
        k: how many.

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
