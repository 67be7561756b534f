"""Recurrent encoders: of the reversed source, or in both directions."""

from typing import Any, NamedTuple

import keras
from keras import ops

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.recurrence import last_states, reverse_sentences
from t2t_hint_nart.models.recurrent_stack import RecurrentStack


class RecurrentSource(NamedTuple):
    """An encoded batch of sentences.

    Attributes:
        states: float[B, S, M], zero at padding.
        mask: bool[B, S], True = real token.
        ends: for every layer of the decoder the state float[B, parts·D] that it starts with.
    """

    states: Any
    mask: Any
    ends: tuple[Any, ...]


class RecurrentEncoder(keras.layers.Layer):
    """Base of encoders.

    Attributes:
        output_size: M.
        hidden_size: D, of the decoder whose layers start with this encoder's last states.
    """

    output_size: int
    hidden_size: int

    def call(self, embedded, mask, training=False) -> RecurrentSource:
        """Encode float[B, S, E] with the mask bool[B, S], True = real token from the left."""
        raise NotImplementedError

    def _run(self, stack, embedded, mask, training):
        """A stack along sentences from zeros: outputs and each layer's state at the end."""
        starts = stack.zero_states(ops.shape(embedded)[0], embedded.dtype)
        outputs, states = stack(embedded, starts, training=training)
        return outputs, [last_states(layer, mask) for layer in states]


class ReversedEncoder(RecurrentEncoder):
    """A stack that reads the source from its last token to its first (T2T's lstm_seq2seq).

    Args:
        hparams: a recurrent set.
    """

    def __init__(self, hparams: HParams, **kwargs):
        super().__init__(**kwargs)
        width = hparams.hidden_size
        self.stack = RecurrentStack(hparams, hparams.num_hidden_layers, width, width)
        self.output_size = self.hidden_size = width
        self.built = True

    def call(self, embedded, mask, training=False):
        """Encode; args and returns as `RecurrentEncoder.call`."""
        outputs, ends = self._run(self.stack, reverse_sentences(embedded, mask), mask, training)
        # Where the tokens are: attention doesn't mind, and pictures do.
        return RecurrentSource(reverse_sentences(outputs, mask), mask, tuple(ends))


class BidirectionalEncoder(RecurrentEncoder):
    """Two stacks in opposite directions, their outputs side by side, and perhaps one above.

    With all layers in both directions (T2T) a layer's two last states, side by side, start a
    decoder layer of twice the width. With a stack above (GNMT, Wu et al. 2016: one layer in both
    directions) the last state of the way back starts the decoder's first layer (tensorflow/nmt,
    recalled), those of the stack above the others.

    Args:
        hparams: a recurrent set.
        is_gnmt: whether the first layer alone has two directions.
    """

    def __init__(self, hparams: HParams, is_gnmt: bool = False, **kwargs):
        super().__init__(**kwargs)
        width, layers = hparams.hidden_size, hparams.num_hidden_layers
        both_ways = 1 if is_gnmt else layers
        self.is_gnmt = is_gnmt
        self.forward = RecurrentStack(hparams, both_ways, width, width)
        self.backward = RecurrentStack(hparams, both_ways, width, width)
        self.above = None
        if layers > both_ways:
            # It begins with the second layer.
            self.above = RecurrentStack(
                hparams, layers - 1, 2 * width, width, residual_from=GNMT_RESIDUAL_FROM - 1
            )
        self.output_size = width if self.above is not None else 2 * width
        self.hidden_size = width if is_gnmt else 2 * width
        self.built = True

    def call(self, embedded, mask, training=False):
        """Encode; args and returns as `RecurrentEncoder.call`."""
        outputs, ends = self._run(self.forward, embedded, mask, training)
        back, back_ends = self._run(
            self.backward, reverse_sentences(embedded, mask), mask, training
        )
        outputs = ops.concatenate([outputs, reverse_sentences(back, mask)], axis=-1)
        if self.is_gnmt:
            ends = back_ends
        else:
            cells = self.forward.cells()
            pairs = zip(cells, ends, back_ends, strict=True)
            ends = [cell.side_by_side(*states) for cell, *states in pairs]
        if self.above is not None:
            outputs, upper_ends = self._run(self.above, outputs, mask, training)
            ends = [*ends, *upper_ends]
        outputs = outputs * ops.cast(ops.expand_dims(mask, 2), outputs.dtype)
        return RecurrentSource(outputs, mask, tuple(ends))


# Layers from this one on, counted from 1, add their input to their output.
GNMT_RESIDUAL_FROM = 3
