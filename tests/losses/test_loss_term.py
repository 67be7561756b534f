"""Terms as sums and counts, and the one place where weights apply."""

import pytest
from keras import ops

from t2t_hint_nart.losses.term import LossTerm, weighted_sum


def term(total, count):
    return LossTerm(ops.convert_to_tensor(total), ops.convert_to_tensor(count))


def test_mean():
    assert float(term(6.0, 4.0).mean()) == 1.5


def test_mean_of_nothing_is_zero():
    assert float(term(0.0, 0.0).mean()) == 0.0


def test_weights_apply_to_means():
    terms = {"nll": term(6.0, 4.0), "hint_hidden": term(3.0, 2.0), "hint_align": term(1.0, 2.0)}
    weights = {"nll": 1.0, "hint_hidden": 5.0, "hint_align": 0.5}
    assert float(weighted_sum(terms, weights)) == pytest.approx(1.5 + 5.0 * 1.5 + 0.5 * 0.5)


def test_every_term_needs_a_weight():
    with pytest.raises(KeyError):
        weighted_sum({"new_term": term(1.0, 1.0)}, {"nll": 1.0})
