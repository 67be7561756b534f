import sys
import unicodedata
from itertools import groupby, pairwise

import pytest
from hypothesis import given

from t2t_hint_nart.text import tokenizer
from tests.text.strategies import TEXTS


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        (" ", [" "]),
        ("a b", ["a", "b"]),
        (" a", [" ", "a"]),
        ("a ", ["a", " "]),
        ("a  b", ["a", "  ", "b"]),
        ("a\nb", ["a", "\n", "b"]),
        ("a_b", ["a", "_", "b"]),
        (". .", [". ."]),
        ("x² ½", ["x²", "½"]),
        ("e\u0301t", ["e", "\u0301", "t"]),
        ("日本 \U0001f600", ["日本", " \U0001f600"]),
    ],
)
def test_tokens(text, tokens):
    assert tokenizer.encode(text) == tokens


def test_alphanumeric_is_unicodes_letters_and_numbers():
    everything = [*map(chr, range(sys.maxunicode + 1))]
    expected = [unicodedata.category(character)[0] in "LN" for character in everything]
    assert [*map(tokenizer.is_alphanumeric, everything)] == expected
    runs = [len([*run]) for _, run in groupby(expected)]
    assert [*map(len, tokenizer.encode("".join(everything)))] == runs


@given(TEXTS)
def test_invertible(text):
    assert tokenizer.decode(tokenizer.encode(text)) == text


@given(TEXTS)
def test_neighbours_differ_in_kind_or_imply_a_space(text):
    kinds = [{tokenizer.is_alphanumeric(c) for c in token} for token in tokenizer.encode(text)]
    assert all(len(kind) == 1 for kind in kinds)
    assert not any(a == b == {False} for a, b in pairwise(kinds))


def test_decode_looks_at_first_characters_only():
    assert tokenizer.decode(["a.", "b", "", "c", "-d", "e"]) == "a. b c-de"
