"""Weights that make the terms of the objective equal in size (paper section 3.1)."""

from collections.abc import Iterable
from dataclasses import dataclass

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.losses.loss_term import LossTerm


@dataclass(frozen=True)
class Calibration:
    """The terms of an initialised student and the weights they suggest.

    The paper chose (γ_st, γ_tr, λ, μ) "to make the scales of three loss components similar after
    initialization": λ = L_nll / L_hid and μ = L_nll / L_align do.

    Attributes:
        terms: mean of every unweighted term, in nats.
        hint_hidden_weight: proposed λ; None where L_hid is 0 (no pair passes the thresholds).
        hint_align_weight: proposed μ; None where L_align is 0.
        batches: over how many batches.
    """

    terms: dict[str, float]
    hint_hidden_weight: float | None
    hint_align_weight: float | None
    batches: int

    def flags(self) -> str:
        """The proposal as a value for --hparams."""
        proposed = {
            "hint_hidden_weight": self.hint_hidden_weight,
            "hint_align_weight": self.hint_align_weight,
        }
        return ",".join(f"{k}={v:.3g}" for k, v in proposed.items() if v is not None)


def calibrate(measured: Iterable[dict[str, LossTerm]]) -> Calibration:
    """Propose λ and μ from the terms of batches.

    Args:
        measured: terms "nll", "hint_hidden" and "hint_align" (and diagnostics) of every batch.

    Raises:
        InputError: no batch.

    Example:
        >>> terms = {"nll": LossTerm(30.0, 5.0), "hint_hidden": LossTerm(4.0, 2.0),
        ...          "hint_align": LossTerm(1.0, 2.0)}
        >>> calibrate([terms]).flags()
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
        return means["nll"] / means[name] if means[name] > 0 else None

    return Calibration(means, weight("hint_hidden"), weight("hint_align"), batches)
