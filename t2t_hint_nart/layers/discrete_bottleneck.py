"""What every discrete bottleneck has: a state goes in, one of K numbers and its vector come out."""

from typing import Any, NamedTuple

import keras
from keras import ops

from t2t_hint_nart.layers.linear import linear, unit_scaling


class Discretized(NamedTuple):
    """The result of a bottleneck.

    Attributes:
        dense: float[B, M, D], vectors of the latents; in training not all are of discrete ones.
        latents: int32[B, M], below K, without a gradient.
        commitment: float[B, M], how far the states are from their codewords; None without any.
    """

    dense: Any
    latents: Any
    commitment: Any = None


def to_digits(numbers, count: int, base: int = 2):
    """Write numbers in a base, the lowest digit first (T2T discretization.int_to_bit).

    Args:
        numbers: int32[...], below base^count.
        count: of digits.
        base: of the system.

    Returns:
        int32[..., count].

    Example:
        >>> to_digits(ops.convert_to_tensor([6, 1]), 3).numpy().tolist()
        [[0, 1, 1], [1, 0, 0]]
    """
    powers = ops.convert_to_tensor([base**place for place in range(count)], "int32")
    return ops.expand_dims(numbers, -1) // powers % base


def from_digits(digits, base: int = 2):
    """Read numbers from their digits, the inverse of `to_digits` (T2T bit_to_int).

    Args:
        digits: int32[..., count], the lowest first.
        base: of the system.

    Returns:
        int32[...].
    """
    powers = ops.convert_to_tensor([base**place for place in range(digits.shape[-1])], "int32")
    return ops.sum(digits * powers, axis=-1)


def straight_through(discrete, continuous):
    """The value of one and the gradient of the other; both float[...]."""
    return ops.stop_gradient(discrete) + (continuous - ops.stop_gradient(continuous))


class DiscreteBottleneck(keras.layers.Layer):
    """What makes a latent of a state; subclasses say how.

    Every kind has the same way back to a vector: two biased products, a relu before each.

    Args:
        inputs: width of what the way back starts from.
        hidden_size: D.
        filter_size: width between the two products.
        gain: initialisation gain.
    """

    def __init__(self, inputs: int, hidden_size: int, filter_size: int, gain: float, **kwargs):
        super().__init__(**kwargs)
        self.hidden_size = hidden_size
        self.expansion = linear(inputs, filter_size, unit_scaling(gain), name="expansion")
        self.contraction = linear(filter_size, hidden_size, unit_scaling(gain), name="contraction")

    def call(self, states, mask, share=1.0, training=False) -> Discretized:
        """Make latents of states.

        Args:
            states: float[B, M, D].
            mask: bool[B, M], True = a latent of the sentence.
            share: float[], the probability that a sentence's latents are discrete in training,
                where the kind has it.
            training: whether there is noise, and what counts its states does so.
        """
        raise NotImplementedError

    def embed(self, latents):
        """Vectors of latents int32[...], as decoding has them: float[..., D]."""
        raise NotImplementedError

    def _to_dense(self, states):
        return self.contraction(ops.relu(self.expansion(ops.relu(states))))
