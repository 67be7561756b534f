"""One verdict from several seeds: what each seed's paired test says, put together.

Two things are left to chance, and each has its own test. Which sentences are in the test set:
`combined_p_value`, of the tests of each seed. Which seed the training got:
`paired_t_test`, of the differences between two systems seed by seed. `prediction_test` asks whether
one more run is like the seeds.
"""

import math
import statistics
from collections.abc import Sequence

from t2t_hint_nart.errors import InputError


def combined_p_value(differences: Sequence[float], p_values: Sequence[float]) -> float:
    """Combine two-sided p-values of seeds that share a test set.

    The seeds' tests are not independent, so Fisher's and Stouffer's methods would claim too much.
    Twice the mean of one-sided p-values is valid however they depend on each other (Vovk and Wang
    2020, https://doi.org/10.1093/biomet/asaa027); it is taken in the direction of the mean
    difference, and doubled again for having chosen that. One seed's p-value stays as it is.

    Args:
        differences: score of the system minus score of the baseline, one a seed.
        p_values: two-sided, of each difference.

    Returns:
        A two-sided p-value.

    Raises:
        InputError: if there are none or the counts differ.

    Example:
        >>> round(combined_p_value([1.2, 0.9, 1.5], [0.01, 0.03, 0.002]), 6)
        0.028
        >>> combined_p_value([1.2, -0.9], [0.01, 0.03])
        1.0
    """
    if not differences or len(differences) != len(p_values):
        raise InputError(
            f"{len(differences)} differences with {len(p_values)} p-values: "
            "one each is needed, of at least 1 seed"
        )
    if len(p_values) == 1:
        return p_values[0]
    sign = math.copysign(1.0, sum(differences))
    one_sided = [
        p / 2 if sign * difference > 0 else 1 - p / 2
        for difference, p in zip(differences, p_values, strict=True)
    ]
    return min(1.0, 4 * statistics.fmean(one_sided))


def paired_t_test(differences: Sequence[float]) -> float | None:
    """Return the two-sided p-value of Student's t-test that the mean difference is not 0.

    t = mean / (s / sqrt(n)) with n - 1 degrees of freedom, s the sample standard deviation.

    Args:
        differences: score of one system minus score of another, one a seed.

    Returns:
        None for fewer than 2 seeds, or if all differences are the same.

    Example:
        >>> round(paired_t_test([1.0, 2.0, 3.0]), 4)
        0.0742
    """
    return _t_test(differences, 0.0, 0)


def prediction_test(seeds: Sequence[float], value: float) -> float | None:
    """Return the two-sided p-value of one more run coming from where the seeds come from.

    t = (value - mean) / (s sqrt(1 + 1/n)) with n - 1 degrees of freedom, s the sample standard
    deviation: p < 0.05 is outside of the seeds' 95 % prediction interval.

    Args:
        seeds: a score, one a seed.
        value: the score of the run.

    Returns:
        None for fewer than 2 seeds, or if all have the same score.

    Example:
        >>> round(prediction_test([1.0, 2.0, 3.0], 2.0), 4)
        1.0
        >>> round(prediction_test([1.0, 2.0, 3.0], 7.0), 4)
        0.0494
    """
    return _t_test(seeds, value, 1)


def _t_test(values: Sequence[float], other: float, draws: int) -> float | None:
    """P-value of t = (other - mean) / (s sqrt(draws + 1/n)), None without a spread.

    `draws` is 0 for an `other` that is certain, 1 for one drawn as the values are.
    """
    if len(values) < 2 or not statistics.stdev(values):
        return None
    error = statistics.stdev(values) * math.sqrt(draws + 1 / len(values))
    return _two_sided(abs(other - statistics.fmean(values)) / error, len(values) - 1)


def _two_sided(t: float, degrees: int) -> float:
    """P(|T| > t), Abramowitz and Stegun (1964), 26.7.3 and 26.7.4."""
    angle = math.atan(t / math.sqrt(degrees))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = degrees % 2
    term = total = 0.0
    for step in range((degrees - odd) // 2):
        if step == 0:
            term = cosine if odd else 1.0
        else:
            numerator = 2 * step if odd else 2 * step - 1
            term *= cosine**2 * numerator / (numerator + 1)
        total += term
    within = 2 / math.pi * (angle + sine * total) if odd else sine * total
    return max(0.0, 1.0 - within)
