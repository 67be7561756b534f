"""The convolutional sequence-to-sequence model of Gehring et al. 2017 (ConvS2S)."""

from collections.abc import Mapping
from typing import Any

import keras
from keras import ops

from t2t_hint_nart.errors import check_choice
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.dropout import Dropout
from t2t_hint_nart.layers.multi_step_attention import MultiStepAttention
from t2t_hint_nart.layers.positioned_embedding import PositionedEmbedding
from t2t_hint_nart.layers.precision import wide
from t2t_hint_nart.layers.weight_norm import WeightNormDense
from t2t_hint_nart.losses.risk import SCORES
from t2t_hint_nart.models.conv_encoder import (
    ConvBlock,
    ConvEncoder,
    ConvSource,
    layer_sizes,
)
from t2t_hint_nart.models.network import ATTENTION, HIDDEN, Canvas, Network, Output
from t2t_hint_nart.models.risk_training import risk


class AttentiveConvLayer(ConvBlock):
    """A layer of the decoder: causal, with attention between the convolution and the residual.

    Args:
        input_width: of x.
        width: of the result.
        kernel_width: k.
        dropout: its rate.
        embedding_width: D, of what the attention compares.
    """

    def __init__(
        self,
        input_width: int,
        width: int,
        kernel_width: int,
        dropout: float,
        embedding_width: int,
        **kwargs,
    ):
        super().__init__(input_width, width, kernel_width, dropout, causal=True, **kwargs)
        self.attention = MultiStepAttention(width, embedding_width)

    def call(self, states, embedded, source: ConvSource, training=False):
        """One layer over a whole target.

        Args:
            states: float[B, T, input width].
            embedded: float[B, T, D], of the target.
            source: what is attended to.
            training: whether dropout is on.

        Returns:
            float[B, T, width], and weights float[B, T, S].
        """
        convolved = self.convolution(self.dropout(states, training=training))
        attended, weights = self.attention(convolved, embedded, *source)
        return self._residual(states, attended), weights

    def step(self, states, past, embedded, source: ConvSource):
        """One layer over one position: float[R, 1, input width] → float[R, 1, width], past.

        `past` is as `GatedConvolution.step` has it, the others as in `call`.
        """
        convolved, past = self.convolution.step(states[:, 0], past)
        attended, _ = self.attention(convolved[:, None], embedded, *source)
        return self._residual(states, attended), past


