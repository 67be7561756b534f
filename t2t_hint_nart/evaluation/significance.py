"""Is one system better than another, or just luckier?

Which sentences are in the test set is left to chance: approximate randomization. If two systems
were equally good, it would not matter which of the two made a translation: the test swaps the two
translations of a sentence by the toss of a coin, for all sentences, and counts how often the
difference comes out larger than it is; `combined_p_value` puts several seeds' tests together. Which
seed the training got is left to chance too: `paired_t_test` of the differences seed by seed.

References: Noreen (1989), "Computer-Intensive
Methods for Testing Hypotheses"; Riezler and Maxwell (2005), https://aclanthology.org/W05-0908.

sacrebleu's other test, its paired bootstrap, is not used: it subtracts the mean of the *absolute*
differences, so that its p-values are about half of two-sided ones and never near 1.
"""

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.significance import PairedTest, Result
from scipy.stats import ttest_1samp

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.bleu import check_aligned

# sacrebleu's own default.
TRIALS = 10_000


@dataclass(frozen=True)
class PairedComparison:
    """The BLEU (13a), 0 to 100, of two systems on the same sentences and whether they differ.

    Attributes:
        difference: system minus baseline.
        p_value: probability of so large a difference, in either direction, if the systems were
            equally good.
        signature: of sacrebleu, with seed and number of trials.
    """

    baseline: str
    system: str
    difference: float
    p_value: float
    signature: str


def paired_randomization(
    references: Sequence[str],
    baseline: tuple[str, Sequence[str]],
    systems: Mapping[str, Sequence[str]],
    trials: int = TRIALS,
) -> list[PairedComparison]:
    """Compare each system with a baseline by sacrebleu's paired approximate randomization.

    The trials follow sacrebleu's seed, 12345 unless the environment sets SACREBLEU_SEED, and are
    the same for all systems.

    Args:
        references: one reference a sentence.
        baseline: name and plain translations of the system to compare with.
        systems: plain translations of the others by name.
        trials: number of random swaps.
    """
    if trials < 1:
        raise InputError(
            f"a randomization test of {trials} trials: at least 1 is needed, {TRIALS} are usual"
        )
    for hypotheses in (baseline[1], *systems.values()):
        check_aligned(hypotheses, references)
    if not systems:
        return []
    test = PairedTest(
        [baseline, *systems.items()],
        {"BLEU": BLEU(force=True)},
        [references],
        test_type="ar",
        n_samples=trials,
    )
    signatures, results = test()
    first, *others = (result for result in results["BLEU"] if isinstance(result, Result))
    return [
        PairedComparison(
            baseline=baseline[0],
            system=name,
            difference=float(result.score - first.score),
            p_value=_p_value(first, result),
            signature=str(signatures["BLEU"]),
        )
        for name, result in zip(systems, others, strict=True)
    ]


def _p_value(baseline: Result, system: Result) -> float:
    # Where no trial differs at all, sacrebleu's count comes out as 1 / (trials + 1).
    if system.p_value is None or system.score == baseline.score:
        return 1.0
    return float(system.p_value)


def all_pairs(
    references: Sequence[str],
    systems: Mapping[str, Sequence[str]],
    trials: int = TRIALS,
    wanted: Callable[[str, str], bool] = lambda baseline, system: True,
) -> list[PairedComparison]:
    """Compare every two systems, the one named earlier as the baseline; of these the wanted."""
    names = list(systems)
    comparisons = []
    for index, baseline in enumerate(names):
        others = {name: systems[name] for name in names[index + 1 :] if wanted(baseline, name)}
        comparisons += paired_randomization(
            references, (baseline, systems[baseline]), others, trials
        )
    return comparisons


def combined_p_value(differences: Sequence[float], p_values: Sequence[float]) -> float:
    """Combine two-sided p-values of seeds that share a test set, one for each difference.

    The seeds' tests are not independent, so Fisher's and Stouffer's methods would claim too much.
    Twice the mean of one-sided p-values is valid however they depend on each other (Vovk and Wang
    2020, https://doi.org/10.1093/biomet/asaa027); it is taken in the direction of the mean
    difference, and doubled again for having chosen that. One seed's p-value stays as it is.

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

    None for fewer than 2 seeds, or if all differences are the same.

    Example:
        >>> round(paired_t_test([1.0, 2.0, 3.0]), 4)
        0.0742
    """
    if len(differences) < 2 or not statistics.stdev(differences):
        return None
    return float(ttest_1samp(differences, 0.0).pvalue)
