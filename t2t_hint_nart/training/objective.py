"""What is minimised: a model's criterion and weighted terms (paper equation 3).

L = L_nll + λ·L_hid + μ·L_align for the paper's student; the terms are those that are registered and
that the set has a weight for.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from keras import ops

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.losses.term import Criterion, LossTerm, Scalar, Step, Term, weighted_sum
from t2t_hint_nart.models.network import Output

Sizes = Mapping[str, Mapping[str, int]]


class Losses(NamedTuple):
    """One batch's objective.

    Attributes:
        total: float[], the weighted sum that is minimised, in nats.
        terms: unweighted terms by name, the criterion first.
        diagnostics: what is logged beside them, as terms whose mean matters.
        weights: of the terms.
    """

    total: Any
    terms: dict[str, LossTerm]
    diagnostics: dict[str, LossTerm]
    weights: Mapping[str, Any]

    def means(self) -> dict[str, Any]:
        """Means of terms and diagnostics by name: float[] each."""
        return {name: term.mean() for name, term in (self.terms | self.diagnostics).items()}

    def counted(self, add: Callable[[Any], Any]) -> "Losses":
        """Return the same sums with the counts of all replicas.

        Their means, and the weighted sum, are then a replica's shares of those of the whole batch:
        all replicas' shares add up to them.

        Args:
            add: from a structure of a replica's numbers to those of all (`Placement.add`).
        """
        both = self.terms, self.diagnostics
        counts = add([{name: term.count for name, term in some.items()} for some in both])
        terms, diagnostics = (
            {name: LossTerm(term.total, count[name]) for name, term in some.items()}
            for some, count in zip(both, counts, strict=True)
        )
        return Losses(weighted_sum(terms, self.weights), terms, diagnostics, self.weights)


class Objective:
    """Compute the objective of a batch from a model's output and, perhaps, hints.

    A term without weight is measured too, where there are hints for another; one that compares
    with none is left out. The criterion and a model's own terms count with the set's
    <name>_weight, or 1.

    Args:
        hparams: a set; values of a term only count where some term has a weight.
        criterion: the primary term; the likelihood when None.

    Raises:
        InputError: a value of a term that isn't allowed.
    """

    def __init__(self, hparams: HParams, criterion: Criterion | None = None):
        self.hparams = hparams
        self.criterion: Criterion = criterion or registry.criterion(registry.LIKELIHOOD)
        self._terms: dict[str, Term] = {
            name: term
            for name, term in registry.terms().items()
            if term.weight in hparams and (term.probes or hparams.get(term.weight))
        }
        primary = self.criterion.scalar.name
        self.weights = {primary: float(hparams.get(f"{primary}_weight", 1.0))} | {
            name: float(getattr(hparams, term.weight)) for name, term in self._terms.items()
        }
        if any(self.weights[name] for name in self._terms):
            self.check()

    def check(self) -> None:
        """Refuse values of the set that a term can't have, whether or not it has a weight.

        Raises:
            InputError: naming the hparam.
        """
        for term in self._terms.values():
            term.check(self.hparams)

    @property
    def needs_hints(self) -> bool:
        """Whether a term that compares with hints has a weight."""
        return any(self.weights[name] and term.probes for name, term in self._terms.items())

    def probes(self) -> tuple[str, ...]:
        """Names of what terms compare, for a model to make."""
        chosen = [term.chosen_probes(self.hparams) for term in self._terms.values()]
        return tuple(dict.fromkeys(name for probes in chosen for name in probes))

    def compared(self) -> dict[str, str]:
        """The hparams that weigh the terms that need hints, by term."""
        return {name: term.weight for name, term in self._terms.items() if term.probes}

    def misfits(self, ours: Sizes, theirs: Sizes) -> dict[str, str]:
        """Say what keeps terms from comparing the probes of two models, by term; {} if nothing.

        Args:
            ours: `probe_sizes` of the model that is trained.
            theirs: those of the model that gives hints.
        """
        found = {
            name: _difference(term.chosen_probes(self.hparams), ours, theirs)
            for name, term in self._terms.items()
        }
        return {name: difference for name, difference in found.items() if difference}

    def leave_out(self, names: Iterable[str]) -> None:
        """Measure these terms no more."""
        for name in names:
            del self._terms[name], self.weights[name]

    def scalars(self) -> tuple[Scalar, ...]:
        """What training may tell of the objective, in the order of a progress line."""
        return (
            self.criterion.scalar,
            *(scalar for term in self._terms.values() for scalar in term.scalars),
        )

    def step(
        self, output: Output, inputs, targets, hints: Output | None = None, shown=None
    ) -> Step:
        """What criterion and terms read of a batch; args as of a call."""
        step = Step(self.hparams, inputs, targets, output, hints, shown=shown)
        return step._replace(alignment=self.criterion.alignment(step))

    def __call__(
        self,
        output: Output,
        inputs,
        targets,
        hints: Output | None = None,
        shown=None,
        updates: Any = None,
    ) -> Losses:
        """Compute the terms of a batch.

        Args:
            output: of the model that is trained.
            inputs: int[B, S].
            targets: int[B, T].
            hints: another model's output on the same batch; without, terms that compare with it
                are left out.
            shown: bool[B, L], positions of the output that were told what to say; None for none.
            updates: int[], how many there were; None: enough for the hints' whole weight.

        Raises:
            InputError: nothing has a weight.
        """
        step = self.step(output, inputs, targets, hints, shown)
        terms = {self.criterion.scalar.name: self.criterion(step)}
        diagnostics: dict[str, LossTerm] = {}
        for name, term in self._terms.items():
            if term.probes and hints is None:
                continue
            measured = zip(term.scalars, term(step), strict=True)
            terms[name], *others = (value for _, value in measured)
            diagnostics |= {s.name: v for s, v in zip(term.scalars[1:], others, strict=True)}
        terms |= output.terms
        weights = {name: self.hparams.get(f"{name}_weight", 1.0) for name in output.terms}
        weights |= self.weights
        if not any(weights.values()):
            primary = self.criterion.scalar.name
            raise InputError(f"{primary}_weight is 0, as all others are: nothing is minimised.")
        ramp = self.hparams.get("hint_ramp_steps", 0)
        if ramp and updates is not None:
            share = ops.minimum(ops.cast(updates, "float32") / ramp, 1.0)
            # What has no weight stays out of the sum, and of its gradient.
            weights |= {name: share * weights[name] for name in self.compared() if weights[name]}
        return Losses(weighted_sum(terms, weights), terms, diagnostics, weights)


def _difference(probes: Mapping[str, tuple[str, ...]], ours: Sizes, theirs: Sizes) -> str:
    """What keeps probes of two models from being compared, "" if nothing does."""
    for probe, names in probes.items():
        for whose, sizes in (("its", theirs), ("the student's", ours)):
            if probe not in sizes:
                return f"{whose} {probe} can't be probed"
        for name in names:
            if theirs[probe].get(name) != ours[probe].get(name):
                return (
                    f"its {probe} has {theirs[probe].get(name)} {name}, the student's "
                    f"{ours[probe].get(name)}"
                )
    return ""
