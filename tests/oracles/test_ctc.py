"""CTC by recursion against sums over all paths, its gradient against differences of such sums."""

import itertools

import numpy as np
import pytest

from tests.central_differences import central_differences
from tests.oracles import ctc

# (L, V, target): room to spare, none, a repeat that needs a blank, one position, nothing to say.
CASES = [
    (6, 4, [1, 2, 3]),
    (5, 3, [1, 1, 2]),
    (4, 3, [1, 2, 1]),
    (4, 3, [2, 1, 1]),
    (3, 3, [2, 2]),
    (3, 3, [1, 2, 1]),
    (1, 3, [2]),
    (4, 3, []),
    (1, 2, []),
]


def random_logits(length, vocab_size, seed=0):
    return np.random.default_rng(seed).normal(size=(length, vocab_size)) * 2.0


@pytest.mark.parametrize(
    "path, sentence",
    [
        ([0, 1, 1, 0, 1, 2, 2, 0], [1, 1, 2]),
        ([1, 0, 0, 1], [1, 1]),
        ([1, 1, 1], [1]),
        ([0, 0], []),
        ([], []),
    ],
)
def test_collapse(path, sentence):
    assert ctc.collapse(path) == sentence


def test_collapse_with_another_blank():
    assert ctc.collapse([0, 0, 4, 0, 4], blank=4) == [0, 0]


def test_by_hand():
    """Two positions, target (1): paths 01, 10, 11."""
    log_probs = np.log([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]])
    expected = -np.log(0.2 * 0.1 + 0.5 * 0.6 + 0.5 * 0.1)
    assert ctc.ctc_brute_force(log_probs, [1]) == pytest.approx(expected, rel=1e-14)
    assert ctc.ctc(log_probs, [1]) == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("length, vocab_size, target", CASES)
def test_recursion_is_the_sum_over_paths(length, vocab_size, target):
    log_probs = ctc.log_probs_of(random_logits(length, vocab_size))
    expected = ctc.ctc_brute_force(log_probs, target)
    assert np.isfinite(expected)
    assert ctc.ctc(log_probs, target) == pytest.approx(expected, rel=1e-12)


def test_all_sentences_share_all_probability():
    log_probs = ctc.log_probs_of(random_logits(4, 3))
    targets = [y for u in range(5) for y in itertools.product([1, 2], repeat=u)]
    assert sum(np.exp(-ctc.ctc(log_probs, y)) for y in targets) == pytest.approx(1.0, rel=1e-12)


@pytest.mark.parametrize("length", [1, 2, 3, 4])
def test_what_does_not_fit(length):
    log_probs = ctc.log_probs_of(random_logits(length, 3))
    for target in itertools.chain.from_iterable(
        itertools.product([1, 2], repeat=u) for u in range(4)
    ):
        refused = ctc.infeasible(length, target)
        assert np.isinf(ctc.ctc_brute_force(log_probs, target)) == refused
        assert np.isinf(ctc.ctc(log_probs, target)) == refused
        assert (ctc.viterbi(log_probs, target) == (None, -np.inf)) == refused
    with pytest.raises(ValueError, match="no path of"):
        ctc.posterior(log_probs, [1] * (length + 1))


@pytest.mark.parametrize("length, vocab_size, target", CASES[1:])
def test_gradient(length, vocab_size, target):
    logits = random_logits(length, vocab_size)
    expected = central_differences(
        lambda x: ctc.ctc_brute_force(ctc.log_probs_of(x), target), logits, 1e-5
    )
    np.testing.assert_allclose(ctc.ctc_gradient(logits, target), expected, atol=1e-8)


def test_posterior_by_enumeration():
    log_probs = ctc.log_probs_of(random_logits(5, 3))
    expected = np.zeros((5, 3))
    for path in ctc.paths_to(5, 3, [1, 1, 2]):
        for t, symbol in enumerate(path):
            expected[t, symbol] += np.exp(ctc.path_log_prob(log_probs, path))
    expected *= np.exp(ctc.ctc_brute_force(log_probs, [1, 1, 2]))
    np.testing.assert_allclose(ctc.posterior(log_probs, [1, 1, 2]), expected, rtol=1e-12)


@pytest.mark.parametrize("epsilon", [0.0, 0.1, 1.0])
def test_smoothed(epsilon):
    logits, target = random_logits(4, 3), [1, 2, 1]
    log_probs = ctc.log_probs_of(logits)
    term = -3.0 * np.mean(log_probs) * epsilon
    term += (1.0 - epsilon) * ctc.ctc_brute_force(log_probs, target)
    assert ctc.smoothed(logits, target, epsilon) == pytest.approx(term, rel=1e-12)
    expected = central_differences(lambda x: ctc.smoothed(x, target, epsilon), logits, 1e-5)
    np.testing.assert_allclose(ctc.smoothed_gradient(logits, target, epsilon), expected, atol=1e-8)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("length, vocab_size, target", CASES)
def test_best_path(length, vocab_size, target, seed):
    log_probs = ctc.log_probs_of(random_logits(length, vocab_size, seed))
    path, score = ctc.viterbi(log_probs, target)
    assert ctc.collapse(path) == target
    assert (path, score) == ctc.viterbi_brute_force(log_probs, target)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("length, vocab_size, target", CASES)
def test_best_path_among_equals(length, vocab_size, target, seed):
    """Scores of whole numbers, so that many paths have the same."""
    scores = np.random.default_rng(seed).integers(0, 2, (length, vocab_size)).astype(float)
    assert ctc.viterbi(scores, target) == ctc.viterbi_brute_force(scores, target)


def test_of_equal_paths_the_latest_states():
    assert ctc.viterbi(np.zeros((4, 3)), [1, 2])[0] == [1, 2, 0, 0]
    assert ctc.viterbi(np.zeros((5, 3)), [1, 1])[0] == [1, 0, 1, 0, 0]


def test_states_of_a_path():
    path = [0, 3, 3, 0, 3, 2, 0]
    assert ctc.path_states(path) == [-1, 0, 0, -1, 1, 2, -1]
    assert ctc.extended_states(path) == [0, 1, 1, 2, 3, 5, 6]
    assert ctc.label_runs(ctc.path_states(path), 3) == [[1, 2], [4], [5]]
    assert ctc.label_runs(ctc.path_states(path), 3, shown=[1, 3, 4]) == [[2], [], [5]]
    assert ctc.path_states([]) == [] and ctc.label_runs([-1], 0) == []


def test_representative():
    log_probs = np.log([[0.1, 0.5, 0.4], [0.1, 0.7, 0.2], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]])
    runs = ctc.label_runs(ctc.path_states([1, 1, 1, 2]), 2)
    assert ctc.representative(log_probs, runs, [1, 2]) == [1, 3]
    assert ctc.representative(log_probs, [[2], []], [1, 2]) == [2, -1]
