"""Glancing on cases worked out by hand, and its laws on random ones."""

import numpy as np
import pytest

from tests.oracles import ctc, glancing

# The most probable symbols of five positions are 1, 2, 0, 3, 1.
GUESS = [1, 2, 0, 3, 1]
LOG_PROBS = np.log(np.full((5, 4), 0.1) + 0.6 * np.eye(4)[GUESS])
ALL = [True] * 5


def test_schedule():
    steps = [0, 1, 2, 4, 9]
    ratios = [glancing.ratio_at(step, 0.5, 0.3, 4) for step in steps]
    assert ratios == pytest.approx([0.5, 0.45, 0.4, 0.3, 0.3])


def test_distance_counts_real_positions():
    assert glancing.hamming([1, 2, 3], [1, 3, 2], [True] * 3) == 2
    assert glancing.hamming([1, 2, 3], [1, 3, 2], [True, True, False]) == 1


@pytest.mark.parametrize("ratio, distance, count", [(0.5, 3, 1), (0.5, 4, 2), (0, 9, 0), (1, 9, 9)])
def test_count_is_rounded_down(ratio, distance, count):
    assert glancing.count_to_reveal(ratio, distance) == count


def test_the_smallest_numbers_the_lower_position_of_equal_ones():
    r = [0.5, 0.1, 0.5, 0.0, 0.5]
    assert glancing.revealed(2, r, ALL).tolist() == [False, True, False, True, False]
    assert glancing.revealed(3, r, ALL).tolist() == [True, True, False, True, False]
    assert glancing.revealed(2, r, [True] * 3 + [False] * 2).tolist() == [1, 1, 0, 0, 0]
    assert glancing.revealed(9, r, ALL).tolist() == ALL


def test_fixed_length_by_hand():
    """Three of four real positions are wrong; half of them is one; the right one may be drawn."""
    target, real, r = [1, 3, 3, 2, 0], [True] * 4 + [False], [0.2, 0.3, 0.4, 0.5, 0.1]
    reveal, tokens = glancing.glance(LOG_PROBS, target, real, r, 0.5)
    assert reveal.tolist() == [True, False, False, False, False]
    assert tokens == [1, -1, -1, -1, -1]
    _, tokens = glancing.glance(LOG_PROBS, target, real, r, 1.0)
    assert tokens == [1, 3, 3, -1, -1]


def test_ctc_by_hand():
    """On the first four positions the best path for 1 2 3 is 1 2 0 3, right already."""
    r, real = [0.4, 0.3, 0.2, 0.1, 0.0], [True] * 4 + [False]
    reveal, _ = glancing.glance_ctc(LOG_PROBS, [1, 2, 3], real, r, 1.0)
    assert not reveal.any()
    assert ctc.viterbi(LOG_PROBS[:4], [3, 3])[0] == [3, 0, 0, 3]
    reveal, tokens = glancing.glance_ctc(LOG_PROBS, [3, 3], real, r, 1.0)
    assert tokens == [-1, -1, 0, 3, -1]
    assert reveal.tolist() == [False, False, True, True, False]


def test_ctc_shows_nothing_where_nothing_fits():
    reveal, tokens = glancing.glance_ctc(LOG_PROBS, [1, 1, 1], [True] * 4 + [False], [0] * 5, 1.0)
    assert not reveal.any() and tokens == [-1] * 5


def test_padding_changes_nothing():
    generator, count = np.random.default_rng(0), 0
    real = [True] * 4 + [False] * 2
    for _ in range(5):
        log_probs, r = ctc.log_probs_of(generator.normal(size=(6, 4))), generator.uniform(size=6)
        for function, target in ((glancing.glance, [3, 1, 2, 2]), (glancing.glance_ctc, [3, 1])):
            padded = target + [0] * 2 if function is glancing.glance else target
            reveal, tokens = function(log_probs, padded, real, r, 0.7)
            short_reveal, short_tokens = function(log_probs[:4], target, ALL[:4], r[:4], 0.7)
            assert reveal.tolist() == [*short_reveal, False, False]
            assert tokens == [*short_tokens, -1, -1]
            count += reveal.sum()
    assert count > 10
