"""The position-wise feed-forward sublayer."""

import keras
from keras import ops

from t2t_hint_nart.layers.dropout import Dropout
from t2t_hint_nart.layers.linear import linear, unit_scaling


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
        self.conv1 = linear(hidden_size, filter_size, unit_scaling(gain), name="conv1")
        self.conv2 = linear(filter_size, hidden_size, unit_scaling(gain), name="conv2")
        self.dropout = Dropout(relu_dropout)
        self.built = True

    def call(self, states, training=False):
        """float[B, T, D] → float[B, T, D]."""
        hidden = self.dropout(ops.relu(self.conv1(states)), training=training)
        return self.conv2(hidden)
