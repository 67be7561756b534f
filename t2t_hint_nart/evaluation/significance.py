"""Is one system better than another, or just luckier on this test set? Paired bootstrap resampling.

Reference: Koehn (2004), "Statistical Significance Tests for Machine Translation Evaluation",
https://aclanthology.org/W04-3250.
"""

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sacrebleu.metrics.bleu import BLEU
from sacrebleu.significance import PairedTest, Result

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.bleu import check_aligned


@dataclass(frozen=True)
class PairedComparison:
    """The BLEU (13a) of two systems on the same sentences and whether they differ.

    Attributes:
        baseline: name of the first system.
        system: name of the second system.
        baseline_bleu: BLEU of the first, 0 to 100.
        system_bleu: BLEU of the second, 0 to 100.
        difference: system minus baseline.
        p_value: probability of so large a difference, in either direction, if the systems were
            equally good.
        system_ci: half the width of the 95 % bootstrap interval of the second system's BLEU.
        samples: number of bootstrap resamples.
        signature: of sacrebleu, with seed and resamples.
    """

    baseline: str
    system: str
    baseline_bleu: float
    system_bleu: float
    difference: float
    p_value: float
    system_ci: float
    samples: int
    signature: str

    def to_dict(self) -> dict[str, Any]:
        """Return the fields as a plain dict."""
        return asdict(self)


def paired_bootstrap(
    references: Sequence[str],
    baseline: tuple[str, Sequence[str]],
    systems: Mapping[str, Sequence[str]],
    samples: int = 1000,
) -> list[PairedComparison]:
    """Compare each system with a baseline by sacrebleu's paired bootstrap test.

    The resamples follow sacrebleu's seed, 12345 unless the environment sets SACREBLEU_SEED, and are
    the same for all systems.

    Args:
        references: one reference a sentence.
        baseline: name and plain translations of the system to compare with.
        systems: plain translations of the others by name.
        samples: number of bootstrap resamples.

    Returns:
        One comparison for each of `systems`, in their order.

    Raises:
        InputError: if there are no sentences, the counts differ, or `samples` is not positive.
    """
    if samples < 1:
        raise InputError(
            f"a bootstrap test of {samples} resamples: at least 1 is needed, 1000 are usual"
        )
    for hypotheses in (baseline[1], *systems.values()):
        check_aligned(hypotheses, references)
    if not systems:
        return []
    test = PairedTest(
        [baseline, *systems.items()],
        {"BLEU": BLEU(force=True)},
        [references],
        test_type="bs",
        n_samples=samples,
    )
    signatures, results = test()
    first, *others = (result for result in results["BLEU"] if isinstance(result, Result))
    return [
        PairedComparison(
            baseline=baseline[0],
            system=name,
            baseline_bleu=float(first.score),
            system_bleu=float(result.score),
            difference=float(result.score - first.score),
            p_value=_p_value(first, result),
            system_ci=float(result.ci if result.ci is not None else 0.0),
            samples=samples,
            signature=str(signatures["BLEU"]),
        )
        for name, result in zip(systems, others, strict=True)
    ]


def _p_value(baseline: Result, system: Result) -> float:
    # Where no resample differs at all, sacrebleu's count comes out as 1 / (samples + 1).
    if system.p_value is None or system.score == baseline.score:
        return 1.0
    return float(system.p_value)


def all_pairs(
    references: Sequence[str], systems: Mapping[str, Sequence[str]], samples: int = 1000
) -> list[PairedComparison]:
    """Compare every two systems with each other, the one named earlier as the baseline.

    Args:
        references: one reference a sentence.
        systems: plain translations by name.
        samples: number of bootstrap resamples.

    Returns:
        n (n - 1) / 2 comparisons for n systems.
    """
    comparisons = []
    for baseline, system in itertools.combinations(systems, 2):
        comparisons += paired_bootstrap(
            references, (baseline, systems[baseline]), {system: systems[system]}, samples
        )
    return comparisons
