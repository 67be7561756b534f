"""Decomposed vector quantization: a latent is the nearest codeword of each slice of a state."""

import keras
from keras import ops

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.layers.discrete_bottleneck import (
    DiscreteBottleneck,
    Discretized,
    from_digits,
    straight_through,
    to_digits,
)
from t2t_hint_nart.layers.linear import unit_scaling
from t2t_hint_nart.layers.precision import at_least_float32
from t2t_hint_nart.layers.replicas import in_step


class VectorQuantization(DiscreteBottleneck):
    """The nearest codeword of each of N slices; codewords are means of what they stand for.

    With n_k states of a batch nearest to codeword k, whose sum is s_k, training does

        c_k ← λ·c_k + (1 − λ)·n_k        S_k ← λ·S_k + (1 − λ)·s_k

    and a codeword is S_k / ĉ_k, ĉ_k = (c_k + ε)/(C + K·ε)·C with C = Σ_k c_k (Kaiser et al. 2018;
    T2T discretization.discrete_bottleneck, "dvq", whose ε counts 2^z times however many blocks
    there are). T2T starts with c = 0 and S at the first codewords: its first step divides them by
    about ε, and all that isn't used in this step is too far away ever to be. Here c starts at 1,
    so that a codeword that isn't used stays where it is; `start=0` is T2T's.

    Codewords aren't kept: a checkpoint has c and S, whose means over checkpoints make sense.

    Args:
        bits: z, of all blocks together: each has K = 2^(z/N) codewords.
        blocks: N, which divides z and D.
        hidden_size: D.
        filter_size: width between the products on the way back.
        decay: λ.
        epsilon: ε.
        start: c at first.
        gain: initialisation gain.

    Raises:
        InputError: num_blocks doesn't divide.
    """

    def __init__(
        self,
        bits: int,
        blocks: int,
        hidden_size: int,
        filter_size: int,
        decay: float = 0.999,
        epsilon: float = 1e-5,
        start: float = 1.0,
        gain: float = 1.0,
        **kwargs,
    ):
        super().__init__(hidden_size, hidden_size, filter_size, gain, **kwargs)
        for name, value in (("z_size", bits), ("hidden_size", hidden_size)):
            if value % blocks:
                raise InputError(f"{name} {value} is not divisible by num_blocks {blocks}.")
        self.blocks = blocks
        self.words = 2 ** (bits // blocks)
        self.decay = decay
        self.epsilon = epsilon
        # Means over replicas, each of which counts its share of a batch so many times: the sums of
        # the whole batch, as on one device.
        self.replicas = in_step()
        counted = {"trainable": False, "autocast": False, "aggregation": "mean"}
        self.counts = self.add_weight(
            name="counts",
            shape=(blocks, self.words),
            initializer=keras.initializers.Constant(start),
            **counted,
        )
        self.sums = self.add_weight(
            name="sums",
            shape=(blocks, self.words, hidden_size // blocks),
            initializer=unit_scaling(gain),
            **counted,
        )
        self.built = True

    def codebook(self):
        """The codewords: float[N, K, D/N]."""
        counts = ops.convert_to_tensor(self.counts)
        total = ops.sum(counts, axis=1, keepdims=True)
        smoothed = (counts + self.epsilon) / (total + self.words * self.epsilon) * total
        # Nothing counted yet: T2T's start.
        smoothed = ops.where(total > 0, smoothed, 1.0)
        return ops.stop_gradient(self.sums / ops.expand_dims(smoothed, 2))

    def call(self, states, mask, share=1.0, training=False) -> Discretized:
        """Make latents of states; args and result as `DiscreteBottleneck.call`."""
        del share
        states = at_least_float32(states)
        shape = ops.shape(states)
        slices = ops.reshape(states, (-1, self.blocks, self.hidden_size // self.blocks))
        slices = ops.transpose(slices, (1, 0, 2))
        codebook = self.codebook()
        products = ops.matmul(slices, ops.transpose(codebook, (0, 2, 1)))
        distances = ops.expand_dims(ops.sum(ops.square(codebook), axis=2), 1) - 2.0 * products
        words = ops.cast(ops.argmin(distances, axis=2), "int32")
        if training:
            self._count(slices, words, mask)
        latents = ops.reshape(from_digits(ops.transpose(words), self.words), shape[:2])
        nearest = self._chosen(codebook, latents)
        commitment = ops.mean(ops.square(states - nearest), axis=2)
        dense = self._to_dense(straight_through(nearest, states))
        return Discretized(dense, ops.stop_gradient(latents), commitment)

    def embed(self, latents):
        """Vectors of latents int32[...]: float[..., D]."""
        return self._to_dense(self._chosen(self.codebook(), latents))

    def _chosen(self, codebook, latents):
        """The codewords of latents int32[...], side by side: float[..., D]."""
        first = ops.arange(self.blocks, dtype="int32") * self.words
        rows = ops.reshape(codebook, (-1, codebook.shape[2]))
        chosen = ops.take(rows, to_digits(latents, self.blocks, self.words) + first, axis=0)
        return ops.reshape(chosen, (*ops.shape(latents), self.hidden_size))

    def _count(self, slices, words, mask):
        """Count states float[N, R, D/N] with their codewords int32[N, R], mask bool[B, M]."""
        slices = ops.stop_gradient(slices)
        used = ops.one_hot(words, self.words, dtype=slices.dtype)
        used = used * ops.cast(ops.reshape(mask, (1, -1, 1)), slices.dtype)
        sums = ops.matmul(ops.transpose(used, (0, 2, 1)), slices)
        for variable, value in ((self.counts, ops.sum(used, axis=1)), (self.sums, sums)):
            value = ops.cast(value, variable.dtype) * self.replicas
            variable.assign(self.decay * variable + (1.0 - self.decay) * value)
