"""A recurrent decoder inside of attention: what attention says is fed to its next step."""

from keras import ops

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.recurrent_cell import dense
from t2t_hint_nart.models.recurrent_decoder import AttentionDecoder
from t2t_hint_nart.models.recurrent_encoder import RecurrentEncoder
from t2t_hint_nart.models.recurrent_stack import RecurrentStack


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
            layer = dense(hparams, width + encoder.output_size, size, use_bias=False)
            setattr(self, f"attention_layer_{head}", layer)
        self.output_size, self.projection = width, None
        if self.output_attention and self.num_heads > 1:
            self.projection = dense(hparams, self.attention_size, width)
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
