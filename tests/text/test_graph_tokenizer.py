import numpy as np
import tensorflow as tf
from hypothesis import example, given, settings
from hypothesis import strategies as st

from t2t_hint_nart.text import graph_tokenizer, tokenizer
from t2t_hint_nart.text.graph_tokenizer import CharacterTable
from t2t_hint_nart.text.tokenizer import is_alphanumeric
from tests.text.strategies import SPACED, TEXTS

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
    tokens, text_of = graph_tokenizer.tokenize(code_points(texts), ALPHANUMERIC)
    expected = [(i, token) for i, text in enumerate(texts) for token in tokenizer.encode(text)]
    assert list(zip(text_of.numpy(), strings(tokens), strict=True)) == expected


@settings(max_examples=12)
@given(st.lists(st.lists(TEXTS.filter(len), max_size=5), max_size=8))
def test_texts_are_those_of_python(rows):
    tokens = [token for row in rows for token in row]
    row_of = [i for i, row in enumerate(rows) for _ in row]
    flat = code_points(tokens)
    texts = graph_tokenizer.detokenize(
        flat.values,
        tf.cast(flat.value_rowids(), tf.int32),
        tf.gather(tf.constant(row_of, tf.int64), flat.value_rowids()),
        tf.constant(len(rows), tf.int64),
        ALPHANUMERIC,
    )
    assert strings(texts) == [tokenizer.decode(row) for row in rows]


def test_neighbours():
    values = tf.constant([3, 3, 5])
    assert graph_tokenizer.previous(values, 9).numpy().tolist() == [9, 3, 3]
    assert graph_tokenizer.following(values, 9).numpy().tolist() == [3, 5, 9]
    assert graph_tokenizer.changes(values).numpy().tolist() == [True, False, True]
    assert graph_tokenizer.changes(values[:0]).shape == [0]


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
