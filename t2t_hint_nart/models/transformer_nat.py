"""The one-pass Transformer: the student."""

from typing import Any, NamedTuple

from keras import ops

from t2t_hint_nart.errors import check_choice
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.attention import POSITIONAL
from t2t_hint_nart.layers.timing_signal import timing_signal
from t2t_hint_nart.models.decoder import DecoderLayer
from t2t_hint_nart.models.decoder_input import (
    COPIES,
    COVERAGES,
    DECODER_INPUT_TYPES,
    ENCODER_OUTPUT_SUFFIX,
    NO_COVERAGE,
    coverage_bias,
)
from t2t_hint_nart.models.encoder import attention_layer, postprocess, preprocess
from t2t_hint_nart.models.encoder_decoder import EncoderDecoder
from t2t_hint_nart.models.network import (
    DECODER_ATTENTION,
    POSITIONAL_ATTENTION,
    Canvas,
    Output,
    Source,
)


class NatDecoderLayer(DecoderLayer):
    """Self-attention, positional attention, encoder-decoder attention and feed forward."""

    def _add_after_self_attention(self, hparams: HParams) -> None:
        self.positional = hparams.positional_attention
        if self.positional:
            self.pos_attention_pre = preprocess(hparams, "pos_attention_pre")
            self.pos_attention = attention_layer(hparams, POSITIONAL, "pos_attention")
            self.pos_attention_post = postprocess(hparams, "pos_attention_post")

    def _after_self_attention(self, states, lengths, timing, target_allowed, training):
        """Positional attention: queries and keys from the timing signal, values from the states."""
        if not self.positional:
            return states, {}
        values = self.pos_attention_pre(states, training=training)
        lengths = (lengths[0], lengths[0])
        attended, weights = self.pos_attention(
            timing, values, lengths=lengths, allowed=target_allowed, training=training
        )
        states = self.pos_attention_post(attended, states, training=training)
        return states, {POSITIONAL_ATTENTION: weights}


def target_attention_mask(target_mask, without_self: bool):
    """Who may attend to whom among target positions.

    Every real position but, `without_self`, one's own (Gu et al. 2017). A sentence of one token
    attends to itself: in the authors' code it attended to padding, so that its translation
    depended on the batch.

    Args:
        target_mask: bool[B, T], True = real token.
        without_self: mask the diagonal.

    Returns:
        bool[B, 1, T, T], True = may be attended to.
    """
    allowed = ops.expand_dims(target_mask, (1, 2))
    if without_self:
        positions = ops.arange(ops.shape(target_mask)[1])
        other = ops.not_equal(positions[None, :], positions[:, None])
        single = ops.sum(ops.cast(target_mask, "int32"), axis=1) < 2
        single = ops.expand_dims(single, (1, 2, 3))
        allowed = ops.logical_and(allowed, ops.logical_or(other, single))
    return allowed


class CopiedSource(NamedTuple):
    """What the decoder needs of a source.

    Attributes:
        source: the encoder's output.
        copied: float[B, S, D], what the decoder's input is a copy of.
    """

    source: Source
    copied: Any


class OnePassTransformer(EncoderDecoder):
    """What models whose decoder sees all target positions have in common.

    Args:
        hparams: a set with what `NatDecoderLayer` reads.
        vocab_size: V.
    """

    decoder_layer = NatDecoderLayer

    def __init__(self, hparams: HParams, vocab_size: int, **kwargs):
        super().__init__(hparams, vocab_size, **kwargs)
        self.attention_without_self = hparams.attention_without_self

    def probe_sizes(self) -> dict[str, dict[str, int]]:
        """As every encoder and decoder's, and those of positional attention."""
        sizes = super().probe_sizes()
        if self.layer_0.positional:
            sizes[POSITIONAL_ATTENTION] = sizes[DECODER_ATTENTION]
        return sizes


class TransformerNat(OnePassTransformer):
    """The non-autoregressive Transformer: all target tokens in one pass (paper section 2).

    The decoder reads a uniform copy of the source (`decoder_input_type`), has no causal mask and,
    between self-attention and encoder-decoder attention, positional attention: queries and keys
    from the timing signal, values from the states.

    Args:
        hparams: a transformer_nat set.
        vocab_size: V.
        source_vocab_size: of the source; V when None.
        target_space_id: T2T's space id of the target language.
    """

    def __init__(self, hparams: HParams, vocab_size: int, **kwargs):
        super().__init__(hparams, vocab_size, **kwargs)
        check_choice("decoder_input_type", hparams.decoder_input_type, DECODER_INPUT_TYPES)
        check_choice("attention_coverage", hparams.attention_coverage, (NO_COVERAGE, *COVERAGES))
        copy, suffix, _ = hparams.decoder_input_type.partition(ENCODER_OUTPUT_SUFFIX)
        self.copy_source = COPIES[copy]
        self.copies_encoder_output = bool(suffix)
        self.coverage = hparams.attention_coverage
        self.coverage_alpha = hparams.attention_coverage_alpha

    def encode(self, inputs, training=False, probes=()) -> CopiedSource:
        """Encode a source once for any number of target lengths: int[B, S] → CopiedSource."""
        source = super().encode(inputs, training=training, probes=probes)
        copied = source.states if self.copies_encoder_output else self.input_embedding(inputs)
        return CopiedSource(source, copied)

    def call(self, inputs, targets, training=False, probes=(), canvas=None) -> Output:
        """Predict targets of which nothing but the number is known, or what a canvas says.

        Args and returns as `Network.call`; `canvas` is what a glance at the targets shows.
        """
        source = self.encode(inputs, training=training, probes=probes)
        if canvas is None:
            canvas = self.empty_canvas(inputs, targets)
        return self.decode(source, canvas, training=training, probes=probes)

    def empty_canvas(self, inputs, targets) -> Canvas:
        """As many positions as targets."""
        del inputs
        return Canvas(ops.not_equal(targets, 0))

    def decode(self, source: CopiedSource, canvas: Canvas, training=False, probes=()) -> Output:
        """Predict all tokens of a canvas; known ones stand in the place of the copied source.

        Args and returns as `Network.decode`.
        """
        encoded, copied = source
        states = self.copy_source(copied, encoded.mask, canvas.mask)
        if canvas.tokens is not None:
            known = canvas.tokens != 0 if canvas.known is None else canvas.known
            states = ops.where(known[:, :, None], self.target_embedding(canvas.tokens), states)
        timing = timing_signal(
            ops.arange(ops.shape(canvas.mask)[1]), self.hidden_size, encoded.states.dtype
        )
        if self.has_timing:
            states = states + timing
        target_allowed = target_attention_mask(canvas.mask, self.attention_without_self)
        bias = None
        if self.coverage != NO_COVERAGE and self.coverage_alpha:
            bias = coverage_bias(
                encoded.mask, canvas.mask, self.coverage, self.coverage_alpha, states.dtype
            )
        output = self._run_decoder(
            states, encoded, target_allowed, timing, bias, training=training, probes=probes
        )
        return output._replace(mask=canvas.mask)
