"""The word vocabulary inside a TensorFlow graph, so that a SavedModel takes and gives text."""

import tensorflow as tf

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text import EOS_ID, PAD_ID
from t2t_hint_nart.text.token import TokenTextEncoder

# What Python's str.split takes for white space; TensorFlow's own split knows ASCII alone.
_WHITE_SPACE = (
    r"[\x09-\x0d\x1c-\x20\x{85}\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}"
    r"\x{3000}]+"
)


class TokenGraph(tf.Module):
    """`TokenTextEncoder` as TensorFlow operations, the vocabulary included.

    Args:
        encoder: has a `replace_oov`: a graph can't refuse a word as the encoder does.

    Raises:
        InputError: the encoder has none.

    Example:
        >>> encoder = TokenTextEncoder(vocab_list=["<unk>", "good", "morning"], replace_oov="<unk>")
        >>> graph = TokenGraph(encoder)
        >>> graph.encode(["good new morning", ""]).to_list()
        [[3, 2, 4], []]
        >>> graph.decode([[3, 2, 4, 1, 0]]).numpy().tolist()
        [b'good <unk> morning']
    """

    def __init__(self, encoder: TokenTextEncoder) -> None:
        super().__init__(name="token_graph")
        if encoder.replace_oov is None:
            raise InputError("A word vocabulary without a token for unknown words isn't exported.")
        tokens = encoder.decode_list(range(encoder.vocab_size))
        tokens = tokens[::-1] if encoder.reverse else tokens
        self._reverse = encoder.reverse
        self._tokens = tf.constant(tokens)
        self._vocab_size = len(tokens)
        self._ids = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(tokens), tf.range(self._vocab_size, dtype=tf.int64)
            ),
            default_value=tokens.index(encoder.replace_oov),
        )

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def encode(self, strings: tf.Tensor) -> tf.RaggedTensor:
        """Return the ids of texts, without EOS.

        Args:
            strings: string[B], UTF-8.

        Returns:
            int32[B, None].
        """
        words = tf.strings.split(tf.strings.regex_replace(strings, _WHITE_SPACE, " "))
        ids = tf.cast(words.with_values(self._ids.lookup(words.values)), tf.int32)
        return ids[:, ::-1] if self._reverse else ids

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)], autograph=False)
    def decode(self, ids: tf.Tensor) -> tf.Tensor:
        """Return the texts of ids, as `TokenTextEncoder.decode` with `strip_extraneous`.

        Args:
            ids: int32[B, T]; PAD, the first EOS and all after it are dropped, and so are ids
                outside the vocabulary.

        Returns:
            string[B], UTF-8.
        """
        ended = tf.cumsum(tf.cast(ids == EOS_ID, tf.int32), axis=1) > 0
        real = ~ended & (ids != PAD_ID) & (ids >= 0) & (ids < self._vocab_size)
        kept = tf.ragged.boolean_mask(ids, real)
        kept = kept[:, ::-1] if self._reverse else kept
        words = kept.with_values(tf.gather(self._tokens, kept.values))
        return tf.strings.reduce_join(words, axis=-1, separator=" ")
