"""Recurrent layers on top of each other, along a sequence or one step at a time."""

import keras
from keras import ops

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.dropout import Dropout
from t2t_hint_nart.layers.recurrence import scan
from t2t_hint_nart.layers.recurrent_cell import recurrent_cell


class RecurrentStack(keras.layers.Layer):
    """h^l = cell_l(dropout(h^{l−1})), from the layer `residual_from` on plus h^{l−1}.

    Dropout is on the inputs of cells alone, drawn anew at every step (T2T's DropoutWrapper).

    Args:
        hparams: cell, dropout and how kernels are initialised.
        num_layers: L.
        input_size: I.
        hidden_size: H.
        context_size: C, of what every layer reads beside the layer below.
        residual_from: the first layer, from 1, whose input is added to its output; 0 for none.
    """

    def __init__(
        self,
        hparams: HParams,
        num_layers: int,
        input_size: int,
        hidden_size: int,
        context_size: int = 0,
        residual_from: int = 0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.num_layers = num_layers
        self.residual_from = residual_from or num_layers + 1
        self.dropout = Dropout(hparams.dropout)
        for index in range(num_layers):
            size = (hidden_size if index else input_size) + context_size
            setattr(self, f"layer_{index}", recurrent_cell(hparams, size, hidden_size))
        self.built = True

    def cells(self):
        """The cells, from the bottom."""
        return [getattr(self, f"layer_{index}") for index in range(self.num_layers)]

    def zero_states(self, batch_size, dtype):
        """A state of zeros for every layer, [batch_size, parts·H]."""
        return [ops.zeros((batch_size, cell.state_size), dtype) for cell in self.cells()]

    def call(self, inputs, starts, context=None, training=False):
        """All layers, one after the other, along a sequence.

        Args:
            inputs: float[B, T, I].
            starts: the state float[B, parts·H] of each layer before the first step.
            context: float[B, T, C], what every layer reads besides; None for nothing.
            training: whether dropout is on.

        Returns:
            outputs float[B, T, H] and the states float[B, T, parts·H] of each layer.
        """
        reached = []
        for number, (cell, start) in enumerate(zip(self.cells(), starts, strict=True), 1):
            read = self.dropout(_joined(inputs, context), training=training)
            states = scan(lambda x, state, cell=cell: _twice(cell(x, state[0])), read, [start])
            reached.append(states)
            inputs = self._output(number, cell, states, inputs)
        return inputs, reached

    def step(self, inputs, states, context=None):
        """All layers at one step, without dropout: as `call`, with no axis of time."""
        reached = []
        for number, (cell, state) in enumerate(zip(self.cells(), states, strict=True), 1):
            reached.append(cell(_joined(inputs, context), state))
            inputs = self._output(number, cell, reached[-1], inputs)
        return inputs, reached

    def _output(self, number, cell, states, inputs):
        output = cell.output(states)
        return output + inputs if number >= self.residual_from else output


def _joined(inputs, context):
    return inputs if context is None else ops.concatenate([inputs, context], axis=-1)


def _twice(state):
    """A step's output, when that is the state."""
    return state, [state]
