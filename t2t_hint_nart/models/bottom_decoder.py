"""A recurrent decoder whose bottom layer asks attention for all layers."""

from keras import ops

from t2t_hint_nart.errors import check_choice
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.recurrent_cell import dense, recurrent_cell
from t2t_hint_nart.models.recurrent_decoder import AttentionDecoder
from t2t_hint_nart.models.recurrent_encoder import GNMT_RESIDUAL_FROM, RecurrentEncoder
from t2t_hint_nart.models.recurrent_stack import RecurrentStack

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
            self.readout = dense(hparams, width + self.context_size, self.output_size)
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
