import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hints.calibration import calibrate
from t2t_hint_nart.losses.term import LossTerm

HINTS = {"hint_hidden": "hint_hidden_weight", "hint_align": "hint_align_weight"}


def calibrated(*measured):
    return calibrate(measured, "nll", HINTS)


def batch(nll, hidden, align, **others):
    terms = {"nll": nll, "hint_hidden": hidden, "hint_align": align, **others}
    return {name: LossTerm(*term) for name, term in terms.items()}


def test_weights_make_the_means_over_all_batches_equal():
    """Means over sentences and tokens, not over batches: a large batch counts more."""
    measured = [
        batch((30.0, 10.0), (4.0, 2.0), (1.0, 2.0), gate_fraction=(1.0, 4.0)),
        batch((10.0, 10.0), (0.0, 6.0), (3.0, 6.0), gate_fraction=(0.0, 4.0)),
    ]
    found = calibrated(*measured)
    assert found.terms == {
        "nll": 2.0, "hint_hidden": 0.5, "hint_align": 0.5, "gate_fraction": 0.125
    }  # fmt: skip
    assert found.weights == {"hint_hidden_weight": 4.0, "hint_align_weight": 4.0}
    assert found.batches == 2
    assert found.flags() == "hint_hidden_weight=4,hint_align_weight=4"


def test_a_term_that_is_zero_gets_no_weight():
    found = calibrated(batch((3.0, 1.0), (0.0, 5.0), (0.5, 1.0)))
    assert found.weights == {"hint_hidden_weight": None, "hint_align_weight": 6.0}
    assert found.flags() == "hint_align_weight=6"


def test_a_term_without_a_pair_is_zero():
    """Every sentence has one token: no pair, no division by zero."""
    found = calibrated(batch((3.0, 1.0), (0.0, 0.0), (0.5, 1.0)))
    assert found.terms["hint_hidden"] == 0.0 and found.weights["hint_hidden_weight"] is None


def test_flags_have_three_digits():
    found = calibrated(batch((1.0, 1.0), (3.0, 1.0), (700.0, 1.0)))
    assert found.flags() == "hint_hidden_weight=0.333,hint_align_weight=0.00143"


def test_other_terms_are_made_equal_to_another_criterion():
    measured = [{"ctc": LossTerm(12.0, 2.0), "order": LossTerm(3.0, 1.0)}]
    found = calibrate(measured, "ctc", {"order": "order_weight"})
    assert found.weights == {"order_weight": 2.0} and found.flags() == "order_weight=2"


def test_no_batch_is_refused():
    with pytest.raises(InputError, match="no batch of training data"):
        calibrated()