class ConvS2S(Network):
    """Gated convolutions on both sides and attention in every layer of the decoder.

    As fairseq's models/fconv.py. The decoder reads targets shifted right by a zero vector, as
    T2T's do; fairseq has EOS there, which together with its learned position is as much. Source,
    target and softmax have tables of their own.

    Args:
        hparams: a set of conv_s2s.
        vocab_size: V, of the target.
        source_vocab_size: of the source; V when None.
        target_space_id: of no effect.
    """

    def __init__(
        self,
        hparams: HParams,
        vocab_size: int,
        source_vocab_size: int | None = None,
        target_space_id: int = 0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        del target_space_id
        width, dropout = hparams.hidden_size, hparams.dropout
        self.vocab_size = vocab_size
        self.encoder = ConvEncoder(hparams, source_vocab_size or vocab_size, name="encoder")
        self.embedding = PositionedEmbedding(vocab_size, width, hparams.max_positions)
        self.dropout = Dropout(dropout)
        self.input_transform = WeightNormDense(width, hparams.decoder_widths[0], dropout)
        sizes = layer_sizes("decoder", hparams.decoder_widths, hparams.decoder_kernels)
        self.num_layers = len(sizes)
        for index, size in enumerate(sizes):
            setattr(self, f"layer_{index}", AttentiveConvLayer(*size, dropout, width))
        widths = hparams.decoder_widths
        # States of different widths can't be stacked: then they aren't a probe.
        self.state_width = widths[-1] if len(set(widths)) == 1 else None
        self.output_transform = WeightNormDense(widths[-1], hparams.softmax_width)
        # Logits of 16 bits would be rounded before they are summed up.
        self.softmax = WeightNormDense(
            hparams.softmax_width, vocab_size, dropout, dtype=wide(self.compute_dtype)
        )
        self.risk_candidates = hparams.risk_candidates if hparams.risk_weight else 0
        check_choice("risk_scores", hparams.risk_scores, tuple(SCORES))
        self.risk_scores = hparams.risk_scores
        if self.risk_candidates:
            self.draws = keras.random.SeedGenerator()
        self.built = True

    def call(self, inputs, targets, training=False, probes=()) -> Output:
        """Predict targets that are known; args and returns as `Network.call`.

        In training, where risk_weight isn't 0, the term `risk` is what candidates that the model
        draws itself are expected to cost (models.risk_training).
        """
        targets = ops.cast(targets, "int32")
        source = self.encode(inputs, training=training)
        output = self.decode(source, Canvas(ops.not_equal(targets, 0), targets), training, probes)
        if not training or not self.risk_candidates:
            return output
        term = risk(
            self,
            inputs,
            targets,
            source,
            self.risk_candidates,
            self.risk_scores,
            self.draws,
        )
        return output._replace(terms={"risk": term})

    def encode(self, inputs, training=False, probes=()) -> ConvSource:
        """Encode source ids int[B, S]; args as `Network.encode`, there are no probes."""
        return self.encoder(ops.cast(inputs, "int32"), training=training)

    def decode(self, source: ConvSource, canvas: Canvas, training=False, probes=()) -> Output:
        """Predict every token of a canvas from the known tokens before it.

        Args and returns as `Network.decode`.

        Raises:
            ValueError: the canvas has no tokens.
        """
        shifted = ops.pad(canvas.known_tokens()[:, :-1], [[0, 0], [1, 0]])
        embedded = self.embedding(shifted, ops.arange(ops.shape(shifted)[1]))
        embedded = self.dropout(embedded, training=training)
        states = self.input_transform(embedded)
        made: dict[str, list] = {HIDDEN: [], ATTENTION: []}
        for index in range(self.num_layers):
            layer = getattr(self, f"layer_{index}")
            states, weights = layer(states, embedded, source, training=training)
            made[HIDDEN].append(states)
            made[ATTENTION].append(ops.expand_dims(weights, 1))
        asked = {name: ops.stack(made[name], 1) for name in self.probe_sizes() if name in probes}
        return Output(self._logits(states, training), canvas.mask, asked)

    def _logits(self, states, training=False):
        return self.softmax(self.dropout(self.output_transform(states), training=training))

    def start(self, source: ConvSource, room) -> tuple[ConvSource, dict[str, Any]]:
        """Return the source as memory and, of each layer, the past of its convolution.

        Args:
            source: as `encode` gives it.
            room: of no effect, there is no axis of time.

        Returns:
            memory, and {layer: zeros[B, (k − 1)·input width]}.
        """
        del room
        rows = ops.shape(source.mask)[0]
        pasts = {}
        for index in range(self.num_layers):
            name = f"layer_{index}"
            width = getattr(self, name).convolution.past_width
            pasts[name] = ops.zeros((rows, width), source.keys.dtype)
        return source, pasts

    def step(self, ids, position, memory: ConvSource, state: Mapping[str, Any]):
        """Predict the next token of R hypotheses; args and returns as `Stepwise.step`."""
        embedded = self.embedding(ids, position)[:, None]
        states, pasts = self.input_transform(embedded), {}
        for index in range(self.num_layers):
            name = f"layer_{index}"
            states, pasts[name] = getattr(self, name).step(states, state[name], embedded, memory)
        return self._logits(states)[:, 0], pasts

    def probe_sizes(self) -> dict[str, dict[str, int]]:
        """Attention of every decoder layer, one head each, and states if all are equally wide."""
        sizes = {ATTENTION: {"layers": self.num_layers, "heads": 1}}
        if self.state_width is not None:
            sizes[HIDDEN] = {"layers": self.num_layers, "size": self.state_width}
        return sizes
