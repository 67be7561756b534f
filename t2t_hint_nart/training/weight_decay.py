"""T2T's weight decay: a term of the loss, not of the update."""

from collections.abc import Mapping

import keras
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
