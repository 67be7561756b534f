"""Recurrent decoders: without attention, with T2T's wrapper around it, or asked by the bottom."""

import keras
from keras import ops

from t2t_hint_nart.errors import check_choice
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.dropout import Dropout
from t2t_hint_nart.layers.memory_attention import MemoryAttention
from t2t_hint_nart.layers.recurrence import scan
from t2t_hint_nart.layers.recurrent_cell import kernel_initializer, recurrent_cell
from t2t_hint_nart.models.recurrent_encoder import (
    GNMT_RESIDUAL_FROM,
    RecurrentEncoder,
    RecurrentSource,
)
from t2t_hint_nart.models.recurrent_stack import RecurrentStack


class RecurrentDecoder(keras.layers.Layer):
    """Base of decoders.

    Attributes:
        output_size: O.
        num_heads: of attention; 0 without any.
    """

    output_size: int
    num_heads: int = 0

    def start(self, source: RecurrentSource):
        """Return what doesn't change from step to step, and the state before the first."""
        raise NotImplementedError

    def call(self, inputs, source: RecurrentSource, training=False, weights=False):
        """Decode a sequence.

        Args:
            inputs: float[B, T, E], embeddings of the tokens before.
            source: as the encoder gives it.
            training: whether dropout is on.
            weights: whether attention weights are asked for.

        Returns:
            outputs float[B, T, O] and weights float[B, num_heads, T, S], or None.
        """
        raise NotImplementedError

    def step(self, inputs, memory, state):
        """One step of R hypotheses: float[R, E] → outputs float[R, O] and the new state."""
        raise NotImplementedError


class PlainDecoder(RecurrentDecoder):
    """A stack that has nothing of the source but its encoder's last states.

    Args:
        hparams: a recurrent set.
        encoder: what it follows.
    """

    def __init__(self, hparams: HParams, encoder: RecurrentEncoder, **kwargs):
        super().__init__(**kwargs)
        self.output_size = encoder.hidden_size
        self.stack = RecurrentStack(
            hparams, hparams.num_hidden_layers, hparams.hidden_size, self.output_size
        )
        self.built = True

    def start(self, source):
        """No memory, and the encoder's last states."""
        return (), list(source.ends)

    def call(self, inputs, source, training=False, weights=False):
        """Decode a sequence; args and returns as `RecurrentDecoder.call`."""
        outputs, _ = self.stack(inputs, source.ends, training=training)
        return outputs, None

    def step(self, inputs, memory, state):
        """One step; args and returns as `RecurrentDecoder.step`."""
        return self.stack.step(inputs, state)


class AttentionDecoder(RecurrentDecoder):
    """A recurrent decoder with attention: what both kinds have in common.

    Args:
        hparams: a recurrent set; with `attend_to_padding` attention takes padding for source
            tokens, as T2T's does.
        encoder: what it follows.
        num_heads: of attention.
    """

    def __init__(self, hparams: HParams, encoder: RecurrentEncoder, num_heads: int = 1, **kwargs):
        super().__init__(**kwargs)
        self.hidden_size = encoder.hidden_size
        self.num_heads = num_heads
        self.attend_to_padding = hparams.attend_to_padding
        self.attention = MemoryAttention(
            hparams, self.hidden_size, encoder.output_size, num_heads, name="attention"
        )
        self.dropout = Dropout(hparams.dropout)

    def _memory(self, source):
        """Projected once: what attention reads."""
        allowed = ops.ones_like(source.mask) if self.attend_to_padding else source.mask
        keys = self.attention.keys(source.states)
        return {"keys": keys, "values": source.states, "allowed": allowed}

    def _attend(self, query, memory):
        return self.attention(query, memory["keys"], memory["values"], memory["allowed"])

    def _scan(self, advance, inputs, fed_back: int, states, training, weights):
        """Outputs along a sequence, of what reads its own results, and attention weights.

        Args:
            advance: from inputs float[B, E], factors float[B, fed_back] of dropout or None, and
                states to outputs float[B, O], weights float[B, H, S] and states.
            inputs: float[B, T, E].
            fed_back: how many numbers, besides the inputs, dropout may take away.
            states: before the first step.
            training: whether dropout is on.
            weights: whether attention weights are asked for.
        """
        inputs = self.dropout(inputs, training=training)
        size, has_factors = inputs.shape[-1], training and self.dropout.threshold
        if has_factors:
            # Drawn before the loop, which so has nothing random in it.
            ones = ops.ones((*ops.shape(inputs)[:2], fed_back), inputs.dtype)
            factors = self.dropout(ones, training=True)
            inputs = ops.concatenate([inputs, factors], axis=-1)

        def step(inputs, states):
            factors = None
            if has_factors:
                inputs, factors = ops.split(inputs, (size,), axis=-1)
                factors = ops.stop_gradient(factors)
            outputs, attended, states = advance(inputs, factors, states)
            if weights:
                # A loop gives one tensor.
                attended = ops.reshape(attended, (ops.shape(outputs)[0], -1))
                outputs = ops.concatenate([outputs, attended], axis=-1)
            return outputs, states

        return scan(step, inputs, states)

    def _parted(self, found, size: int, source):
        """Outputs float[B, T, size] and the weights behind them, float[B, H, T, S]."""
        shape = (*ops.shape(found)[:2], self.num_heads, ops.shape(source.mask)[1])
        return found[..., :size], ops.transpose(ops.reshape(found[..., size:], shape), (0, 2, 1, 3))


