"""What T2T does at a step besides the objective: weight decay, 1.2.9's multiplier, statistics."""

from collections.abc import Mapping

import keras
import tensorflow as tf
from keras import ops

# Names of vectors that T2T takes for biases: those of projections and of layer norms.
_BIASES = ("bias", "beta")


def is_bias(name: str, shape: tuple[int, ...]) -> bool:
    """Whether T2T leaves a variable out (optimize.weight_decay's heuristic).

    Example:
        >>> is_bias("encoder/final/norm/beta", (8,)), is_bias("encoder/final/norm/gamma", (8,))
        (True, False)
    """
    return len(shape) == 1 and name.rsplit("/", 1)[-1] in _BIASES


def weight_decay_loss(variables: Mapping[str, keras.Variable], rate: float):
    """Weight decay, rate · Σ ½‖v‖² over all variables but biases (T2T utils/optimize.py).

    The scale of a layer norm is no bias and decays, as in T2T.

    Args:
        variables: trained variables by their path.
        rate: the hparam weight_decay.

    Returns:
        float[].
    """
    decayed = [v for name, v in variables.items() if not is_bias(name, tuple(v.shape))]
    return rate * sum(0.5 * ops.sum(ops.square(variable)) for variable in decayed)


class SmallBatchMultiplier:
    """Target tokens of a batch over the most that any batch has had so far, this one included.

    1.2.9 multiplies the whole loss by it, hints included (T2T 1.2.9 utils/model_builder.py); the
    largest count starts at 1.

    Example:
        >>> multiplier = SmallBatchMultiplier()
        >>> [float(multiplier(tf.constant(tokens))) for tokens in (20.0, 5.0, 40.0, 10.0)]
        [1.0, 0.25, 1.0, 0.25]
    """

    def __init__(self):
        self._largest = tf.Variable(1.0, trainable=False)

    def __call__(self, tokens: tf.Tensor) -> tf.Tensor:
        """Return the multiplier of a batch, float[], and remember its size.

        Args:
            tokens: float[], real target tokens of the batch.
        """
        largest = self._largest.assign(tf.maximum(self._largest, tokens))
        return tokens / largest

    def state(self) -> dict[str, tf.Variable]:
        """What a checkpoint must hold, by name."""
        return {"max_nonpadding": self._largest}


def input_stats(name: str, ids: tf.Tensor) -> dict[str, tf.Tensor]:
    """Size and padding of one side of a batch, T2T's `input_stats/` (t2t_model.summarize_features).

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
