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
from t2t_hint_nart.models.decoder_output import DecoderOutput
from t2t_hint_nart.models.encoder import attention_layer, postprocess, preprocess
from t2t_hint_nart.models.encoder_decoder import EncoderDecoder


class NatDecoderLayer(DecoderLayer):
    """Self-attention, positional attention, encoder-decoder attention and feed forward."""

    def _add_after_self_attention(self, hparams: HParams) -> None:
        self.positional = hparams.positional_attention
        if self.positional:
            self.pos_attention_pre = preprocess(hparams, "pos_attention_pre")
            self.pos_attention = attention_layer(hparams, POSITIONAL, "pos_attention")
            self.pos_attention_post = postprocess(hparams, "pos_attention_post")

    def _after_self_attention(self, states, timing, target_allowed, training):
        """Positional attention: queries and keys from the timing signal, values from the states."""
        if not self.positional:
            return states
        values = self.pos_attention_pre(states, training=training)
        attended, _ = self.pos_attention(timing, values, allowed=target_allowed, training=training)
        return self.pos_attention_post(attended, states, training=training)


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
    allowed = target_mask[:, None, None, :]
    if without_self:
        positions = ops.arange(ops.shape(target_mask)[1])
        other = ops.not_equal(positions[None, :], positions[:, None])[None, None]
        single = ops.sum(ops.cast(target_mask, "int32"), axis=1) < 2
        allowed = ops.logical_and(allowed, ops.logical_or(other, single[:, None, None, None]))
    return allowed


class SourceStates(NamedTuple):
    """What the decoder needs of a source.

    Attributes:
        encoded: float[B, S, D], the encoder's output.
        copied: float[B, S, D], what the decoder's input is a copy of.
        mask: bool[B, S], True = real token.
    """

    encoded: Any
    copied: Any
    mask: Any


class TransformerNat(EncoderDecoder):
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

    decoder_layer = NatDecoderLayer

    def __init__(self, hparams: HParams, vocab_size: int, **kwargs):
        super().__init__(hparams, vocab_size, **kwargs)
        check_choice("decoder_input_type", hparams.decoder_input_type, DECODER_INPUT_TYPES)
        check_choice("attention_coverage", hparams.attention_coverage, (NO_COVERAGE, *COVERAGES))
        copy, suffix, _ = hparams.decoder_input_type.partition(ENCODER_OUTPUT_SUFFIX)
        self.copy_source = COPIES[copy]
        self.copies_encoder_output = bool(suffix)
        self.attention_without_self = hparams.attention_without_self
        self.coverage = hparams.attention_coverage
        self.coverage_alpha = hparams.attention_coverage_alpha

    def call(self, inputs, targets, training=False) -> DecoderOutput:
        """Predict every target token from the source and the target's length alone.

        Args:
            inputs: int[B, S] source ids, ending in EOS, PAD 0 after it.
            targets: int[B, T] (or bool[B, T]); only which are 0 matters: they give the length.
            training: whether dropout is on.

        Returns:
            A DecoderOutput.
        """
        source = self.read(inputs, training=training)
        return self.decode(source, ops.not_equal(ops.cast(targets, "int32"), 0), training=training)

    def read(self, inputs, training=False) -> SourceStates:
        """Encode a source once for any number of target lengths: int[B, S] → SourceStates."""
        encoded, mask = self.encode(inputs, training=training)
        copied = encoded if self.copies_encoder_output else self.input_embedding(inputs)
        return SourceStates(encoded, copied, mask)

    def decode(self, source: SourceStates, target_mask, training=False) -> DecoderOutput:
        """Predict all tokens of targets of the given lengths.

        Args:
            source: as `read` gives it.
            target_mask: bool[B, T], True = a token to predict.
            training: whether dropout is on.

        Returns:
            A DecoderOutput.
        """
        encoded, source_mask = source.encoded, source.mask
        states = self.copy_source(source.copied, source_mask, target_mask)
        timing = timing_signal(
            ops.arange(ops.shape(target_mask)[1]), self.hidden_size, encoded.dtype
        )[None]
        if self.has_timing:
            states = states + timing
        target_allowed = target_attention_mask(target_mask, self.attention_without_self)
        bias = None
        if self.coverage != NO_COVERAGE and self.coverage_alpha:
            bias = coverage_bias(
                source_mask, target_mask, self.coverage, self.coverage_alpha, encoded.dtype
            )
        return self._run_decoder(
            states, encoded, target_allowed, source_mask, timing, bias, training=training
        )
