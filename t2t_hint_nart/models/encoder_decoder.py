"""What the teacher and the student have in common: symbols, encoder and decoder stack."""

from typing import ClassVar

from keras import ops

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.dropout import Dropout
from t2t_hint_nart.layers.embedding import SymbolEmbedding
from t2t_hint_nart.layers.rows import to_rows, to_states
from t2t_hint_nart.models.decoder import DecoderLayer
from t2t_hint_nart.models.encoder import TIMING, Encoder, preprocess
from t2t_hint_nart.models.network import (
    ATTENTION,
    DECODER_ATTENTION,
    ENCODER_ATTENTION,
    HIDDEN,
    HIDDEN_NORMED,
    Network,
    Output,
    Source,
)


class EncoderDecoder(Network):
    """Symbol embeddings, softmax, encoder and decoder; subclasses say what the decoder reads.

    With `shared_embedding_and_softmax_weights` and equal vocabulary sizes one table serves the
    source, the target and the softmax; otherwise there are three (T2T unsets the sharing too).

    Args:
        hparams: a transformer set.
        vocab_size: V, of the target.
        source_vocab_size: of the source; V when None.
        target_space_id: T2T's space id of the target language, 0 = generic.
    """

    decoder_layer: ClassVar[type[DecoderLayer]] = DecoderLayer
    broadcasts_source = True

    def __init__(
        self,
        hparams: HParams,
        vocab_size: int,
        source_vocab_size: int | None = None,
        target_space_id: int = 0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        source_vocab_size = source_vocab_size or vocab_size
        width = hparams.hidden_size
        self.vocab_size = vocab_size
        self.num_decoder_layers = hparams.num_decoder_layers or hparams.num_hidden_layers
        self.num_heads = hparams.num_heads
        self.hidden_size = width
        self.has_timing = hparams.pos == TIMING
        self.softmax = SymbolEmbedding(vocab_size, width, name="softmax")
        if hparams.shared_embedding_and_softmax_weights and source_vocab_size == vocab_size:
            self.input_embedding = self.target_embedding = self.softmax
        else:
            self.input_embedding = SymbolEmbedding(source_vocab_size, width, name="input_emb")
            self._add_target_embedding()
        self.encoder = Encoder(hparams, target_space_id, name="encoder")
        self.dropout = Dropout(hparams.layer_prepostprocess_dropout)
        for index in range(self.num_decoder_layers):
            layer = self.decoder_layer(hparams, name=f"layer_{index}")
            setattr(self, f"layer_{index}", layer)
        self.final = preprocess(hparams, "final")
        self.built = True

    def _add_target_embedding(self) -> None:
        """Add the target's table where it isn't shared."""
        self.target_embedding = SymbolEmbedding(
            self.vocab_size, self.hidden_size, name="target_emb"
        )

    def encode(self, inputs, training=False, probes=()):
        """Encode source ids int[B, S]; args and returns as `Network.encode`."""
        mask = ops.not_equal(inputs, 0)
        states, weights = self.encoder(self.input_embedding(inputs), mask, training=training)
        asked = {ENCODER_ATTENTION: ops.stack(weights, 1)} if ENCODER_ATTENTION in probes else {}
        return Source(states, mask, asked)

    def _run_decoder(
        self,
        states,
        source: Source,
        target_allowed,
        timing=None,
        bias=None,
        training=False,
        probes=(),
    ) -> Output:
        """Dropout, all decoder layers and the softmax over decoder inputs float[B, T, D].

        Args as `DecoderLayer.call` and `Network.decode`; the output's mask is left to the caller.
        """
        final, length, asked = self._run_layers(
            self, states, source, target_allowed, timing, bias, training, probes
        )
        return Output(to_states(self.softmax.logits(final), length), None, asked)

    def _run_layers(
        self,
        stack,
        states,
        source: Source,
        target_allowed,
        timing=None,
        bias=None,
        training=False,
        probes=(),
    ):
        """Dropout and all layers of a stack: this model, or what has its `layer_<i>` and `final`.

        Returns:
            what the softmax reads, float[B*T, D], T, and the probes that were asked for.
        """
        states, length = to_rows(self.dropout(states, training=training))
        encoded, source_length = to_rows(source.states)
        source_allowed = ops.expand_dims(source.mask, (1, 2))
        made: dict[str, list] = {HIDDEN: [], HIDDEN_NORMED: []}
        for index in range(self.num_decoder_layers):
            states, normed, weights = getattr(stack, f"layer_{index}")(
                states,
                encoded,
                lengths=(length, source_length),
                target_allowed=target_allowed,
                source_allowed=source_allowed,
                timing=timing,
                bias=bias,
                training=training,
            )
            made[HIDDEN].append(states)
            made[HIDDEN_NORMED].append(normed)
            for name, values in weights.items():
                made.setdefault(name, []).append(values)
        final = stack.final(states, training=training)
        # What a layer reads is the normed output of the layer before.
        made[HIDDEN_NORMED] = [*made[HIDDEN_NORMED][1:], final]
        for name in {HIDDEN, HIDDEN_NORMED}.intersection(probes):
            made[name] = [to_states(values, length) for values in made[name]]
        asked = {name: ops.stack(values, 1) for name, values in made.items() if name in probes}
        return final, length, {**source.probes, **asked}

    def probe_sizes(self) -> dict[str, dict[str, int]]:
        """States and attention of every decoder layer, self-attention of the encoder's."""
        decoder = {"layers": self.num_decoder_layers}
        states = {**decoder, "size": self.hidden_size}
        weights = {**decoder, "heads": self.num_heads}
        return {
            HIDDEN: states,
            HIDDEN_NORMED: states,
            ATTENTION: weights,
            ENCODER_ATTENTION: {**weights, "layers": self.encoder.num_layers},
            DECODER_ATTENTION: weights,
        }
