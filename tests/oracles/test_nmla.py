"""Expected bigrams and lengths by formula against sums over all paths, and the loss's bounds."""

import numpy as np
import pytest

from tests.oracles import nmla


def random_probs(length, vocab_size, seed):
    return np.random.default_rng(seed).dirichlet(np.full(vocab_size, 0.7), length)


def certain(path, vocab_size):
    return np.eye(vocab_size)[path]


@pytest.mark.parametrize("length, vocab_size", [(1, 3), (2, 3), (5, 3), (4, 4)])
def test_formulas_are_the_expectations(length, vocab_size):
    probs = random_probs(length, vocab_size, seed=length)
    for u in range(1, vocab_size):
        for v in range(1, vocab_size):
            expected = nmla.bigram_count_brute_force(probs, u, v)
            assert nmla.bigram_count(probs, u, v) == pytest.approx(expected, rel=1e-12, abs=1e-15)
    assert nmla.expected_length(probs) == pytest.approx(nmla.length_brute_force(probs), rel=1e-12)
    assert nmla.expected_bigrams(probs) == pytest.approx(
        nmla.bigrams_brute_force(probs), rel=1e-12, abs=1e-15
    )


def test_all_bigrams_together():
    probs = random_probs(5, 4, seed=0)
    counts = [nmla.bigram_count(probs, u, v) for u in range(1, 4) for v in range(1, 4)]
    assert sum(counts) == pytest.approx(nmla.expected_bigrams(probs), rel=1e-12)


def test_a_merged_pair_is_no_bigram():
    assert nmla.bigram_count(certain([1, 1, 2], 3), 1, 1) == 0.0
    assert nmla.bigram_count(certain([1, 0, 1], 3), 1, 1) == 1.0
    assert nmla.bigram_count(certain([1, 1, 2], 3), 1, 2) == 1.0


def test_loss_by_hand():
    """1 2 1 2 has the bigrams 12 12 21; the sentence 1 2 3 has one of them and two in all."""
    probs = certain([1, 1, 0, 2, 3, 0], 4)
    assert nmla.nmla(probs, [1, 2, 1, 2]) == pytest.approx(-2.0 * 1.0 / (4 + 3 - 2))
    assert nmla.nmla(probs, [1, 2, 3]) == pytest.approx(-1.0)
    assert nmla.nmla(probs, [3, 2, 1]) == 0.0
    assert nmla.nmla(certain([1, 2, 0, 1, 2, 1, 2], 3), [1, 2]) == pytest.approx(-2 / (2 + 6 - 2))


@pytest.mark.parametrize("target", [[], [1]])
def test_without_bigrams_there_is_no_loss(target):
    assert nmla.nmla(random_probs(3, 3, 0), target) == 0.0
    assert nmla.nmla_exact_bigrams(random_probs(3, 3, 0), target) == 0.0


@pytest.mark.parametrize("seed", range(10))
def test_bounds(seed):
    target = [1, 2, 1, 1, 2][: 2 + seed % 4]
    probs = random_probs(6, 3, seed)
    assert -1.0 <= nmla.nmla_exact_bigrams(probs, target) <= 0.0
    assert nmla.nmla(probs, target) <= nmla.nmla_exact_bigrams(probs, target)


def test_loss_counts_minus_one_bigrams_in_an_empty_sentence():
    """Five times 1 with probability 0.38, blanks between: more than every bigram is matched."""
    row = [0.62, 0.38]
    probs = np.array([row, [1, 0], row, [1, 0], row, [1, 0], row, [1, 0], row])
    assert nmla.bigram_count(probs, 1, 1) == pytest.approx(nmla.bigrams_brute_force(probs))
    assert nmla.nmla(probs, [1, 1]) < -1.04
    assert -1.0 <= nmla.nmla_exact_bigrams(probs, [1, 1]) < -0.99


def test_matches_of_means_exceed_the_mean_of_matches():
    """Two chances for 1 2, each one half: one is expected, but there is one in 3 of 4 cases."""
    probs = (certain([1, 2, 1, 2], 3) + certain([2, 2, 2, 2], 3)) / 2.0
    mean = sum(p * min(nmla.bigrams(sentence)[1, 2], 1) for sentence, p in nmla.sentences(probs))
    assert mean == pytest.approx(0.75)
    assert nmla.matched(probs, [1, 2]) == pytest.approx(1.0)
