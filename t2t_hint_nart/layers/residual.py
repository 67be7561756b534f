"""What T2T does before and after every sublayer: normalise, drop out, add the residual."""

import keras
from keras import ops

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.layers.dropout import Dropout
from t2t_hint_nart.layers.precision import at_least_float32

NORM_EPSILON = 1e-6
STEPS = "nda"


class LayerNorm(keras.layers.Layer):
    """γ·(x − mean)/√(variance + ε) + β over the last axis (T2T common_layers.layer_norm).

    Half the operations of Keras's own, which reshapes γ and β for axes that aren't the last.

    Args:
        hidden_size: D.
    """

    def __init__(self, hidden_size: int, **kwargs):
        super().__init__(**kwargs)
        self.gamma = self.add_weight(name="gamma", shape=(hidden_size,), initializer="ones")
        self.beta = self.add_weight(name="beta", shape=(hidden_size,), initializer="zeros")
        self.built = True

    def call(self, states):
        """float[..., D] → float[..., D]."""
        exact = at_least_float32(states)
        centred = exact - ops.mean(exact, axis=-1, keepdims=True)
        variance = ops.mean(ops.square(centred), axis=-1, keepdims=True)
        normed = ops.cast(centred * ops.rsqrt(variance + NORM_EPSILON), states.dtype)
        return normed * self.gamma + self.beta


class LayerPrePostprocess(keras.layers.Layer):
    """Apply a T2T processing sequence, e.g. "n" before a sublayer or "da" after it.

    One character a step, left to right: `n` layer norm (ε 1e-6 inside the root), `d` dropout,
    `a` add the sublayer's input (T2T common_layers.layer_prepostprocess). "none" does nothing.
    Post-norm is none/dan: norm(x + dropout(y)). Pre-norm is n/da.

    Args:
        sequence: the steps, or "none".
        hidden_size: D.
        dropout_rate: for `d`.
    """

    def __init__(self, sequence: str, hidden_size: int, dropout_rate: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        self.steps = "" if sequence in ("none", "") else sequence
        unknown = sorted(set(self.steps) - set(STEPS))
        if unknown:
            raise InputError(
                f"Unknown step {unknown[0]!r} in processing sequence {sequence!r}; "
                "allowed are 'n' (norm), 'd' (dropout), 'a' (add) or 'none'."
            )
        if self.steps.count("n") > 1:
            raise InputError(f"Processing sequence {sequence!r} normalises more than once.")
        self.norm = None
        if "n" in self.steps:
            self.norm = LayerNorm(hidden_size, name="layer_norm")
        self.dropout = Dropout(dropout_rate) if "d" in self.steps else None
        self.built = True

    def call(self, value, previous=None, training=False):
        """Process `value` float[B, T, D]; `previous` is the residual that `a` adds."""
        for step in self.steps:
            if step == "a":
                value = self._add(value, previous, training)
            elif step == "n":
                value = self.norm(value)
            else:
                value = self.dropout(value, training=training)
        return value

    def _add(self, value, previous, training):
        """What `a` does."""
        del training
        return value + previous
