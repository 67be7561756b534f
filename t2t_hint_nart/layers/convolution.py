"""Convolutions along a sequence that see zeros wherever a sentence isn't."""

import keras
from keras import ops

from t2t_hint_nart.layers.dropout import Dropout
from t2t_hint_nart.layers.linear import unit_scaling
from t2t_hint_nart.layers.residual import LayerNorm

# Convolutions of a residual block, each over so many positions.
DEPTH, KERNEL = 3, 3


class Convolution(keras.layers.Layer):
    """norm(kernel * (relu(x)·mask)) over a sequence, without a bias (T2T common_layers.conv_block).

    What is behind a sentence is zero as its convolution sees it, so that a sentence in a padded
    batch has the result that it has alone; in T2T it has that of its padding.

    Args:
        width: D, of the input.
        filters: F, of the output.
        kernel_size: positions that it spans.
        stride: from one output to the next, 1 or kernel_size; it divides the length.
        relu: whether there is one before.
        gain: initialisation gain.
    """

    def __init__(
        self,
        width: int,
        filters: int,
        kernel_size: int,
        stride: int = 1,
        relu: bool = True,
        gain: float = 1.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.stride = stride
        self.relu = relu
        self.kernel = self.add_weight(
            name="kernel",
            shape=(kernel_size, width, filters),
            initializer=unit_scaling(gain),
        )
        self.norm = LayerNorm(filters, name="norm")
        self.built = True

    def call(self, states, mask):
        """float[B, L, D], mask bool[B, L], True = of the sentence → float[B, L/stride, F]."""
        states = ops.relu(states) if self.relu else states
        states = states * ops.cast(ops.expand_dims(mask, 2), states.dtype)
        size, width, filters = self.kernel.shape
        kernel = ops.reshape(self.kernel, (size * width, filters))
        return self.norm(ops.matmul(self._windows(states, size), kernel))

    def _windows(self, states, size: int):
        """What each output sees, side by side: float[B, L/stride, size·D].

        `ops.conv` of no sentences has the wrong shape.
        """
        length, width = ops.shape(states)[1], states.shape[2]
        if size == self.stride:
            return ops.reshape(states, (-1, length // size, size * width))
        left = (size - 1) // 2
        padded = ops.pad(states, [[0, 0], [left, size - 1 - left], [0, 0]])
        return ops.concatenate([padded[:, i : i + length] for i in range(size)], axis=2)


class ResidualConvolutions(keras.layers.Layer):
    """x + dropout(three convolutions of norm(x)) (T2T transformer_vae.residual_conv).

    Args:
        width: D.
        dropout_rate: of what is added.
        gain: initialisation gain.
    """

    def __init__(self, width: int, dropout_rate: float = 0.0, gain: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        self.norm = LayerNorm(width, name="norm")
        for index in range(DEPTH):
            name = f"convolution_{index}"
            setattr(self, name, Convolution(width, width, KERNEL, gain=gain, name=name))
        self.dropout = Dropout(dropout_rate)
        self.built = True

    def call(self, states, mask, training=False):
        """float[B, L, D], mask bool[B, L] → float[B, L, D]."""
        added = self.norm(states)
        for index in range(DEPTH):
            added = getattr(self, f"convolution_{index}")(added, mask)
        return states + self.dropout(added, training=training)
