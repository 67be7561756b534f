"""Weights that make the terms of the objective equal in size (paper section 3.1)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.losses.term import LossTerm


@dataclass(frozen=True)
class Calibration:
    """The terms of an initialised student and the weights they suggest.

    The paper chose (γ_st, γ_tr, λ, μ) "to make the scales of three loss components similar after
    initialization": λ = L_nll / L_hid and μ = L_nll / L_align do.

    Attributes:
        terms: mean of every unweighted term, in nats.
        weights: by the hparam that weighs a term, as λ and μ, the proposal; None where the term is
            0 (no pair of states passes the thresholds).
        batches: over how many batches.
    """

    terms: dict[str, float]
    weights: dict[str, float | None]
    batches: int

    def flags(self) -> str:
        """The proposal as a value for --hparams."""
        return ",".join(f"{k}={v:.3g}" for k, v in self.weights.items() if v is not None)


def calibrate(
    measured: Iterable[dict[str, LossTerm]], criterion: str, hparams: Mapping[str, str]
) -> Calibration:
    """Propose weights from the terms of batches.

    Args:
        measured: terms (and diagnostics) of every batch by name.
        criterion: name of the term that the others are made equal to.
        hparams: by name of the terms to weigh, the hparam that weighs them.

    Raises:
        InputError: no batch.

    Example:
        >>> terms = {"nll": LossTerm(30.0, 5.0), "hint_hidden": LossTerm(4.0, 2.0),
        ...          "hint_align": LossTerm(1.0, 2.0)}
        >>> hints = {"hint_hidden": "hint_hidden_weight", "hint_align": "hint_align_weight"}
        >>> calibrate([terms], "nll", hints).flags()
        'hint_hidden_weight=3,hint_align_weight=12'
    """
    totals: dict[str, list[float]] = {}
    batches = 0
    for terms in measured:
        batches += 1
        for name, term in terms.items():
            total = totals.setdefault(name, [0.0, 0.0])
            total[0] += float(term.total)
            total[1] += float(term.count)
    if not batches:
        raise InputError("Nothing to calibrate on: no batch of training data.")
    means = {name: total / max(count, 1.0) for name, (total, count) in totals.items()}

    def weight(name: str) -> float | None:
        return means[criterion] / means[name] if means[name] > 0 else None

    return Calibration(means, {hparams[name]: weight(name) for name in hparams}, batches)
