"""Prefix beam search against all sentences, and where pruning shows."""

import numpy as np
import pytest

from tests.oracles import ctc, prefix_beam
from tests.oracles.n_gram_model import END_ID, NGramModel

MODEL = NGramModel([[2, 3], [2, 3, 3], [2, 2, 3], [3]], 3, 4)


def random_log_probs(length, vocab_size, seed=0):
    return ctc.log_probs_of(np.random.default_rng(seed).normal(size=(length, vocab_size)) * 2.0)


def same(found, expected):
    assert [ids for ids, _ in found] == [ids for ids, _ in expected]
    np.testing.assert_allclose([s for _, s in found], [s for _, s in expected], rtol=1e-10)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"beta": 1.5},
        {"lm": MODEL.log_prob, "alpha": 0.8, "beta": 0.5},
        {"lm": MODEL.log_prob, "alpha": 0.8, "beta": 0.5, "end_id": END_ID},
    ],
)
def test_a_wide_beam_ranks_all_sentences(options, seed):
    log_probs = random_log_probs(4, 4, seed)
    expected = prefix_beam.exhaustive_search(log_probs, **options)
    assert len(expected) > 50
    same(prefix_beam.prefix_beam_search(log_probs, 1000, **options), expected)


def test_the_best_sentence_is_not_that_of_the_best_path():
    """Blank twice is the best path, 0.36; but three paths say 1, 0.64 together."""
    log_probs = np.log([[0.6, 0.4]] * 2)
    (first, score), (second, _) = prefix_beam.prefix_beam_search(log_probs, 2)
    assert (first, second) == ((1,), ())
    assert score == pytest.approx(np.log(0.64))
    assert prefix_beam.prefix_beam_search(log_probs, 1)[0][0] == ()


def test_the_language_model_decides():
    log_probs = np.log([[0.02, 0.01, 0.48, 0.49], [0.02, 0.01, 0.48, 0.49]])
    plain = prefix_beam.prefix_beam_search(log_probs, 20)
    with_lm = prefix_beam.prefix_beam_search(log_probs, 20, MODEL.log_prob, 3.0, 2.0)
    assert plain[0][0] == (3,) and with_lm[0][0] == (2, 3)


@pytest.mark.parametrize("beam_size", [1, 2, 4])
def test_a_narrow_beam_loses_paths_never_gains(beam_size):
    exact = dict(prefix_beam.exhaustive_search(random_log_probs(5, 4)))
    found = prefix_beam.prefix_beam_search(random_log_probs(5, 4), beam_size)
    assert len(found) == beam_size
    assert all(score <= exact[ids] + 1e-12 for ids, score in found)
    assert any(score < exact[ids] - 1e-6 for ids, score in found)


def test_labels_limit_growth_alone():
    """1 is never among the best; 2 repeats at the second position though 3 is better there."""
    log_probs = np.log([[0.2, 0.1, 0.4, 0.3], [0.1, 0.1, 0.3, 0.5]])
    found = dict(prefix_beam.prefix_beam_search(log_probs, 20, labels=1))
    assert set(found) == {(), (2,), (3,), (2, 3)}
    assert found[(2,)] == pytest.approx(np.log(0.4 * 0.1 + 0.4 * 0.3))
    assert found[(3,)] == pytest.approx(np.log(0.2 * 0.5))


def test_equal_scores_in_the_order_of_ids():
    found = prefix_beam.prefix_beam_search(np.log([[0.4, 0.3, 0.3]]), 2)
    assert [ids for ids, _ in found] == [(), (1,)]


def test_equal_scores_in_whatever_order_they_were_found():
    assert prefix_beam.ranked([((2,), 0.0), ((1, 2), 0.0)]) == [((1, 2), 0.0), ((2,), 0.0)]


def test_pruning_is_by_the_whole_score():
    log_probs = np.log([[0.6, 0.4]])
    assert prefix_beam.prefix_beam_search(log_probs, 1)[0][0] == ()
    assert prefix_beam.prefix_beam_search(log_probs, 1, beta=1.0)[0][0] == (1,)
    assert prefix_beam.prefix_beam_search(log_probs, 1, lambda *_: 1.0, alpha=1.0)[0][0] == (1,)


def test_impossible_labels_are_no_results():
    log_probs = np.log([[0.5, 0.5, 1e-300]] * 2)
    log_probs[:, 2] = -np.inf
    assert {ids for ids, _ in prefix_beam.prefix_beam_search(log_probs, 20)} == {(), (1,)}
