"""The word vocabulary in the graph equals the encoder in Python."""

import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text.token import TokenTextEncoder
from t2t_hint_nart.text.token_graph import TokenGraph

WORDS = ["<unk>", "good", "morning", "größer", "a_b", "語"]
ENCODERS = [
    TokenTextEncoder(vocab_list=WORDS, replace_oov="<unk>", reverse=reverse)
    for reverse in (False, True)
]
GRAPHS = [TokenGraph(encoder) for encoder in ENCODERS]
WHITE_SPACE = "".join(c for c in map(chr, range(0x3100)) if c.isspace())
TEXTS = st.lists(
    st.one_of(st.sampled_from([*WORDS, *WHITE_SPACE]), st.text(max_size=3)), max_size=8
).map("".join)


@pytest.mark.parametrize("which", [0, 1])
def test_every_white_space_separates(which):
    texts = [f"good{space}morning" for space in WHITE_SPACE] + [f" {WHITE_SPACE} good ", ""]
    assert GRAPHS[which].encode(texts).to_list() == [ENCODERS[which].encode(t) for t in texts]


@settings(max_examples=100, deadline=None)
@given(st.lists(TEXTS, min_size=1, max_size=4), st.sampled_from([0, 1]))
def test_encode(texts, which):
    assert GRAPHS[which].encode(texts).to_list() == [ENCODERS[which].encode(t) for t in texts]


@settings(max_examples=100, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 7), min_size=6, max_size=6), min_size=1, max_size=3),
    st.sampled_from([0, 1]),
)
def test_decode(rows, which):
    got = [line.decode() for line in GRAPHS[which].decode(rows).numpy()]
    assert got == [ENCODERS[which].decode(row, strip_extraneous=True) for row in rows]


def test_ids_outside_the_vocabulary_stand_for_nothing():
    assert GRAPHS[0].decode(tf.constant([[3, 99, -5, 4]])).numpy().tolist() == [b"good morning"]


def test_unknown_words_need_a_token():
    with pytest.raises(InputError, match="without a token for unknown words"):
        TokenGraph(TokenTextEncoder(vocab_list=["good"]))
