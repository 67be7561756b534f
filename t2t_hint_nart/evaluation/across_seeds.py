"""One verdict from several seeds: what each seed's paired test says, put together.

Two things are left to chance, and each has its own test. Which sentences are in the test set:
`combined_p_value`, of the tests of each seed. Which seed the training got:
`paired_t_test`, of the differences between two systems seed by seed.
"""

import math
import statistics
from collections.abc import Sequence

from scipy.stats import ttest_1samp

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
    if len(differences) < 2 or not statistics.stdev(differences):
        return None
    return float(ttest_1samp(differences, 0.0).pvalue)
