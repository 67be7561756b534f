import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text.subword import SubwordTextEncoder, unquote
from tests.text.strategies import SPACED, SYMBOLS, TEXTS
from tests.text.t2t_goldens import GOLDENS, SUBTOKENS

ENCODER = SubwordTextEncoder.from_subtokens(SUBTOKENS)
ESCAPES = list("\\_u;0123456789")
# Of its letters only n stands alone.
SPELLING = SubwordTextEncoder.from_subtokens(["<pad>", "<EOS>", "né_", "a ba_", "n", *ESCAPES])


@pytest.mark.parametrize(("text", "ids"), GOLDENS["encoded"])
def test_encodes_as_t2t(text, ids):
    assert ENCODER.encode(text) == ids
    assert ENCODER.decode(ids) == text


@pytest.mark.parametrize(("ids", "text"), GOLDENS["decoded"])
def test_decodes_as_t2t(ids, text):
    assert ENCODER.decode(ids) == text
    assert ENCODER.decode(np.array(ids)) == text


@given(TEXTS)
def test_invertible(text):
    ids = ENCODER.encode(text)
    assert all(2 <= id_ < ENCODER.vocab_size for id_ in ids)
    assert ENCODER.decode(ids) == text
    assert ENCODER.decode([*ids, 1, 5, 0], strip_extraneous=True) == text
    assert ENCODER.decode(ENCODER.encode_without_tokenizing(text)) == text


def test_lone_surrogates():
    assert ENCODER.decode(ENCODER.encode("a\ud83d\ude00")) == "a\ufffd\ufffd"
    assert ENCODER.decode(ENCODER.encode_without_tokenizing("\ud83d")) == "\ufffd"


@given(st.lists(st.integers(-5, 200)))
def test_any_ids_are_text_that_can_be_encoded_again(ids):
    text = ENCODER.decode(ids)
    assert ENCODER.decode(ENCODER.encode(text)) == text
    assert text.encode("utf-8").decode("utf-8") == text


def test_decode_list():
    assert ENCODER.decode_list([0, 5, 120, -1]) == ["<pad>_", "The_", "", ""]


def test_token_that_cannot_be_cut_is_spelled_out():
    assert SPELLING.decode_list(SPELLING.encode("né")) == ["né_"]
    assert SPELLING.decode_list(SPELLING.encode("én")) == [*"\\233;n_"]
    assert SPELLING.decode(SPELLING.encode("én né")) == "én né"


def test_empty_subtokens_hold_their_place():
    encoder = SubwordTextEncoder.from_subtokens(["<pad>", "<EOS>", "", "", "a_", *ESCAPES])
    assert encoder.encode("a") == [4]
    assert encoder.decode([2, 4, 3]) == "a"


@pytest.mark.parametrize("encoder", [ENCODER, SPELLING])
@given(st.one_of(TEXTS, SYMBOLS, st.sampled_from(SPACED)))
def test_a_text_has_the_least_tokens(encoder, text):
    assert 0 <= encoder.least_tokens(text) <= len(encoder.encode(text))


def test_least_tokens():
    words = ["<pad>", "<EOS>", "ababab", *ESCAPES]
    encoder = SubwordTextEncoder.from_subtokens(words)
    assert encoder.least_tokens("ababab" * 1000) == 1000
    assert encoder.least_tokens("a b c d e f g") == 2
    assert encoder.least_tokens("") == SubwordTextEncoder().least_tokens("") == 0


def test_only_short_tokens_are_cached():
    encoder = SubwordTextEncoder.from_subtokens(SUBTOKENS)
    for word in ("a" * 100, "a" * 101):
        assert encoder.encode(word) == encoder.encode(word) == ENCODER.encode(word)
    assert list(encoder._cache) == ["a" * 100]


def test_cache_is_bounded(monkeypatch):
    monkeypatch.setattr("t2t_hint_nart.text.subword._CACHED_TOKENS", 3)
    encoder = SubwordTextEncoder.from_subtokens(SUBTOKENS)
    text = "The dog sleeps the fox sleeps the dog"
    assert encoder.encode(text) == ENCODER.encode(text)
    assert len(encoder._cache) <= 3


def test_result_is_the_callers_own():
    ENCODER.encode_without_tokenizing("dog").append(7)
    ENCODER.encode("dog").append(7)
    assert ENCODER.encode("dog") == ENCODER.encode_without_tokenizing("dog")


