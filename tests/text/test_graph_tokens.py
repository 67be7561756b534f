import numpy as np
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from t2t_hint_nart.text import graph_tokens, tokenizer
from t2t_hint_nart.text.escape import ESCAPE_CHARACTERS, escape_token, unescape_token
from t2t_hint_nart.text.graph_tokens import CharacterTable
from t2t_hint_nart.text.tokenizer import is_alphanumeric
from tests.text.strategies import BACKSLASHED, SPACED, SYMBOLS, TEXTS

ALPHANUMERIC = CharacterTable.alphanumeric()


def code_points(texts):
    return tf.RaggedTensor.from_row_lengths(
        tf.constant([ord(c) for text in texts for c in text], tf.int32),
        tf.constant([len(text) for text in texts], tf.int64),
    )


def strings(ragged):
    return ["".join(map(chr, row)) for row in ragged.to_list()]


@settings(max_examples=12)
@given(st.lists(TEXTS, max_size=20))
@example(SPACED)
@example([*reversed(SPACED)])
def test_tokens_are_those_of_python(texts):
    tokens, text_of = graph_tokens.tokenize(code_points(texts), ALPHANUMERIC)
    expected = [(i, token) for i, text in enumerate(texts) for token in tokenizer.encode(text)]
    assert list(zip(text_of.numpy(), strings(tokens), strict=True)) == expected


@settings(max_examples=12)
@given(st.lists(st.lists(TEXTS.filter(len), max_size=5), max_size=8))
def test_texts_are_those_of_python(rows):
    tokens = [token for row in rows for token in row]
    row_of = [i for i, row in enumerate(rows) for _ in row]
    flat = code_points(tokens)
    texts = graph_tokens.detokenize(
        flat.values,
        tf.cast(flat.value_rowids(), tf.int32),
        tf.gather(tf.constant(row_of, tf.int64), flat.value_rowids()),
        tf.constant(len(rows), tf.int64),
        ALPHANUMERIC,
    )
    assert strings(texts) == [tokenizer.decode(row) for row in rows]


def test_neighbours():
    values = tf.constant([3, 3, 5])
    assert graph_tokens.previous(values, 9).numpy().tolist() == [9, 3, 3]
    assert graph_tokens.following(values, 9).numpy().tolist() == [3, 5, 9]
    assert graph_tokens.changes(values).numpy().tolist() == [True, False, True]
    assert graph_tokens.changes(values[:0]).shape == [0]


def test_alphanumeric_is_the_tokenizers_for_every_code_point():
    code_points = tf.range(0x110000)
    expected = [is_alphanumeric(chr(i)) for i in range(0x110000)]
    np.testing.assert_array_equal(CharacterTable.alphanumeric()(code_points), expected)


def test_members():
    members = "\0a\xff\u0100\U0010ffff"
    found = tf.where(CharacterTable.of(members)(tf.range(0x110000)))[:, 0]
    assert found.numpy().tolist() == [*map(ord, members)]
    assert not tf.reduce_any(CharacterTable.of("")(tf.range(0x110000)))


def test_pages_are_shared():
    assert CharacterTable.alphanumeric()._pages.nbytes < 64 * 1024


ALPHABET = frozenset(ESCAPE_CHARACTERS + "ab \0é日")
NUMBERS = [0, 9, 10, 65, 92, 95, 0xD7FF, 0xD800, 0xDFFF, 0xE000, 0x10FFFF, 0x110000, 10**7, 10**30]


@settings(max_examples=15)
@given(st.lists(TEXTS.filter(len), max_size=20))
@example([chr(10**k - d) for k in range(1, 7) for d in (0, 1)] + ["\U0010ffff", "\0", "\x01"])
def test_escapes_as_python(tokens):
    plain = tf.constant([c in ALPHABET for token in tokens for c in token], tf.bool)
    escaped = graph_tokens.escape(code_points(tokens), plain)
    assert strings(escaped) == [escape_token(token, ALPHABET) for token in tokens]


@settings(max_examples=15)
@given(st.lists(SYMBOLS, max_size=20))
@example([])
@example(BACKSLASHED)
@example([f"\\{zeros}{n}{end}" for n in NUMBERS for zeros in ("", "0" * 9) for end in (";", "")])
def test_unescapes_as_python(texts):
    # An underscore ends each, as the caller sees to.
    symbols = code_points([text + "_" for text in texts]).values
    characters, used = graph_tokens.unescape(symbols)
    read = [
        "\n" if symbol == ord("_") else chr(character)
        for symbol, character, used_ in zip(
            symbols.numpy(), characters.numpy(), used.numpy(), strict=True
        )
        if used_
    ]
    expected = [unescape_token(part) for text in texts for part in text.split("_")]
    assert "".join(read) == "".join(f"{part}\n" for part in expected)
