"""Weight normalisation: a kernel's columns as length times direction."""

from typing import Any

import keras
from keras import ops


class WeightNormKernel(keras.layers.Layer):
    """A kernel of which each output channel is a direction and a length: W = v·g/‖v‖.

    ‖v‖ is over all that leads to one channel (Salimans & Kingma 2016; fairseq's fconv norms all its
    projections and convolutions so). At first g = ‖v‖, so that W is what v was drawn as.

    Args:
        shape: of W, output channels last.
        deviation: standard deviation of the normal distribution that v is drawn from.
    """

    def __init__(self, shape: tuple[int, ...], deviation: float, **kwargs):
        super().__init__(**kwargs)
        self.direction = self.add_weight(
            name="direction",
            shape=shape,
            initializer=keras.initializers.RandomNormal(0.0, deviation),
        )
        self.length = self.add_weight(
            name="length", shape=shape[-1:], initializer=lambda *_, **__: self._norms()
        )
        self.built = True

    def _norms(self) -> Any:
        axes = tuple(range(len(self.direction.shape) - 1))
        return ops.sqrt(ops.sum(ops.square(self.direction), axis=axes))

    def value(self) -> Any:
        """Return W."""
        return self.direction * (self.length / self._norms())


class WeightNormDense(keras.layers.Layer):
    """x·W + b with the `WeightNormKernel` W.

    W is drawn with deviation √((1 − p) / input width): dropout p before it makes the variance of
    what comes in 1/(1 − p) times as large.

    Args:
        input_width: of what comes in.
        width: of the result.
        dropout: p, the rate of dropout that x went through.
    """

    def __init__(self, input_width: int, width: int, dropout: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        deviation = ((1 - dropout) / input_width) ** 0.5
        self.kernel = WeightNormKernel((input_width, width), deviation, name="kernel")
        self.bias = self.add_weight(name="bias", shape=(width,), initializer="zeros")
        self.built = True

    def call(self, states):
        """float[..., input width] → float[..., width]."""
        rows = ops.reshape(states, (-1, states.shape[-1]))
        result = ops.matmul(rows, self.kernel.value()) + self.bias
        return ops.reshape(result, (*ops.shape(states)[:-1], result.shape[-1]))
