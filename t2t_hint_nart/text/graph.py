"""Vocabularies inside a TensorFlow graph, so that a SavedModel takes and gives text.

A program that loads a SavedModel with subwords must import tensorflow_text first.
"""

from collections.abc import Sequence

import numpy as np
import tensorflow as tf
import tensorflow_text as tf_text

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text import EOS_ID, PAD_ID, graph_tokens
from t2t_hint_nart.text.graph_rows import chosen_rows, places, row_of_each, rows, splits_of
from t2t_hint_nart.text.graph_tokens import CharacterTable
from t2t_hint_nart.text.lines import AROUND_SENTENCES, WHITE_SPACE
from t2t_hint_nart.text.subword import SubwordTextEncoder
from t2t_hint_nart.text.token import TokenTextEncoder

_NO_LIMIT = 2**31 - 1


def _run_of(characters: str) -> str:
    """The expression for one or more of some characters; TensorFlow's classes know ASCII alone."""
    escaped = "".join(f"\\x{{{ord(character):x}}}" for character in characters)
    return f"[{escaped}]+"


_SPACES = _run_of(WHITE_SPACE)
_EDGES = rf"\A{_run_of(AROUND_SENTENCES)}|{_run_of(AROUND_SENTENCES)}\z"


def sentences(texts: tf.Tensor) -> tf.Tensor:
    """Return the sentences in texts, string[B] in UTF-8 to string[B], as `lines.sentence`."""
    return tf.strings.regex_replace(texts, _EDGES, "")


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
        """Return the ids int32[B, None] of texts string[B] in UTF-8, without EOS."""
        texts = tf.strings.unicode_decode(strings, "UTF-8", errors="replace")
        tokens, text_of = graph_tokens.tokenize(texts, self._alphanumeric)
        plain = self._alphabet(tokens.flat_values)
        ids = self._cut(graph_tokens.escape(tokens, plain))
        if not self._every_token_fits:
            # No token is spelled with PAD: it stands for one that could not be cut.
            stuck = tf.gather(ids.values, ids.row_splits[:-1]) == PAD_ID
            careful = self._spellable(tokens.flat_values)
            plain = tf.where(tf.gather(stuck, row_of_each(tokens.row_splits)), careful, plain)
            ids = self._cut(graph_tokens.escape(tokens, plain))
        of_texts = splits_of(text_of, tf.size(strings, tf.int64))
        return rows(ids.values, tf.gather(ids.row_splits, of_texts))

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)], autograph=False)
    def decode(self, ids: tf.Tensor) -> tf.Tensor:
        """Return the texts string[B] of ids int32[B, T], as the encoder does, stripped.

        PAD, the first EOS and all after it are dropped, and so are ids outside the vocabulary.
        """
        real = _in_sentence(ids, self._vocab_size)
        underscore, nothing = self._vocab_size, self._vocab_size + 1
        ids = tf.pad(tf.where(real, ids, nothing), [[0, 0], [0, 1]], constant_values=underscore)
        spelled = chosen_rows(self._symbols, self._symbol_splits, tf.reshape(ids, [-1]))
        characters, used = graph_tokens.unescape(spelled.values)
        closes = spelled.values == ord("_")
        kept = places(used & ~closes)
        size = tf.shape(ids, tf.int64)
        texts = graph_tokens.detokenize(
            tf.gather(characters, kept),
            tf.gather(tf.cumsum(tf.cast(closes, tf.int32)), kept),
            tf.gather(row_of_each(spelled.row_splits), kept) // size[1],
            size[0],
            self._alphanumeric,
        )
        return tf.strings.unicode_encode(texts, "UTF-8")

    def _cut(self, escaped: tf.RaggedTensor) -> tf.RaggedTensor:
        """Return the ids int32[K, None] of escaped tokens, PAD alone for one that cannot be cut."""
        tokens = tf.strings.unicode_encode(escaped, "UTF-8")
        # As the encoder's cache: each different token is cut once.
        different, which = tf.unique(tokens)
        pieces = self._pieces.tokenize(different)
        return chosen_rows(pieces.values, pieces.row_splits, which)


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
        """Return the ids int32[B, None] of texts string[B] in UTF-8, without EOS."""
        words = tf.strings.split(tf.strings.regex_replace(strings, _SPACES, " "))
        ids = tf.cast(words.with_values(self._ids.lookup(words.values)), tf.int32)
        return ids[:, ::-1] if self._reverse else ids

    @tf.function(input_signature=[tf.TensorSpec([None, None], tf.int32)], autograph=False)
    def decode(self, ids: tf.Tensor) -> tf.Tensor:
        """Return the texts string[B] of ids int32[B, T], as the encoder does, stripped.

        PAD, the first EOS and all after it are dropped, and so are ids outside the vocabulary.
        """
        real = _in_sentence(ids, self._vocab_size)
        kept = tf.ragged.boolean_mask(ids, real)
        kept = kept[:, ::-1] if self._reverse else kept
        words = kept.with_values(tf.gather(self._tokens, kept.values))
        return tf.strings.reduce_join(words, axis=-1, separator=" ")


def _in_sentence(ids: tf.Tensor, vocab_size: int) -> tf.Tensor:
    """Return which ids of padded rows are a sentence's, bool[B, T]: before EOS, no PAD, known."""
    ended = tf.cumsum(tf.cast(ids == EOS_ID, tf.int32), axis=1) > 0
    return ~ended & (ids != PAD_ID) & (ids >= 0) & (ids < vocab_size)
