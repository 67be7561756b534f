import math

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.across_seeds import combined_p_value, paired_t_test, prediction_test


def t_tail(t, degrees, steps=20_000):
    """P(|T| > t) by Simpson's rule over the density of Student's t."""
    constant = math.gamma((degrees + 1) / 2) / (
        math.sqrt(degrees * math.pi) * math.gamma(degrees / 2)
    )
    width = t / steps
    total = 0.0
    for i in range(steps + 1):
        weight = 1 if i in (0, steps) else 4 if i % 2 else 2
        total += weight * (1 + (i * width) ** 2 / degrees) ** (-(degrees + 1) / 2)
    return 1 - 2 * constant * total * width / 3


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


@pytest.mark.parametrize("degrees", range(1, 9))
@pytest.mark.parametrize("t", [0.3, 1.0, 2.5, 6.0])
def test_t_test_against_the_integral(t, degrees):
    expected = pytest.approx(t_tail(t, degrees), abs=1e-8)
    assert paired_t_test(differences_with(t, degrees)) == expected
    assert paired_t_test([-d for d in differences_with(t, degrees)]) == expected


@pytest.mark.parametrize(("t", "degrees"), [(12.7062, 1), (4.30265, 2), (3.18245, 3), (2.77645, 4)])
def test_t_test_against_the_table(t, degrees):
    assert paired_t_test(differences_with(t, degrees)) == pytest.approx(0.05, abs=1e-5)


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


@pytest.mark.parametrize(("seeds", "quantile"), [((1.0, 2.0, 3.0), 4.30265), ((5.0, 9.0), 12.7062)])
def test_outside_of_the_prediction_interval(seeds, quantile):
    """p = 0.05 at mean ± t(0.975, n - 1) s sqrt(1 + 1/n)."""
    n, mean = len(seeds), sum(seeds) / len(seeds)
    s = math.sqrt(sum((x - mean) ** 2 for x in seeds) / (n - 1))
    for sign in (-1, 1):
        edge = mean + sign * quantile * s * math.sqrt(1 + 1 / n)
        assert prediction_test(seeds, edge) == pytest.approx(0.05, abs=1e-5)
        assert prediction_test(seeds, edge + sign) < 0.05 < prediction_test(seeds, edge - sign)
    assert prediction_test(seeds, mean) == pytest.approx(1.0)


def test_without_a_spread_nothing_is_predicted():
    assert prediction_test([1.0], 2.0) is None
    assert prediction_test([1.0, 1.0], 2.0) is None
