import pytest

from t2t_hint_nart.text.byte import ByteTextEncoder
from t2t_hint_nart.text.token_labels import token_labels


def test_the_end_has_one_name_for_all_vocabularies():
    assert token_labels([2, 1, 0], ["a_", "<EOS>_", "<pad>_"]) == ["a_", "<EOS>", "<pad>_"]


@pytest.mark.parametrize(
    ("text", "expected"), [("Hi!", ["H", "i", "!"]), ("ä", ["\\xc3", "\\xa4"]), ("", [])]
)
def test_a_byte_is_its_character_or_its_number(text, expected):
    encoder = ByteTextEncoder()
    ids = [*encoder.encode(text), 1]
    assert token_labels(ids, encoder.decode_list(ids)) == [*expected, "<EOS>"]
