"""Improved semantic hashing: a latent is a row of bits (Kaiser and Bengio 2018)."""

import keras
from keras import ops

from t2t_hint_nart.layers.discrete_bottleneck import (
    DiscreteBottleneck,
    Discretized,
    from_digits,
    straight_through,
    to_digits,
)
from t2t_hint_nart.layers.linear import linear, unit_scaling


def saturating_sigmoid(x):
    """min(1, max(0, 1.2·σ(x) − 0.1)), which reaches 0 and 1 (T2T common_layers).

    Example:
        >>> [round(float(y), 3) for y in saturating_sigmoid(ops.array([-9.0, 0.0, 1.0, 9.0]))]
        [0.0, 0.5, 0.777, 1.0]
    """
    return ops.clip(1.2 * ops.sigmoid(x) - 0.1, 0.0, 1.0)


class SemanticHashing(DiscreteBottleneck):
    """Bits 0.5 < y of y = saturating_sigmoid(W·x + b + noise); gradients go through y.

    In training a sentence has its bits with the probability `share`, otherwise y itself; the vector
    is made of c·A + (1 − c)·B, c being either (T2T discretization.discrete_bottleneck, "semhash").

    Args:
        bits: z, so that K = 2^z.
        hidden_size: D.
        filter_size: width of the products on the way back.
        noise: standard deviation of the noise, normal within two of it; 0 for none.
        gain: initialisation gain.
    """

    def __init__(
        self,
        bits: int,
        hidden_size: int,
        filter_size: int,
        noise: float = 0.5,
        gain: float = 1.0,
        **kwargs,
    ):
        super().__init__(filter_size, hidden_size, filter_size, gain, **kwargs)
        self.bits = bits
        self.noise = noise
        self.code = linear(hidden_size, bits, unit_scaling(gain), name="code")
        # A and B of T2T's two products as one.
        self.of_bits = linear(2 * bits, filter_size, unit_scaling(gain), name="of_bits")
        self.seed_generator = keras.random.SeedGenerator()
        self.built = True

    def call(self, states, mask, share=1.0, training=False) -> Discretized:
        """Make latents of states; args and result as `DiscreteBottleneck.call`."""
        del mask
        code = self.code(states)
        if training and self.noise:
            code = code + keras.random.truncated_normal(
                ops.shape(code), 0.0, self.noise, code.dtype, self.seed_generator
            )
        likely = saturating_sigmoid(code)
        bits = ops.cast(likely > 0.5, likely.dtype)
        chosen = straight_through(bits, likely)
        if training:
            count = ops.shape(states)[0]
            drawn = keras.random.uniform(
                (count, 1, 1), dtype=likely.dtype, seed=self.seed_generator
            )
            chosen = ops.where(drawn < ops.cast(share, drawn.dtype), chosen, likely)
        latents = from_digits(ops.cast(bits, "int32"))
        return Discretized(self._of_bits(chosen), ops.stop_gradient(latents))

    def embed(self, latents):
        """Vectors of latents int32[...]: float[..., D]."""
        return self._of_bits(ops.cast(to_digits(latents, self.bits), self.compute_dtype))

    def _of_bits(self, bits):
        return self._to_dense(self.of_bits(ops.concatenate([bits, 1.0 - bits], axis=-1)))
