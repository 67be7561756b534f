import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.long_sentences import long_sentences


def sentence(length):
    return " ".join(["w"] * length)


def test_forty_tokens_and_more():
    sources = [sentence(39), *(sentence(40 + n) for n in range(10)), sentence(1)]
    chosen = long_sentences(sources)
    assert chosen.indices == tuple(range(1, 11))
    assert chosen.label == "source >= 40 tokens, 10 sentences"
    assert chosen.select([str(n) for n in range(12)]) == [str(n) for n in range(1, 11)]


def test_longest_tenth_where_long_ones_are_missing():
    sources = [sentence(n) for n in range(1, 31)]
    chosen = long_sentences(sources)
    assert chosen.indices == (27, 28, 29)
    assert chosen.label == "longest tenth, source >= 28 tokens, 3 sentences"


def test_nine_long_sentences_are_too_few():
    sources = [sentence(50)] * 9 + [sentence(30)] * 101
    chosen = long_sentences(sources)
    assert chosen.min_tokens == 30
    assert chosen.label.startswith("longest tenth")


def test_ties_are_all_in():
    assert long_sentences([sentence(3)] * 5).indices == (0, 1, 2, 3, 4)


def test_the_order_of_the_sentences_does_not_matter():
    sources = [sentence(n % 7) for n in range(25)]
    texts = set(long_sentences(sources).select(sources))
    backwards = sources[::-1]
    assert set(long_sentences(backwards).select(backwards)) == texts == {sentence(6)}


def test_no_sources():
    with pytest.raises(InputError, match="at least 1"):
        long_sentences([])
