"""How much longer a target is than its source, as a class."""

import keras
from keras import ops

from t2t_hint_nart.layers.dropout import Dropout
from t2t_hint_nart.layers.linear import linear, unit_scaling
from t2t_hint_nart.layers.precision import at_least_float32


class LengthClassifier(keras.layers.Layer):
    """Logits of the offsets −M..M: W·mean(states) + b over real tokens (Lee et al. 2018).

    Nothing goes back into the states. The authors' code means over padding too, so that a length
    depends on the batch; here it never does. Its dropout, on the logits, is an option.

    Args:
        hidden_size: D.
        max_offset: M.
        dropout_rate: of the logits.
    """

    def __init__(self, hidden_size: int, max_offset: int, dropout_rate: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.linear = linear(hidden_size, 2 * max_offset + 1, unit_scaling(), name="linear")
        self.dropout = Dropout(dropout_rate)
        self.built = True

    def call(self, states, mask, training=False):
        """float[B, S, D], bool[B, S] → float[B, 2M + 1]."""
        states = at_least_float32(states)
        weights = ops.cast(ops.expand_dims(mask, 2), states.dtype)
        mean = ops.sum(states * weights, axis=1) / ops.maximum(ops.sum(weights, axis=1), 1)
        logits = at_least_float32(self.linear(ops.stop_gradient(mean)))
        return self.dropout(logits, training=training)
