"""The n-gram model by hand, and that it is a distribution whatever came before."""

import itertools

import numpy as np
import pytest

from tests.oracles.n_gram_model import NGramModel, estimated_discount, n_gram_counts

SENTENCES = [[2, 3], [2, 3, 3], [2, 4], [3], []]


def test_counts():
    one, two = n_gram_counts(SENTENCES, 2)
    assert one == {(): {1: 5, 2: 3, 3: 4, 4: 1}}
    assert two == {
        (0,): {2: 3, 3: 1, 1: 1},
        (2,): {3: 2, 4: 1},
        (3,): {1: 3, 3: 1},
        (4,): {1: 1},
    }


def test_discounts():
    _, two = n_gram_counts(SENTENCES, 2)
    assert estimated_discount(two) == pytest.approx(5 / (5 + 2 * 1))
    assert estimated_discount({(): {2: 1, 3: 3}}) == estimated_discount({(): {2: 2}}) == 0.5


def test_by_hand():
    """V = 6, so 5 ids can follow; the one-gram of 3 is seen 4 times of 13, that of 5 never."""
    model = NGramModel(SENTENCES, 2, 6, discounts=[0.5, 0.7])
    one_gram = (4 - 0.5) / 13 + 0.5 * 4 / 13 / 5
    assert model.probability([2], 3) == pytest.approx((2 - 0.7) / 3 + 0.7 * 2 / 3 * one_gram)
    assert model.probability([4, 2], 3) == model.probability([2], 3)
    assert model.probability([], 3) == pytest.approx((1 - 0.7) / 5 + 0.7 * 3 / 5 * one_gram)
    assert model.probability([2], 5) == pytest.approx(0.7 * 2 / 3 * 0.5 * 4 / 13 / 5)
    assert model.probability([5], 3) == pytest.approx(one_gram)


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_probabilities_sum_to_one(order):
    model = NGramModel(SENTENCES, order, 7)
    for length in range(4):
        for history in itertools.product(range(2, 7), repeat=length):
            probabilities = [model.probability(history, word) for word in range(1, 7)]
            assert min(probabilities) > 0.0
            assert sum(probabilities) == pytest.approx(1.0, rel=1e-12)


def test_sentence():
    model = NGramModel(SENTENCES, 3, 6)
    steps = [model.probability([], 2), model.probability([2], 3), model.probability([2, 3], 1)]
    assert model.sentence_log_prob([2, 3]) == pytest.approx(np.log(np.prod(steps)))
    assert model.sentence_log_prob([2, 3], with_end=False) == pytest.approx(
        np.log(steps[0] * steps[1])
    )
