"""Recurrent sequence to sequence models: T2T's lstm_seq2seq family, GNMT, RNNsearch."""

from typing import ClassVar

from keras import ops

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.embedding import SymbolEmbedding
from t2t_hint_nart.layers.shift_right import shift_right
from t2t_hint_nart.models.bottom_decoder import BottomDecoder
from t2t_hint_nart.models.network import ATTENTION, HIDDEN, Canvas, Network, Output
from t2t_hint_nart.models.recurrent_decoder import PlainDecoder, RecurrentDecoder
from t2t_hint_nart.models.recurrent_encoder import (
    BidirectionalEncoder,
    RecurrentEncoder,
    RecurrentSource,
    ReversedEncoder,
)
from t2t_hint_nart.models.wrapped_decoder import WrappedDecoder


class LSTMSeq2Seq(Network):
    """T2T's lstm_seq2seq (models/lstm.py): the source backwards, then the target, in two stacks.

    The decoder reads the target shifted right by a zero vector and starts with the encoder's last
    states. Sentences have their real lengths, as in T2T 1.15; 1.2.9 reads padding. With
    `cell=gru`, gated recurrent units in place of LSTMs.

    With `shared_embedding_and_softmax_weights` and equal vocabulary sizes one table serves source,
    target and softmax; otherwise there are three.

    Args:
        hparams: a recurrent set, such as lstm_seq2seq.
        vocab_size: V, of the target.
        source_vocab_size: of the source; V when None.
        target_space_id: not used.

    Raises:
        InputError: no layers; or a shared table and a decoder's output of another width.
    """

    encoder_type: ClassVar[type[RecurrentEncoder]] = ReversedEncoder
    decoder_type: ClassVar[type[RecurrentDecoder]] = PlainDecoder

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
        if hparams.num_hidden_layers < 1:
            raise InputError(
                f"num_hidden_layers is {hparams.num_hidden_layers}; it must be at least 1."
            )
        source_vocab_size, width = source_vocab_size or vocab_size, hparams.hidden_size
        self.vocab_size = vocab_size
        self.encoder = self._make_encoder(hparams)
        self.decoder = self.decoder_type(hparams, self.encoder, name="decoder")
        self.softmax = SymbolEmbedding(vocab_size, self.decoder.output_size, name="softmax")
        if hparams.shared_embedding_and_softmax_weights and source_vocab_size == vocab_size:
            if self.decoder.output_size != width:
                raise InputError(
                    "shared_embedding_and_softmax_weights needs a decoder whose output is as wide "
                    f"as embeddings, {width}; this one's is {self.decoder.output_size}."
                )
            self.input_embedding = self.target_embedding = self.softmax
        else:
            self.input_embedding = SymbolEmbedding(source_vocab_size, width, name="input_emb")
            self.target_embedding = SymbolEmbedding(vocab_size, width, name="target_emb")
        self.built = True

    def _make_encoder(self, hparams: HParams) -> RecurrentEncoder:
        return self.encoder_type(hparams, name="encoder")

    def encode(self, inputs, training=False, probes=()) -> RecurrentSource:
        """Encode source ids int[B, S]; args as `Network.encode`."""
        return self.encoder(
            self.input_embedding(inputs), ops.not_equal(inputs, 0), training=training
        )

    def decode(self, source: RecurrentSource, canvas: Canvas, training=False, probes=()) -> Output:
        """Predict every token of a canvas from the known tokens before it.

        Args and returns as `Network.decode`.

        Raises:
            ValueError: the canvas has no tokens.
        """
        shifted = shift_right(self.target_embedding(canvas.known_tokens()))
        asked = ATTENTION in probes and self.decoder.num_heads > 0
        outputs, weights = self.decoder(shifted, source, training=training, weights=asked)
        made = {ATTENTION: ops.expand_dims(weights, 1)} if asked else {}
        if HIDDEN in probes:
            made[HIDDEN] = ops.expand_dims(outputs, 1)
        return Output(self.softmax.logits(outputs), canvas.mask, made)

    def start(self, source: RecurrentSource, room):
        """What attention reads, and the states of all layers; args as `Stepwise.start`."""
        return self.decoder.start(source)

    def step(self, ids, position, memory, state):
        """Predict the next token of R hypotheses; args and returns as `Stepwise.step`."""
        outputs, state = self.decoder.step(self.target_embedding(ids), memory, state)
        return self.softmax.logits(outputs), state

    def probe_sizes(self) -> dict[str, dict[str, int]]:
        """What the softmax reads, and attention where there is any, each as of one layer."""
        heads = self.decoder.num_heads
        attention = {ATTENTION: {"layers": 1, "heads": heads}} if heads else {}
        return {HIDDEN: {"layers": 1, "size": self.decoder.output_size}, **attention}


class LSTMSeq2SeqAttention(LSTMSeq2Seq):
    """T2T's lstm_seq2seq_attention: attention around the decoder, fed to its next step."""

    decoder_type = WrappedDecoder


class LSTMSeq2SeqBidirectionalEncoder(LSTMSeq2Seq):
    """T2T's lstm_seq2seq_bidirectional_encoder: two encoders, a decoder of twice the width."""

    encoder_type = BidirectionalEncoder


class LSTMSeq2SeqAttentionBidirectionalEncoder(LSTMSeq2Seq):
    """T2T's lstm_seq2seq_attention_bidirectional_encoder."""

    encoder_type = BidirectionalEncoder
    decoder_type = WrappedDecoder


class Gnmt(LSTMSeq2Seq):
    """GNMT (Wu et al. 2016), and with one layer Bahdanau et al. 2015's RNNsearch.

    The encoder's first layer has two directions, attention is asked for by the decoder's first
    layer, whose answer all of them read, and layers from the third on add their input to their
    output. Recalled of the paper and of tensorflow/nmt, unverified.
    """

    decoder_type = BottomDecoder

    def _make_encoder(self, hparams: HParams) -> RecurrentEncoder:
        return BidirectionalEncoder(hparams, is_gnmt=True, name="encoder")
