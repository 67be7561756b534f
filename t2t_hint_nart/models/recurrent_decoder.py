"""Recurrent decoders: without attention, and what those with it have in common."""

import keras
from keras import ops

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.dropout import Dropout
from t2t_hint_nart.layers.memory_attention import MemoryAttention
from t2t_hint_nart.layers.recurrence import scan
from t2t_hint_nart.models.recurrent_encoder import RecurrentEncoder, RecurrentSource
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
    """Base of decoders with attention.

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
