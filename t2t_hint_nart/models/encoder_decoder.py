"""What the teacher and the student have in common: symbols, encoder and decoder stack."""

from typing import ClassVar

import keras
from keras import ops

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.embedding import SymbolEmbedding
from t2t_hint_nart.models.decoder import DecoderLayer
from t2t_hint_nart.models.decoder_output import DecoderOutput
from t2t_hint_nart.models.encoder import TIMING, Encoder, preprocess


class EncoderDecoder(keras.Model):
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
            self.target_embedding = SymbolEmbedding(vocab_size, width, name="target_emb")
        self.encoder = Encoder(hparams, target_space_id, name="encoder")
        self.dropout = keras.layers.Dropout(hparams.layer_prepostprocess_dropout)
        for index in range(self.num_decoder_layers):
            layer = self.decoder_layer(hparams, name=f"layer_{index}")
            setattr(self, f"layer_{index}", layer)
        self.final = preprocess(hparams, "final")
        self.built = True

    def encode(self, inputs, training=False):
        """Encode source ids int[B, S] → (states float[B, S, D], mask bool[B, S])."""
        mask = ops.not_equal(inputs, 0)
        return self.encoder(self.input_embedding(inputs), mask, training=training), mask

    def _run_decoder(
        self,
        states,
        encoded,
        target_allowed,
        source_mask,
        timing=None,
        bias=None,
        training=False,
    ) -> DecoderOutput:
        """Dropout, all decoder layers and the softmax over decoder inputs float[B, T, D].

        Args as `DecoderLayer.call`, with source_mask bool[B, S], True = real token.
        """
        states = self.dropout(states, training=training)
        source_allowed = source_mask[:, None, None, :]
        hidden, read, attention = [], [], []
        for index in range(self.num_decoder_layers):
            states, normed, weights = getattr(self, f"layer_{index}")(
                states,
                encoded,
                target_allowed,
                source_allowed,
                timing=timing,
                bias=bias,
                training=training,
            )
            hidden.append(states)
            read.append(normed)
            attention.append(weights)
        final = self.final(states, training=training)
        return DecoderOutput(
            self.softmax.logits(final),
            ops.stack(hidden, axis=1),
            ops.stack([*read[1:], final], axis=1),
            ops.stack(attention, axis=1),
        )
