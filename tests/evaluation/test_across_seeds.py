import math

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.across_seeds import combined_p_value, paired_t_test


def differences_with(t, degrees):
    """n differences whose t statistic is t."""
    n = degrees + 1
    values = (
        [(-1.0) ** i for i in range(n)]
        if n % 2 == 0
        else [0.0, *((-1.0) ** i for i in range(n - 1))]
    )
    deviation = math.sqrt(sum(v * v for v in values) / degrees)
    return [v + t * deviation / math.sqrt(n) for v in values]


@pytest.mark.parametrize(("t", "degrees"), [(12.7062, 1), (4.30265, 2), (3.18245, 3), (2.77645, 4)])
def test_t_test_against_the_table(t, degrees):
    differences = differences_with(t, degrees)
    assert paired_t_test(differences) == pytest.approx(0.05, abs=1e-5)
    assert paired_t_test([-d for d in differences]) == pytest.approx(0.05, abs=1e-5)


def test_one_seed_or_no_spread_cannot_be_tested():
    assert paired_t_test([1.0]) is None
    assert paired_t_test([1.0, 1.0]) is None


def test_combined_by_hand():
    # One-sided 0.01, 0.02, 0.03: mean 0.02, twice for combining, twice for two sides.
    assert combined_p_value([1, 2, 3], [0.02, 0.04, 0.06]) == pytest.approx(0.08)
    assert combined_p_value([-1, -2, -3], [0.02, 0.04, 0.06]) == pytest.approx(0.08)
    # The second seed says the opposite: 0.01 and 0.98 one-sided.
    assert combined_p_value([3, -1], [0.02, 0.04]) == 1.0
    assert combined_p_value([1], [0.03]) == 0.03


def test_dependent_seeds_do_not_multiply_evidence():
    assert combined_p_value([1] * 5, [0.04] * 5) >= 0.04


def test_counts_must_agree():
    for arguments in (([], []), ([1.0], [0.1, 0.2])):
        with pytest.raises(InputError, match="of at least 1 seed"):
            combined_p_value(*arguments)
