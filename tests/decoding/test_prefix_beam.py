"""Prefix beam search and the n-gram model against the oracles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from t2t_hint_nart.decoding.n_gram_model import NGramModel
from t2t_hint_nart.decoding.prefix_beam import prefix_beam_search
from t2t_hint_nart.errors import InputError
from tests.oracles import n_gram_model as n_gram_oracle
from tests.oracles import prefix_beam as oracle

VOCAB = 5
END = n_gram_oracle.END_ID
TEXT = [[2, 3, 2], [2, 3, 4, 4], [3], [], [2, 3, 2, 4], [4, 4, 4, 2], [3, 2], [2, 3]]


def models(order, sentences=TEXT, vocab_size=VOCAB):
    return (
        NGramModel.of(sentences, order, vocab_size),
        n_gram_oracle.NGramModel(sentences, order, vocab_size),
    )


def histories(model, sentence):
    """What the model makes of every beginning of a sentence."""
    history = model.start
    for id_ in [*sentence, None]:
        yield history
        if id_ is not None:
            history = model.after(history, id_)


@settings(max_examples=25)
@given(
    text=st.lists(st.lists(st.integers(2, 6), max_size=6), min_size=1, max_size=6),
    order=st.integers(1, 5),
    sentence=st.lists(st.integers(2, 6), max_size=6),
)
def test_an_n_gram_model_is_the_oracles(text, order, sentence):
    model, expected = models(order, text, 7)
    for place, history in enumerate(histories(model, sentence)):
        got = model.log_probs(history)
        wanted = [expected.log_prob(sentence[:place], word) for word in range(1, 7)]
        np.testing.assert_allclose(got[1:], wanted, rtol=1e-12)
        assert got[0] == -np.inf
        assert np.exp(got).sum() == pytest.approx(1.0)


def test_rows_that_were_let_go_are_made_again(monkeypatch):
    monkeypatch.setattr("t2t_hint_nart.decoding.n_gram_model._KEPT_NUMBERS", 40 + 3 * VOCAB)
    model, expected = models(3)
    for _ in range(2):
        for place, history in enumerate(histories(model, [2, 3, 4, 4, 2, 2])):
            wanted = expected.log_prob([2, 3, 4, 4, 2, 2][:place], 3)
            assert model.log_probs(history)[3] == pytest.approx(wanted, rel=1e-12)
    assert len(model._rows) <= 4


def test_a_file_holds_all_of_it(tmp_path):
    model, _ = models(3)
    model.write(tmp_path / "3grams.npz")
    again = NGramModel.read(tmp_path / "3grams.npz")
    assert (again.order, again.vocab_size) == (3, VOCAB)
    for history in histories(model, [2, 3, 4, 4, 2]):
        np.testing.assert_array_equal(again.log_probs(history), model.log_probs(history))
    whole = (tmp_path / "3grams.npz").read_bytes()
    for damaged in (b"", b"text", whole[: len(whole) // 2], whole[:-200]):
        (tmp_path / "other").write_bytes(damaged)
        with pytest.raises(InputError, match="other is no n-gram model; t2t-distill"):
            NGramModel.read(tmp_path / "other")
    with pytest.raises(InputError, match="^There is no n-gram model .*; t2t-distill"):
        NGramModel.read(tmp_path / "missing")


def test_an_order_that_needs_too_large_numbers():
    with pytest.raises(InputError, match="order 9 and 32000 ids isn't.* from 1 to 5"):
        NGramModel.of(TEXT, 9, 32000)
    NGramModel.of(TEXT, 5, 32000)


def sharp(length, seed, scale=1.5):
    """Log probabilities float64[L, V] with a peak at each position, that of EOS at some."""
    logits = np.random.default_rng(seed).normal(scale=scale, size=(length, VOCAB))
    return logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))


def compare(got, expected):
    assert [ids for ids, _ in got] == [ids for ids, _ in expected]
    np.testing.assert_allclose([s for _, s in got], [s for _, s in expected], rtol=1e-10)


def without_eos(log_probs):
    """The oracle knows no label that is never said: the same as one of probability 0."""
    return np.where(np.arange(VOCAB) == END, -np.inf, log_probs)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("weight", "bonus"), [(0.0, 0.0), (0.7, 0.0), (0.0, 0.5), (0.7, 1.1)])
def test_all_prefixes_give_what_an_exhaustive_search_gives(seed, weight, bonus):
    log_probs = sharp(4, seed)
    model, lm = models(3)
    expected = oracle.exhaustive_search(
        without_eos(log_probs), lm.log_prob, weight, bonus, END if weight else None
    )
    compare(prefix_beam_search(log_probs, 1000, model, weight, bonus), expected)


@pytest.mark.parametrize("beam_size", [1, 2, 5])
@pytest.mark.parametrize("tokens", [0, 1, 2])
@pytest.mark.parametrize("weight", [0.0, 0.6])
def test_a_beam_is_the_oracles(beam_size, tokens, weight):
    model, lm = models(2)
    for seed in range(8):
        log_probs = sharp(9, seed)
        expected = oracle.prefix_beam_search(
            without_eos(log_probs),
            beam_size,
            lm.log_prob,
            weight,
            0.3,
            END if weight else None,
            tokens or None,
        )
        got = prefix_beam_search(log_probs, beam_size, model, weight, 0.3, tokens)
        compare(got, expected)


def test_a_beam_of_one_is_not_the_best_path_collapsed():
    # Blank is most probable twice, but the paths of 2, together, are more probable than silence.
    log_probs = np.log(np.array([[0.55, 0.01, 0.42, 0.01, 0.01]] * 2))
    assert log_probs.argmax(axis=1).tolist() == [0, 0]
    best = prefix_beam_search(log_probs, 2)[0]
    assert best.ids == (2,)
    assert best.score == pytest.approx(np.log(2 * 0.55 * 0.42 + 0.42**2))