class WrappedDecoder(AttentionDecoder):
    """TensorFlow's AttentionWrapper around a stack, as in T2T's lstm_seq2seq_attention.

    The stack reads [e_t; a_{t−1}], its output h_t asks, and a_t = [h_t; context]·W for each head,
    side by side: what comes out if `output_attention`, else h_t. With several heads, what comes out
    is projected on the decoder's width.

    Args:
        hparams: a recurrent set with num_heads, attention_layer_size (0: hidden_size) and
            output_attention.
        encoder: what it follows.
    """

    def __init__(self, hparams: HParams, encoder: RecurrentEncoder, **kwargs):
        super().__init__(hparams, encoder, hparams.num_heads, **kwargs)
        width, size = self.hidden_size, hparams.attention_layer_size or hparams.hidden_size
        self.attention_size = size * self.num_heads
        self.output_attention = hparams.output_attention
        self.stack = RecurrentStack(
            hparams, hparams.num_hidden_layers, hparams.hidden_size + self.attention_size, width
        )
        for head in range(self.num_heads):
            layer = _dense(hparams, width + encoder.output_size, size, use_bias=False)
            setattr(self, f"attention_layer_{head}", layer)
        self.output_size, self.projection = width, None
        if self.output_attention and self.num_heads > 1:
            self.projection = _dense(hparams, self.attention_size, width)
        elif self.output_attention:
            self.output_size = self.attention_size
        self.built = True

    def start(self, source):
        """What attention reads; the encoder's last states, and no attention yet."""
        batch_size = ops.shape(source.mask)[0]
        attention = ops.zeros((batch_size, self.attention_size), source.states.dtype)
        return self._memory(source), [*source.ends, attention]

    def call(self, inputs, source, training=False, weights=False):
        """Decode a sequence; args and returns as `RecurrentDecoder.call`."""
        memory, states = self.start(source)
        fed_back = self.attention_size + (self.stack.num_layers - 1) * self.hidden_size

        def advance(inputs, factors, states):
            return self._advance(inputs, factors, memory, states)

        found = self._scan(advance, inputs, fed_back, states, training, weights)
        attended = None
        if weights:
            size = self.attention_size if self.output_attention else self.hidden_size
            found, attended = self._parted(found, size, source)
        return self._projected(found), attended

    def step(self, inputs, memory, state):
        """One step; args and returns as `RecurrentDecoder.step`."""
        outputs, _, state = self._advance(inputs, None, memory, state)
        return self._projected(outputs), state

    def _advance(self, inputs, factors, memory, states):
        *states, fed = states
        if factors is not None:
            ends = [self.attention_size + i * self.hidden_size for i in range(len(states) - 1)]
            factor, *factors = ops.split(factors, ends, axis=-1) if ends else [factors]
            fed = fed * factor
        hidden, reached = ops.concatenate([inputs, fed], axis=-1), []
        for index, (cell, state) in enumerate(zip(self.stack.cells(), states, strict=True)):
            if index and factors is not None:
                hidden = hidden * factors[index - 1]
            reached.append(cell(hidden, state))
            hidden = cell.output(reached[-1])
        contexts, weights = self._attend(hidden, memory)
        attention = [
            getattr(self, f"attention_layer_{head}")(
                ops.concatenate([hidden, contexts[:, head]], axis=-1)
            )
            for head in range(self.num_heads)
        ]
        attention = ops.concatenate(attention, axis=-1) if self.num_heads > 1 else attention[0]
        outputs = attention if self.output_attention else hidden
        return outputs, weights, [*reached, attention]

    def _projected(self, outputs):
        return outputs if self.projection is None else self.projection(outputs)


