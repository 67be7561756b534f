"""What T2T's `input_stats/` says about a batch."""

import tensorflow as tf


def input_stats(name: str, ids: tf.Tensor) -> dict[str, tf.Tensor]:
    """Size and padding of one side of a batch (T2T t2t_model.summarize_features).

    Args:
        name: "inputs" or "targets".
        ids: int32[B, T], PAD 0.

    Returns:
        float[] each: <name>_batch (sentences), _length (padded, in tokens), _nonpadding_tokens and
        _nonpadding_fraction.

    Example:
        >>> stats = input_stats("inputs", tf.constant([[5, 6, 1, 0], [7, 1, 0, 0]]))
        >>> {name: float(value) for name, value in stats.items()}  # doctest: +NORMALIZE_WHITESPACE
        {'inputs_batch': 2.0, 'inputs_length': 4.0, 'inputs_nonpadding_tokens': 5.0,
         'inputs_nonpadding_fraction': 0.625}
    """
    shape = tf.cast(tf.shape(ids), tf.float32)
    tokens = tf.reduce_sum(tf.cast(ids != 0, tf.float32))
    return {
        f"{name}_batch": shape[0],
        f"{name}_length": shape[1],
        f"{name}_nonpadding_tokens": tokens,
        f"{name}_nonpadding_fraction": tokens / tf.maximum(shape[0] * shape[1], 1.0),
    }
