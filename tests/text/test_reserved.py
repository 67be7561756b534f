import numpy as np
import pytest

from t2t_hint_nart.text import EOS_ID, NUM_RESERVED, PAD_ID
from t2t_hint_nart.text.byte import ByteTextEncoder
from t2t_hint_nart.text.reserved import RESERVED_TOKENS, sentence_ids, token_labels


def test_ids_are_those_of_t2t():
    assert (PAD_ID, EOS_ID, NUM_RESERVED) == (0, 1, 2)
    assert RESERVED_TOKENS == ("<pad>", "<EOS>")


def test_sentence_ends_at_the_first_eos_and_has_no_padding():
    assert sentence_ids(np.array([5, 0, 6, 1, 7, 1, 0])) == [5, 6]
    assert sentence_ids([1, 5]) == []
    assert sentence_ids([]) == []


def test_the_end_has_one_name_for_all_vocabularies():
    assert token_labels([2, 1, 0], ["a_", "<EOS>_", "<pad>_"]) == ["a_", "<EOS>", "<pad>_"]


@pytest.mark.parametrize(
    ("text", "expected"), [("Hi!", ["H", "i", "!"]), ("ä", ["\\xc3", "\\xa4"]), ("", [])]
)
def test_a_byte_is_its_character_or_its_number(text, expected):
    encoder = ByteTextEncoder()
    ids = [*encoder.encode(text), 1]
    assert token_labels(ids, encoder.decode_list(ids)) == [*expected, "<EOS>"]
