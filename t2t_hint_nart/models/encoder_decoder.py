"""What the teacher and the student have in common: symbols and encoder."""

import keras
from keras import ops

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.embedding import SymbolEmbedding
from t2t_hint_nart.models.encoder import Encoder


class EncoderDecoder(keras.Model):
    """Symbol embeddings, softmax and encoder; subclasses add a decoder.

    With `shared_embedding_and_softmax_weights` and equal vocabulary sizes one table serves the
    source, the target and the softmax; otherwise there are three (T2T unsets the sharing too).

    Args:
        hparams: a transformer set.
        vocab_size: V, of the target.
        source_vocab_size: of the source; V when None.
        target_space_id: T2T's space id of the target language, 0 = generic.
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
        source_vocab_size = source_vocab_size or vocab_size
        width = hparams.hidden_size
        self.vocab_size = vocab_size
        self.num_decoder_layers = hparams.num_decoder_layers or hparams.num_hidden_layers
        self.num_heads = hparams.num_heads
        self.hidden_size = width
        self.softmax = SymbolEmbedding(vocab_size, width, name="softmax")
        if hparams.shared_embedding_and_softmax_weights and source_vocab_size == vocab_size:
            self.input_embedding = self.target_embedding = self.softmax
        else:
            self.input_embedding = SymbolEmbedding(source_vocab_size, width, name="input_emb")
            self.target_embedding = SymbolEmbedding(vocab_size, width, name="target_emb")
        self.encoder = Encoder(hparams, target_space_id, name="encoder")

    def encode(self, inputs, training=False):
        """Encode source ids int[B, S] → (states float[B, S, D], mask bool[B, S])."""
        mask = ops.not_equal(inputs, 0)
        return self.encoder(self.input_embedding(inputs), mask, training=training), mask
