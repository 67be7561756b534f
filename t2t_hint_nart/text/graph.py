"""The subword vocabulary inside a TensorFlow graph, so that a SavedModel takes and gives text.

A program that loads such a SavedModel must import tensorflow_text first.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
import tensorflow_text as tf_text

from t2t_hint_nart.text import EOS_ID, PAD_ID, graph_escape, graph_tokenizer
from t2t_hint_nart.text.character_table import CharacterTable
from t2t_hint_nart.text.subword import SubwordTextEncoder

_NO_LIMIT = 2**31 - 1


class SubwordGraph(tf.Module):
    r"""`SubwordTextEncoder` as TensorFlow operations, the vocabulary included.

    Equal to the encoder for every Unicode string and every sequence of ids. Bytes that are not
    UTF-8 count as U+FFFD, as many as Python's `bytes.decode("utf-8", "replace")` puts.

    Args:
        subtokens: the vocabulary, index = id.

    Raises:
        InputError: the vocabulary is not one, see `SubwordTextEncoder.load`.

    Example:
        >>> graph = SubwordGraph(["<pad>_", "<EOS>_", "Hello_", "wor", "ld_", *"\\_u;0123456789"])
        >>> graph.encode(["Hello world", ""]).to_list()
        [[2, 3, 4], []]
        >>> graph.decode([[2, 3, 4, 1, 0, 0]]).numpy().tolist()
        [b'Hello world']
    """

    def __init__(self, subtokens: Sequence[str]) -> None:
        super().__init__(name="subword_graph")
        SubwordTextEncoder.from_subtokens(subtokens)  # checks the list
        ids = {subtoken: id_ for id_, subtoken in enumerate(subtokens) if subtoken}
        alphabet = set().union(*subtokens)
        spellable = alphabet & ids.keys()
        self._alphanumeric = CharacterTable.alphanumeric()
        self._alphabet = CharacterTable.of("".join(alphabet))
        self._spellable = CharacterTable.of("".join(spellable))
        self._every_token_fits = alphabet == spellable
        self._subword_ids = tf.lookup.StaticHashTable(
            tf.lookup.KeyValueTensorInitializer(
                tf.constant(list(ids)), tf.constant(list(ids.values()), tf.int64)
            ),
            default_value=-1,
        )
        # The fast kind refuses NUL characters and subtokens of more than 256 bytes.
        self._pieces = tf_text.WordpieceTokenizer(
            self._subword_ids,
            suffix_indicator="",
            max_bytes_per_word=_NO_LIMIT,
            max_chars_per_token=max(map(len, ids)),
            token_out_type=tf.int32,
            unknown_token=subtokens[PAD_ID],
        )
        # Two more: an underscore, which closes a text, and nothing, for ids that are no subtoken.
        spelled = [*subtokens, "_", ""]
        self._symbols = np.array([*map(ord, "".join(spelled))], np.int32)
        self._symbol_splits = np.cumsum([0, *map(len, spelled)], dtype=np.int64)
        self._vocab_size = len(subtokens)

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string)], autograph=False)
    def encode(self, strings: tf.Tensor) -> tf.RaggedTensor:
        """Return the ids of texts, without EOS.

        Args:
            strings: string[B], UTF-8.

        Returns:
            int32[B, None].
        """
        texts = tf.strings.unicode_decode(strings, "UTF-8", errors="replace")
        tokens, text_of = graph_tokenizer.tokenize(texts, self._alphanumeric)
        plain = self._alphabet(tokens.flat_values)
        ids = self._cut(graph_escape.escape(tokens, plain))
        if not self._every_token_fits:
            # No token is spelled with PAD: it stands for one that could not be cut.
            stuck = tf.gather(ids.values, ids.row_starts()) == PAD_ID
            careful = self._spellable(tokens.flat_values)
            plain = tf.where(tf.gather(stuck, tokens.value_rowids()), careful, plain)
            ids = self._cut(graph_escape.escape(tokens, plain))
        by_text = tf.RaggedTensor.from_value_rowids(ids, text_of, tf.size(strings, tf.int64))
        return by_text.merge_dims(1, 2)

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)], autograph=False)
    def decode(self, ids: tf.Tensor) -> tf.Tensor:
        """Return the texts of ids, as `SubwordTextEncoder.decode` with `strip_extraneous`.

        Args:
            ids: int32[B, T]; PAD, the first EOS and all after it are dropped, and an id outside
                the vocabulary stands for nothing.

        Returns:
            string[B], UTF-8.
        """
        ended = tf.cumsum(tf.cast(ids == EOS_ID, tf.int32), axis=1) > 0
        real = ~ended & (ids != PAD_ID) & (ids >= 0) & (ids < self._vocab_size)
        underscore, nothing = self._vocab_size, self._vocab_size + 1
        ids = tf.pad(tf.where(real, ids, nothing), [[0, 0], [0, 1]], constant_values=underscore)
        subtokens = tf.RaggedTensor.from_row_splits(self._symbols, self._symbol_splits)
        spelled = tf.gather(subtokens, ids).merge_dims(1, 2)
        symbols = spelled.flat_values
        characters, used = graph_escape.unescape(symbols)
        closes = symbols == ord("_")
        kept = used & ~closes
        texts = graph_tokenizer.detokenize(
            tf.boolean_mask(characters, kept),
            tf.boolean_mask(tf.cumsum(tf.cast(closes, tf.int32)), kept),
            tf.boolean_mask(spelled.value_rowids(), kept),
            spelled.nrows(),
            self._alphanumeric,
        )
        return tf.strings.unicode_encode(texts, "UTF-8")

    def _cut(self, escaped: tf.RaggedTensor) -> tf.RaggedTensor:
        """Return the ids int32[K, None] of escaped tokens, PAD alone for one that cannot be cut."""
        tokens = tf.strings.unicode_encode(escaped, "UTF-8")
        # As the encoder's cache: each different token is cut once.
        different, which = tf.unique(tokens)
        return tf.gather(self._pieces.tokenize(different), which)