# The values of `attention_query`: what the bottom layer asks with, h of this step or of the last.
CURRENT, PREVIOUS = "current", "previous"


class BottomDecoder(AttentionDecoder):
    """The bottom layer asks, and every layer reads the answer (GNMT, Wu et al. 2016).

    `attention_query` previous: c_t of h¹_{t−1}, h¹_t = cell([e_t; c_t]), h^l_t = cell([h^{l−1}_t;
    c_t]) (the paper, and Bahdanau et al. 2015 with one layer). `current`: h¹_t = cell([e_t;
    c_{t−1}]), c_t of h¹_t, c_0 = 0 (tensorflow/nmt's gnmt_v2). From layer 3 on inputs are added to
    outputs. With `attention_readout` what comes out is [h_t; c_t]·W + b, as wide as embeddings.

    Args:
        hparams: a recurrent set with attention_query and attention_readout.
        encoder: what it follows.
    """

    def __init__(self, hparams: HParams, encoder: RecurrentEncoder, **kwargs):
        super().__init__(hparams, encoder, **kwargs)
        check_choice("attention_query", hparams.attention_query, (CURRENT, PREVIOUS))
        self.asks_before = hparams.attention_query == PREVIOUS
        width, self.context_size = self.hidden_size, encoder.output_size
        self.bottom = recurrent_cell(hparams, hparams.hidden_size + self.context_size, width)
        self.above = RecurrentStack(
            hparams,
            hparams.num_hidden_layers - 1,
            width,
            width,
            self.context_size,
            GNMT_RESIDUAL_FROM - 1,
        )
        self.output_size, self.readout = width, None
        if hparams.attention_readout:
            self.output_size = hparams.hidden_size
            self.readout = _dense(hparams, width + self.context_size, self.output_size)
        self.built = True

    def start(self, source):
        """What attention reads; the encoder's last states, and an empty context."""
        batch_size = ops.shape(source.mask)[0]
        context = ops.zeros((batch_size, self.context_size), source.states.dtype)
        return self._memory(source), [context, *source.ends]

    def call(self, inputs, source, training=False, weights=False):
        """Decode a sequence; args and returns as `RecurrentDecoder.call`."""
        memory, (context, bottom, *starts) = self.start(source)

        def advance(inputs, factors, states):
            states, attended = self._ask(inputs, factors, memory, states)
            context, bottom = states
            both = ops.concatenate([self.bottom.output(bottom), context], axis=-1)
            return both, attended, states

        found = self._scan(advance, inputs, self.context_size, [context, bottom], training, weights)
        attended = None
        if weights:
            size = self.hidden_size + self.context_size
            found, attended = self._parted(found, size, source)
        # What is above the bottom needs no loop around all layers.
        hidden, contexts = found[..., : self.hidden_size], found[..., self.hidden_size :]
        hidden, _ = self.above(hidden, starts, contexts, training=training)
        return self._read_out(hidden, contexts), attended

    def step(self, inputs, memory, state):
        """One step; args and returns as `RecurrentDecoder.step`."""
        (context, bottom), _ = self._ask(inputs, None, memory, state[:2])
        hidden = self.bottom.output(bottom)
        hidden, above = self.above.step(hidden, state[2:], context)
        return self._read_out(hidden, context), [context, bottom, *above]

    def _ask(self, inputs, factors, memory, states):
        """The bottom layer at one step: [c, state] and attention weights."""
        context, state = states
        if self.asks_before:
            contexts, weights = self._attend(self.bottom.output(state), memory)
            context = contexts[:, 0]
        fed = context if factors is None else context * factors
        state = self.bottom(ops.concatenate([inputs, fed], axis=-1), state)
        if not self.asks_before:
            contexts, weights = self._attend(self.bottom.output(state), memory)
            context = contexts[:, 0]
        return [context, state], weights

    def _read_out(self, hidden, context):
        if self.readout is None:
            return hidden
        return self.readout(ops.concatenate([hidden, context], axis=-1))


def _dense(hparams: HParams, rows: int, columns: int, use_bias: bool = True):
    layer = keras.layers.Dense(
        columns, use_bias=use_bias, kernel_initializer=kernel_initializer(hparams)
    )
    layer.build((None, rows))
    return layer
