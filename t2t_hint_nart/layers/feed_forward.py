"""The position-wise feed-forward sublayer."""

import keras
from keras import ops

from t2t_hint_nart.layers.dropout import Dropout


def unit_scaling(gain: float = 1.0) -> keras.initializers.Initializer:
    """Return T2T's uniform_unit_scaling: uniform within ±√(6·gain / (fan_in + fan_out))."""
    return keras.initializers.VarianceScaling(gain, "fan_avg", "uniform")


class FeedForward(keras.layers.Layer):
    """relu(x·W₁ + b₁)·W₂ + b₂, with dropout after the relu (T2T conv_hidden_relu with width 1).

    Args:
        hidden_size: D.
        filter_size: width of the hidden layer.
        relu_dropout: dropout rate after the relu.
        gain: initialisation gain.
    """

    def __init__(
        self, hidden_size: int, filter_size: int, relu_dropout: float, gain: float = 1.0, **kwargs
    ):
        super().__init__(**kwargs)
        self.conv1 = keras.layers.Dense(
            filter_size, kernel_initializer=unit_scaling(gain), name="conv1"
        )
        self.conv2 = keras.layers.Dense(
            hidden_size, kernel_initializer=unit_scaling(gain), name="conv2"
        )
        self.conv1.build((None, hidden_size))
        self.conv2.build((None, filter_size))
        self.dropout = Dropout(relu_dropout)
        self.built = True

    def call(self, states, training=False):
        """float[B, T, D] → float[B, T, D]."""
        hidden = self.dropout(ops.relu(self.conv1(states)), training=training)
        return self.conv2(hidden)
