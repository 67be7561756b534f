import numpy as np
import tensorflow as tf

from t2t_hint_nart.text.character_table import CharacterTable
from t2t_hint_nart.text.tokenizer import is_alphanumeric


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
