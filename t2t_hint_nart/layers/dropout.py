"""Dropout from eight random bits a number."""

from typing import Any

import keras
from keras import ops

INT32 = (-(2**31), 2**31 - 1)
BYTE = 2**8


class Dropout(keras.layers.Layer):
    """x·m/(1 − p) in training, where each of m is 0 with probability p and else 1; else x.

    Keras's draws a float for every number, which takes longer than a product. Here a byte decides,
    below 256·p or not. That threshold is rounded up or down at random, once a call, so that the
    probability is p, exact to 2⁻¹⁶.

    Args:
        rate: p, at least 0 and below 1; more than 255/256 counts as that.
    """

    def __init__(self, rate: float, **kwargs):
        super().__init__(**kwargs)
        # p·2¹⁶.
        self.threshold = min(round(rate * BYTE**2), (BYTE - 1) * BYTE)
        if self.threshold:
            self.seed_generator = keras.random.SeedGenerator()
        self.built = True

    def call(self, states, training=False):
        """float[...] → float[...]."""
        if not training or not self.threshold:
            return states
        scale = BYTE**2 / (BYTE**2 - self.threshold)
        return _product(ops.cast(self._kept(states), states.dtype) * scale)(states)

    def _kept(self, states):
        """M as bool[...], drawn anew."""
        size = ops.size(states)
        # At least one byte more than there are numbers: the last one rounds.
        words = keras.random.randint((size // 4 + 1, 1), *INT32, "int32", self.seed_generator)
        drawn = ops.reshape(ops.view(words, "uint8"), (-1,))
        threshold = (ops.cast(drawn[-1], "int32") + self.threshold) // BYTE
        kept = ops.slice(drawn, (0,), (size,)) >= ops.cast(threshold, "uint8")
        return ops.reshape(kept, ops.shape(states))


def _product(factor: Any):
    """The product with a constant of the same shape, whose gradient needn't look for broadcasts."""

    @ops.custom_gradient
    def product(states):
        def gradient(*args, upstream=None):
            (upstream,) = args if upstream is None else (upstream,)
            return upstream * factor

        return states * factor, gradient

    return product
