"""A decoder layer, as the teacher and the student have it."""

import keras

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.attention import CROSS, SELF
from t2t_hint_nart.models.encoder import (
    attention_layer,
    feed_forward_layer,
    feed_forward_postprocess,
    postprocess,
    preprocess,
)
from t2t_hint_nart.models.network import ATTENTION, DECODER_ATTENTION


class DecoderLayer(keras.layers.Layer):
    """Self-attention, encoder-decoder attention and feed forward.

    Subclasses may add sublayers between the first two.
    """

    def __init__(self, hparams: HParams, **kwargs):
        super().__init__(**kwargs)
        self.self_attention_pre = preprocess(hparams, "self_attention_pre")
        self.self_attention = attention_layer(hparams, SELF, "self_attention")
        self.self_attention_post = postprocess(hparams, "self_attention_post")
        # Here, because the order of creation is that of the random initial values.
        self._add_after_self_attention(hparams)
        self.encdec_attention_pre = preprocess(hparams, "encdec_attention_pre")
        self.encdec_attention = attention_layer(hparams, CROSS, "encdec_attention")
        self.encdec_attention_post = postprocess(hparams, "encdec_attention_post")
        self.ffn_pre = preprocess(hparams, "ffn_pre")
        self.ffn = feed_forward_layer(hparams)
        self.ffn_post = feed_forward_postprocess(hparams)
        self.built = True

    def _add_after_self_attention(self, hparams: HParams) -> None:
        """Add what `_after_self_attention` needs: nothing."""

    def _after_self_attention(self, states, lengths, timing, target_allowed, training):
        """What lies between self-attention and encoder-decoder attention, and probes: nothing."""
        return states, {}

    def call(
        self,
        states,
        encoded,
        lengths,
        target_allowed,
        source_allowed,
        timing=None,
        bias=None,
        training=False,
    ):
        """One layer over a whole target.

        Args:
            states: float[B*T, D] (layers.rows).
            encoded: float[B*S, D].
            lengths: T and S.
            target_allowed: bool broadcastable to [B, 1, T, T], True = may be attended to.
            source_allowed: bool[B, 1, 1, S], True = real source token.
            timing: float[T, D], for positional attention.
            bias: float[B, 1, T, S] on encoder-decoder attention, or None.
            training: whether dropout is on.

        Returns:
            states float[B*T, D], normed float[B*T, D] (the input as this layer read it) and
            attention weights by the names of their probes.
        """
        normed = self.self_attention_pre(states, training=training)
        attended, own_weights = self.self_attention(
            normed, lengths=lengths[:1], allowed=target_allowed, training=training
        )
        states = self.self_attention_post(attended, states, training=training)
        states, probes = self._after_self_attention(
            states, lengths, timing, target_allowed, training
        )
        query = self.encdec_attention_pre(states, training=training)
        attended, weights = self.encdec_attention(
            query, encoded, lengths=lengths, allowed=source_allowed, training=training, bias=bias
        )
        states = self.encdec_attention_post(attended, states, training=training)
        transformed = self.ffn(self.ffn_pre(states, training=training), training=training)
        probes = {DECODER_ATTENTION: own_weights, **probes, ATTENTION: weights}
        return self.ffn_post(transformed, states, training=training), normed, probes