@pytest.mark.parametrize("quote", ["'", '"', ""])
@pytest.mark.parametrize("end", ["", "_"])
def test_file_formats(tmp_path, quote, end):
    path = tmp_path / "vocab"
    subtokens = [f"<pad>{end}", f"<EOS>{end}", "wor", "ld_", *ESCAPES]
    path.write_text("".join(f"{quote}{s}{quote}\n" for s in subtokens))
    encoder = SubwordTextEncoder(path)
    assert encoder.subtokens == subtokens
    assert encoder.encode("world") == [2, 3]


def test_hello_world_in_a_file_of_t2ts_size(tmp_path):
    # T2T's English-German vocabulary has these subtokens at these ids.
    subtokens = ["<pad>", "<EOS>", *(f"{i}_" for i in range(2, 26229))]
    subtokens[26228], subtokens[145], subtokens[178] = "Hell", "o_", "world_"
    subtokens += ESCAPES
    path = tmp_path / "vocab"
    path.write_text("".join(f"'{s}'\n" for s in subtokens))
    assert SubwordTextEncoder(path).encode("Hello world") == [26228, 145, 178]


def test_stored_twice_is_byte_identical_and_loads_the_same(tmp_path):
    for name in ("one", "two"):
        ENCODER.store(tmp_path / name)
    content = (tmp_path / "one").read_bytes()
    assert content == (tmp_path / "two").read_bytes()
    assert content.startswith(b"'<pad>_'\n'<EOS>_'\n")
    loaded = SubwordTextEncoder(tmp_path / "one")
    assert loaded.subtokens == SUBTOKENS
    loaded.store(tmp_path / "one")
    assert (tmp_path / "one").read_bytes() == content


def test_subtokens_with_line_separators_survive_the_file(tmp_path):
    subtokens = ["<pad>", "<EOS>", "\r", "\x85", "\u2028", "\0", " ", "'", '"', *ESCAPES]
    SubwordTextEncoder.from_subtokens(subtokens).store(tmp_path / "vocab")
    assert SubwordTextEncoder(tmp_path / "vocab").subtokens == subtokens


def test_fingerprint_is_of_the_subtokens(tmp_path):
    path = tmp_path / "vocab"
    path.write_text("".join(f'"{s}"\n' for s in SUBTOKENS), encoding="utf-8")
    fingerprint = SubwordTextEncoder(path).fingerprint()
    assert fingerprint == ENCODER.fingerprint()
    assert re.fullmatch("[0-9a-f]{64}", fingerprint)
    other = SubwordTextEncoder.from_subtokens([*SUBTOKENS, "dogs and"])
    assert other.fingerprint() != fingerprint


@pytest.mark.parametrize(
    ("subtokens", "message"),
    [
        ([], r"is not a tensor2tensor subword vocabulary: it begins with \[\]"),
        (["the_", "of_", *ESCAPES], "begins with .*'the_', 'of_'.*allowed: .*'<pad>', '<EOS>'"),
        (["<pad>", "<EOS>", "a", *ESCAPES, "a"], "holds 'a' twice, on lines 3 and 18"),
        (["<pad>", "<EOS>", *ESCAPES[:-2]], "lacks the one-character subtokens '89'"),
        (["<pad>", "<EOS>", *ESCAPES, "a\nb"], "subtoken 16 is 'a\\\\nb'"),
        (["<pad>", "<EOS>", *ESCAPES, "\ud800"], "newlines and surrogates cannot be stored"),
    ],
)
def test_bad_vocabularies(subtokens, message):
    with pytest.raises(InputError, match=message) as caught:
        SubwordTextEncoder.from_subtokens(subtokens)
    assert "\n" not in str(caught.value)


def test_bad_file_is_named_and_changes_nothing(tmp_path):
    path = tmp_path / "vocab"
    path.write_text("'<pad>'\n'<EOS>'\n'a'\n")
    encoder = SubwordTextEncoder.from_subtokens(SUBTOKENS)
    with pytest.raises(InputError, match=r"vocabulary file .*vocab lacks .*truncated"):
        encoder.load(path)
    with pytest.raises(InputError, match="cannot read '"):
        encoder.load(tmp_path / "missing")
    assert encoder.subtokens == SUBTOKENS


def test_misuse():
    with pytest.raises(InputError, match="load one first"):
        SubwordTextEncoder().encode("a")
    with pytest.raises(InputError, match="expects a string, received bytes"):
        ENCODER.encode(b"a")


@pytest.mark.parametrize(
    ("line", "subtoken"),
    [
        ("'a_'", "a_"),
        ('"a_"', "a_"),
        ("a_", "a_"),
        ("''_'", "'_"),
        ("'\"'", '"'),
        ("'a_' \r", "a_"),
        ("'\x85'", "\x85"),
        ("'", ""),
        ("'a\"", "'a\""),
    ],
)
def test_quotes(line, subtoken):
    assert unquote(line) == subtoken
