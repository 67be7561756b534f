"""Recurrent cells: from an input and a state to the next state."""

import math
from typing import ClassVar

import keras
from keras import ops

from t2t_hint_nart.errors import check_choice
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.linear import linear, unit_scaling

# What T2T's BasicLSTMCell and LSTMCell add to the forget gate.
FORGET_BIAS = 1.0
INITIALIZERS = ("uniform_unit_scaling", "uniform", "orthogonal")


def kernel_initializer(hparams: HParams, fans: int = 0) -> keras.initializers.Initializer:
    """T2T's `initializer` with its gain g, for every kernel of a recurrent model.

    uniform_unit_scaling: U(±√(6g / fans)); uniform: U(±g/10); orthogonal: g times an orthogonal
    matrix (T2T utils/t2t_model, get_variable_initializer). T2T's recurrent models refuse the last.

    Args:
        hparams: a set with initializer and initializer_gain.
        fans: rows and columns of the kernel that T2T has in one piece; 0 for those of the weight.

    Raises:
        InputError: another initializer.
    """
    name, gain = hparams.initializer, hparams.initializer_gain
    check_choice("initializer", name, INITIALIZERS)
    if name == "orthogonal":
        return keras.initializers.Orthogonal(gain)
    if name == "uniform":
        return keras.initializers.RandomUniform(-0.1 * gain, 0.1 * gain)
    if not fans:
        return unit_scaling(gain)
    limit = math.sqrt(6.0 * gain / fans)
    return keras.initializers.RandomUniform(-limit, limit)


def dense(hparams: HParams, rows: int, columns: int, use_bias: bool = True) -> keras.layers.Dense:
    """The linear layer of a recurrent model, from `rows` numbers to `columns`."""
    return linear(rows, columns, kernel_initializer(hparams), use_bias)


class RecurrentCell(keras.layers.Layer):
    """x_t and the state of t − 1 to the state of t, a tensor with h_t as its last part.

    Args:
        hparams: says how kernels are initialised.
        input_size: I.
        hidden_size: H.

    Attributes:
        parts: how many vectors of H numbers a state has.
        gates: how many a step computes.
    """

    parts: ClassVar[int] = 1
    gates: ClassVar[int] = 1

    def __init__(self, hparams: HParams, input_size: int, hidden_size: int, **kwargs):
        super().__init__(**kwargs)
        self.hidden_size = hidden_size
        self.state_size = self.parts * hidden_size
        width = self.gates * hidden_size
        fans = input_size + hidden_size + width
        self.kernel = self.add_weight(
            name="kernel",
            shape=(input_size, width),
            initializer=kernel_initializer(hparams, fans),
        )
        self.recurrent_kernel = self.add_weight(
            name="recurrent_kernel",
            shape=(hidden_size, width),
            initializer=kernel_initializer(hparams, fans),
        )
        self.bias = self.add_weight(name="bias", shape=(width,), initializer="zeros")
        self.built = True

    def call(self, inputs, state):
        """float[B, I] and the state float[B, parts·H] → the next state."""
        raise NotImplementedError

    def output(self, state):
        """Take h out of states: float[..., parts·H] → float[..., H]."""
        return state[..., self.state_size - self.hidden_size :]

    def side_by_side(self, first, second):
        """The state of a cell of twice the width, of two states float[B, parts·H]."""
        parts = zip(*(ops.split(state, self.parts, -1) for state in (first, second)), strict=True)
        return ops.concatenate([half for pair in parts for half in pair], axis=-1)


class LSTMCell(RecurrentCell):
    """Long short-term memory (Hochreiter & Schmidhuber 1997), as TensorFlow's BasicLSTMCell.

    i, j, f, o = x·K + h·R + b; c' = c·σ(f + 1) + σ(i)·tanh(j); h' = tanh(c')·σ(o). A state is c
    and h side by side.
    """

    parts = 2
    gates = 4

    def call(self, inputs, state):
        """One step; args and returns as `RecurrentCell.call`."""
        memory, hidden = ops.split(state, 2, axis=-1)
        # Two products: joining input and state first takes longer, on a CPU.
        total = ops.matmul(inputs, self.kernel) + ops.matmul(hidden, self.recurrent_kernel)
        admit, new, keep, show = ops.split(total + self.bias, 4, axis=-1)
        memory = memory * ops.sigmoid(keep + FORGET_BIAS) + ops.sigmoid(admit) * ops.tanh(new)
        return ops.concatenate([memory, ops.tanh(memory) * ops.sigmoid(show)], axis=-1)


class GRUCell(RecurrentCell):
    """Gated recurrent unit (Cho et al. 2014), the reset before the product.

    z, r = σ of the first two thirds of x·K + h·R + b; h̃ = tanh(x·K₃ + (r·h)·R₃ + b₃);
    h' = z·h̃ + (1 − z)·h.
    """

    gates = 3

    def call(self, inputs, state):
        """One step; args and returns as `RecurrentCell.call`."""
        ends = (2 * self.hidden_size,)
        given, given_new = ops.split(ops.matmul(inputs, self.kernel) + self.bias, ends, axis=-1)
        kernel, kernel_new = ops.split(self.recurrent_kernel, ends, axis=-1)
        both = ops.sigmoid(given + ops.matmul(state, kernel))
        update, reset = ops.split(both, 2, axis=-1)
        new = ops.tanh(given_new + ops.matmul(reset * state, kernel_new))
        return state + update * (new - state)


# The values of the hyperparameter `cell`.
CELLS: dict[str, type[RecurrentCell]] = {"lstm": LSTMCell, "gru": GRUCell}


def recurrent_cell(hparams: HParams, input_size: int, hidden_size: int) -> RecurrentCell:
    """Build the set's `cell`.

    Raises:
        InputError: no such cell.
    """
    check_choice("cell", hparams.cell, CELLS)
    return CELLS[hparams.cell](hparams, input_size, hidden_size)
