import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2t_hint_nart.text.escape import (
    ESCAPE_CHARACTERS,
    escape_token,
    longest_match,
    replace_surrogates,
    unescape_token,
)
from tests.text.strategies import CHARACTERS, TEXTS


@given(TEXTS, st.frozensets(CHARACTERS))
def test_invertible_in_any_alphabet(token, alphabet):
    alphabet |= set(ESCAPE_CHARACTERS)
    escaped = escape_token(token, alphabet)
    assert escaped.endswith("_")
    assert "_" not in escaped[:-1]
    assert set(escaped) <= alphabet - {"\n"}
    assert unescape_token(escaped[:-1]) == token


def test_newline_is_escaped_even_in_the_alphabet():
    assert escape_token("\n", {"\n"}) == "\\10;_"


@pytest.mark.parametrize(
    ("escaped", "token"),
    [
        ("\\u", "_"),
        ("\\\\u", "\\u"),
        ("\\\\\\u", "\\_"),
        ("\\", "\\"),
        ("\\12", "\\12"),
        ("\\;", "\\;"),
        ("\\12u;", "\\12u;"),
        ("\\\\12;", "\\12;"),
        ("\\0;", "\0"),
        ("\\" + "0" * 5000 + "65;", "A"),
        ("\\1114111;", "\U0010ffff"),
        ("\\1114112;", "〓"),
        ("\\10000000;", "〓"),
        ("\\" + "9" * 5000 + ";", "〓"),
        ("\\55295;", "\ud7ff"),
        ("\\55296;", "〓"),
        ("\\57343;", "〓"),
        ("\\57344;", "\ue000"),
        ("\\\u0663;", "\\\u0663;"),
    ],
)
def test_reading(escaped, token):
    assert unescape_token(escaped) == token


def test_surrogates_become_replacement_characters():
    assert replace_surrogates("\ud83d\ude00\ue000\ud7ff") == "\ufffd\ufffd\ue000\ud7ff"


def test_longest_first_though_it_costs_more_pieces():
    subtokens = {"a", "b", "c", "abc", "ab", "cd_", "d", "_"}
    assert longest_match("abcd_", subtokens, 3) == ["abc", "d", "_"]


def test_nothing_longer_than_the_bound():
    assert longest_match("ab_", {"a", "b", "ab", "_"}, 1) == ["a", "b", "_"]


def test_no_subtoken_fits():
    with pytest.raises(KeyError, match="x"):
        longest_match("ax_", {"a", "_"}, 1)
