"""What predicts the latents of a sentence from its source, one after the other."""

import keras
from keras import ops

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.dropout import Dropout
from t2t_hint_nart.layers.linear import linear, unit_scaling
from t2t_hint_nart.layers.rows import to_rows, to_states
from t2t_hint_nart.layers.shift_right import shift_right
from t2t_hint_nart.layers.timing_signal import timing_signal
from t2t_hint_nart.models.encoder import TIMING, preprocess
from t2t_hint_nart.models.network import Source
from t2t_hint_nart.models.transformer import CachedDecoder, CachedDecoderLayer


class LatentPrior(CachedDecoder, keras.layers.Layer):
    """A causal decoder over the vectors of latents (T2T transformer_vae, "extra").

    p(l_t | l_<t, source), a softmax over K, or over each of the digits that a latent has in base
    K^(1/n), n = num_decode_blocks; the digits of one latent are independent of each other. With
    logit_normalization, and n = 1, logits are divided by their root mean square: by that of their
    own position, where T2T takes it over the batch.

    Args:
        hparams: a transformer_ae set.
        digits: n.
        base: K^(1/n).
    """

    def __init__(self, hparams: HParams, digits: int, base: int, **kwargs):
        super().__init__(**kwargs)
        self.digits = digits
        self.base = base
        self.num_decoder_layers = hparams.num_decoder_layers or hparams.num_hidden_layers
        self.num_heads = hparams.num_heads
        self.has_timing = hparams.pos == TIMING
        self.normalizes = hparams.logit_normalization and digits == 1
        self.dropout = Dropout(hparams.layer_prepostprocess_dropout)
        for index in range(self.num_decoder_layers):
            setattr(self, f"layer_{index}", CachedDecoderLayer(hparams, name=f"layer_{index}"))
        self.final = preprocess(hparams, "final")
        width, gain = hparams.hidden_size, hparams.initializer_gain
        self.softmax = linear(width, digits * base, unit_scaling(gain), name="softmax")
        self.built = True

    def call(self, embedded, source: Source, training=False):
        """Logits of every latent from those before it.

        Args:
            embedded: float[B, M, D], vectors of the latents.
            source: the encoded sentences.
            training: whether dropout is on.

        Returns:
            float[B, M, n, K^(1/n)].
        """
        shifted = shift_right(embedded)
        positions = ops.arange(ops.shape(embedded)[1])
        if self.has_timing:
            shifted = shifted + timing_signal(positions, embedded.shape[-1], shifted.dtype)
        states, length = to_rows(self.dropout(shifted, training=training))
        encoded, source_length = to_rows(source.states)
        for index in range(self.num_decoder_layers):
            states, _, _ = getattr(self, f"layer_{index}")(
                states,
                encoded,
                lengths=(length, source_length),
                target_allowed=(positions[None, :] <= positions[:, None])[None, None],
                source_allowed=ops.expand_dims(source.mask, (1, 2)),
                training=training,
            )
        logits = to_states(self._logits(self.final(states, training=training)), length)
        return ops.reshape(logits, (-1, length, self.digits, self.base))

    def step(self, embedded, position, memory, state):
        """Logits of the next latent of R hypotheses.

        Args:
            embedded: float[R, D], vectors of the latents before; anything at position 0.
            position: int[], what is predicted, from 0.
            memory: as `start` gives it, a row for each hypothesis.
            state: of the position before.

        Returns:
            float[R, n, K^(1/n)] and the new state.
        """
        states = embedded * ops.cast(position > 0, embedded.dtype)
        if self.has_timing:
            states = states + timing_signal(position[None], embedded.shape[-1], states.dtype)
        states, state = self.advance(states, position, memory, state)
        logits = self._logits(self.final(states))
        return ops.reshape(logits, (-1, self.digits, self.base)), state

    def _logits(self, states):
        logits = self.softmax(states)
        if not self.normalizes:
            return logits
        return logits * ops.rsqrt(ops.mean(ops.square(logits), axis=-1, keepdims=True) + 1e-8)
