"""Gated convolution over positions, whole sequences at once or one position at a time."""

import keras
from keras import ops

from t2t_hint_nart.layers.weight_norm import WeightNormKernel


def gated_linear_unit(states):
    """a·σ(b) of the halves of the last axis (Dauphin et al. 2017): float[..., 2c] → float[..., c].

    Example:
        >>> import numpy as np
        >>> float(gated_linear_unit(np.array([3.0, 0.0]))[0])
        1.5
    """
    half = states.shape[-1] // 2
    return states[..., :half] * ops.sigmoid(states[..., half:])


class GatedConvolution(keras.layers.Layer):
    """GLU(Σⱼ x_{t+j−l}·W_j + b), W weight-normed over all taps and inputs of a channel.

    The k taps reach l positions back and k − 1 − l ahead, zeros beyond both ends: l = k − 1 where
    it is causal, else half of it (Gehring et al. 2017). W is drawn with deviation
    √(4(1 − p)/(k·input width)): the gate halves what comes out and dropout p before it adds to what
    comes in, so that the variance stays.

    `ops.conv` is the fastest exact way on a CPU: forth and back through four of these, 256
    sentences of 16 positions of width 128, k = 3, took 117 ms of one thread, one product with
    shifted copies side by side 168 ms, k shifted products 167 ms (TensorFlow 2.21, oneDNN).

    Args:
        input_width: of x.
        width: of the result, c.
        kernel_width: k.
        causal: whether no position sees what is behind it.
        dropout: p, the rate of dropout that x went through.
    """

    def __init__(
        self,
        input_width: int,
        width: int,
        kernel_width: int,
        causal: bool = False,
        dropout: float = 0.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        before = kernel_width - 1 if causal else (kernel_width - 1) // 2
        self.padding = [[0, 0], [before, kernel_width - 1 - before], [0, 0]]
        self.past_width = (kernel_width - 1) * input_width
        deviation = (4 * (1 - dropout) / (kernel_width * input_width)) ** 0.5
        shape = (kernel_width, input_width, 2 * width)
        self.kernel = WeightNormKernel(shape, deviation, name="kernel")
        self.bias = self.add_weight(name="bias", shape=(2 * width,), initializer="zeros")
        self.built = True

    def call(self, states):
        """float[B, T, input width] → float[B, T, c]."""
        convolved = ops.conv(ops.pad(states, self.padding), self.kernel.value())
        return gated_linear_unit(convolved + self.bias)

    def step(self, states, past):
        """One position of a causal convolution.

        Args:
            states: float[R, input width], the position's.
            past: float[R, (k − 1)·input width], those of the k − 1 positions before it, the
                oldest first; zeros before the first.

        Returns:
            float[R, c], and `past` for the next position.
        """
        window = ops.concatenate([past, states], axis=1)
        kernel = self.kernel.value()
        convolved = ops.matmul(window, ops.reshape(kernel, (-1, kernel.shape[-1])))
        return gated_linear_unit(convolved + self.bias), window[:, states.shape[1] :]
