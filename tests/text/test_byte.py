import pytest
from hypothesis import given

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text.byte import ByteTextEncoder
from tests.text.strategies import TEXTS

ENCODER = ByteTextEncoder()


@given(TEXTS)
def test_invertible(text):
    ids = ENCODER.encode(text)
    assert ids == [byte + 2 for byte in text.encode("utf-8")]
    assert ENCODER.least_tokens(text) == len(text) <= len(ids)
    assert ENCODER.decode([*ids, 1, 0], strip_extraneous=True) == text


def test_any_ids():
    assert ENCODER.vocab_size == 258
    assert ENCODER.decode([0, 99, 1]) == "<pad>a<EOS>"
    assert ENCODER.decode([257, 99]) == "\ufffda"
    assert ENCODER.decode_list([-1, 99, 258]) == [b"", b"a", b""]


def test_surrogates_and_bytes():
    assert ENCODER.decode(ENCODER.encode("\ud800")) == "\ufffd"
    with pytest.raises(InputError, match="expects a string, received bytes"):
        ENCODER.encode(b"a")
