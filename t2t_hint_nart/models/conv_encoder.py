"""The encoder of the convolutional sequence-to-sequence model, and what its layers are made of."""

from typing import Any, NamedTuple

import keras
from keras import ops

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.dropout import Dropout
from t2t_hint_nart.layers.gated_convolution import GatedConvolution
from t2t_hint_nart.layers.positioned_embedding import PositionedEmbedding
from t2t_hint_nart.layers.weight_norm import WeightNormDense

# A sum of two terms of equal variance keeps it when multiplied by this.
SQRT_HALF = 0.5**0.5


class ConvSource(NamedTuple):
    """An encoded batch of sentences.

    Attributes:
        keys: float[B, S, D], z, zero at padding.
        values: float[B, S, D], (z + e)·√½ with the source's embeddings e.
        mask: bool[B, S], True = real token.
    """

    keys: Any
    values: Any
    mask: Any


def layer_sizes(side: str, widths: list[int], kernels: list[int]) -> list[tuple[int, int, int]]:
    """Return what comes in, the width and the kernel's width of each layer of a side.

    Raises:
        InputError: they aren't one of each for every layer.
    """
    if len(widths) != len(kernels) or not widths:
        raise InputError(
            f"{side}_widths has {len(widths)} numbers and {side}_kernels {len(kernels)}; each "
            "needs one for every layer, and there must be a layer."
        )
    return list(zip([widths[0], *widths[:-1]], widths, kernels, strict=True))


class ConvBlock(keras.layers.Layer):
    """What layers of both sides have: dropout, a gated convolution, the residual (y + x)·√½.

    Where the width changes, x goes through a linear projection.

    Args:
        input_width: of x.
        width: of the result.
        kernel_width: k.
        dropout: its rate.
        causal: whether no position sees what is behind it.
    """

    def __init__(
        self,
        input_width: int,
        width: int,
        kernel_width: int,
        dropout: float,
        causal: bool = False,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.dropout = Dropout(dropout)
        self.convolution = GatedConvolution(input_width, width, kernel_width, causal, dropout)
        self.projection = WeightNormDense(input_width, width) if input_width != width else None
        self.built = True

    def _residual(self, states, made):
        projected = states if self.projection is None else self.projection(states)
        return (made + projected) * SQRT_HALF


class ConvLayer(ConvBlock):
    """A layer of the encoder."""

    def call(self, states, training=False):
        """float[B, S, input width] → float[B, S, width]."""
        return self._residual(states, self.convolution(self.dropout(states, training=training)))


class ConvEncoder(keras.layers.Layer):
    """Embedded source tokens, convolutions that see both sides, and a projection back to D.

    Padding is made zero before every convolution, so that a sentence ends in zeros however long the
    batch is. Backwards, what comes out has its gradient multiplied by 1/(2·attention layers), as
    each of them adds to it.

    Args:
        hparams: a set of conv_s2s.
        vocab_size: of the source.
    """

    def __init__(self, hparams: HParams, vocab_size: int, **kwargs):
        super().__init__(**kwargs)
        width = hparams.hidden_size
        self.gradient_share = 1 / (2 * len(hparams.decoder_widths))
        self.embedding = PositionedEmbedding(vocab_size, width, hparams.max_positions)
        self.dropout = Dropout(hparams.dropout)
        self.input_transform = WeightNormDense(width, hparams.encoder_widths[0], hparams.dropout)
        sizes = layer_sizes("encoder", hparams.encoder_widths, hparams.encoder_kernels)
        self.num_layers = len(sizes)
        for index, size in enumerate(sizes):
            setattr(self, f"layer_{index}", ConvLayer(*size, hparams.dropout))
        self.output_transform = WeightNormDense(hparams.encoder_widths[-1], width)
        self.built = True

    def call(self, inputs, training=False):
        """int[B, S] → ConvSource."""
        mask = ops.not_equal(inputs, 0)
        positions = ops.arange(ops.shape(inputs)[1])
        embedded = self.dropout(self.embedding(inputs, positions, mask), training=training)
        real = ops.expand_dims(ops.cast(mask, embedded.dtype), -1)
        states = self.input_transform(embedded)
        for index in range(self.num_layers):
            states = getattr(self, f"layer_{index}")(states * real, training=training)
        keys = _scale_gradient(self.output_transform(states) * real, self.gradient_share)
        return ConvSource(keys, (keys + embedded) * SQRT_HALF, mask)


def _scale_gradient(states, factor: float):
    """The same states, bit by bit, whose gradient is multiplied by a factor."""
    constant = ops.stop_gradient(states)
    return constant + factor * (states - constant)
