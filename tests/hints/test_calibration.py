import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hints.calibration import calibrate
from t2t_hint_nart.losses.loss_term import LossTerm


def batch(nll, hidden, align, **others):
    terms = {"nll": nll, "hint_hidden": hidden, "hint_align": align, **others}
    return {name: LossTerm(*term) for name, term in terms.items()}


def test_weights_make_the_means_over_all_batches_equal():
    """Means over sentences and tokens, not over batches: a large batch counts more."""
    measured = [
        batch((30.0, 10.0), (4.0, 2.0), (1.0, 2.0), gate_fraction=(1.0, 4.0)),
        batch((10.0, 10.0), (0.0, 6.0), (3.0, 6.0), gate_fraction=(0.0, 4.0)),
    ]
    found = calibrate(measured)
    assert found.terms == {
        "nll": 2.0, "hint_hidden": 0.5, "hint_align": 0.5, "gate_fraction": 0.125
    }  # fmt: skip
    assert (found.hint_hidden_weight, found.hint_align_weight) == (4.0, 4.0)
    assert found.batches == 2
    assert found.flags() == "hint_hidden_weight=4,hint_align_weight=4"


def test_a_term_that_is_zero_gets_no_weight():
    found = calibrate([batch((3.0, 1.0), (0.0, 5.0), (0.5, 1.0))])
    assert (found.hint_hidden_weight, found.hint_align_weight) == (None, 6.0)
    assert found.flags() == "hint_align_weight=6"


def test_a_term_without_a_pair_is_zero():
    """Every sentence has one token: no pair, no division by zero."""
    found = calibrate([batch((3.0, 1.0), (0.0, 0.0), (0.5, 1.0))])
    assert found.terms["hint_hidden"] == 0.0 and found.hint_hidden_weight is None


def test_flags_have_three_digits():
    found = calibrate([batch((1.0, 1.0), (3.0, 1.0), (700.0, 1.0))])
    assert found.flags() == "hint_hidden_weight=0.333,hint_align_weight=0.00143"


def test_no_batch_is_refused():
    with pytest.raises(InputError, match="no batch of training data"):
        calibrate([])
