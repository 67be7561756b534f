"""Terms of the objective: a sum and a count, and as registered values with names and weights."""

from collections.abc import Mapping
from typing import Any, ClassVar, NamedTuple

from keras import ops


class LossTerm(NamedTuple):
    """One term of the objective, unweighted and unreduced.

    Attributes:
        total: float[], summed over what is counted, in nats.
        count: float[], number of tokens or sentences that `total` sums over.
    """

    total: Any
    count: Any

    def mean(self) -> Any:
        """Total / max(count, 1): float[]."""
        return self.total / ops.maximum(self.count, 1)


def weighted_sum(terms: Mapping[str, LossTerm], weights: Mapping[str, Any]) -> Any:
    """Return L = Σ weightᵢ · meanᵢ (paper equation 3), the one place where weights apply.

    What is only measured, with the weight 0, has no part in it, so that nothing goes back through
    it.

    Args:
        terms: the terms by name.
        weights: a weight for every term.

    Returns:
        float[], in nats.
    """
    weighed = {name: term for name, term in terms.items() if not _is_zero(weights[name])}
    return sum(weights[name] * term.mean() for name, term in (weighed or terms).items())


def _is_zero(weight: Any) -> bool:
    return isinstance(weight, int | float) and not weight


class Scalar(NamedTuple):
    """A number that training tells.

    Attributes:
        name: of the number.
        tag: in TensorBoard.
        label: in the progress line, "" to leave it out.
        form: there.
    """

    name: str
    tag: str
    label: str = ""
    form: str = "{:.4f}"


class Alignment(NamedTuple):
    """Which positions of an output belong to which positions of the target; shown ones to none.

    Attributes:
        positions: int[B, T], the one that stands for a target position, −1 for none.
        runs: bool[B, T, L], all that belong to it.
    """

    positions: Any
    runs: Any


class Step(NamedTuple):
    """What a term may read of one batch.

    Attributes:
        hparams: the set.
        inputs: int[B, S].
        targets: int[B, T], PAD 0.
        output: of the model that is trained (`models.network.Output`).
        hints: of the model that hints are taken from, under teacher forcing; None without one.
        alignment: of output and targets; None where they have the same positions.
        shown: bool[B, L], positions of `output` that were told what they should say, which
            therefore teach nothing; None for none.
    """

    hparams: Any
    inputs: Any
    targets: Any
    output: Any
    hints: Any = None
    alignment: Alignment | None = None
    shown: Any = None

    def mask(self) -> Any:
        """Target positions that can be compared with the output's: bool[B, T].

        They have a counterpart, and it wasn't told what to say.
        """
        compared = ops.not_equal(self.targets, 0)
        if self.alignment is not None:
            return ops.logical_and(compared, self.alignment.positions >= 0)
        if self.shown is None:
            return compared
        return ops.logical_and(compared, ops.logical_not(self.shown))

    def probe(self, name: str, axis: int) -> Any:
        """A probe of the output at the positions that stand for the target's, 0 where none does.

        Args:
            name: of the probe.
            axis: of its positions.
        """
        values = self.output.probes[name]
        if self.alignment is None:
            return values
        values = ops.moveaxis(values, axis, -2)
        places = ops.arange(ops.shape(values)[-2])
        # A product with ones and zeros: exact, and its gradient is one, too, and no scatter.
        chosen = ops.equal(ops.expand_dims(self.alignment.positions, 2), places)
        return ops.moveaxis(_mixed(ops.cast(chosen, values.dtype), values), -2, axis)

    def averaged(self, name: str) -> Any:
        """A probe float[B, ..., L, X] of the output, averaged over what belongs to each target.

        Returns:
            float[B, ..., T, X], 0 where nothing belongs to a position of the target.
        """
        values = self.output.probes[name]
        if self.alignment is None:
            return values
        runs = ops.cast(self.alignment.runs, values.dtype)
        runs = runs / ops.maximum(ops.sum(runs, axis=2, keepdims=True), 1)
        return _mixed(runs, values)


def _mixed(weights: Any, values: Any) -> Any:
    """float[B, T, L] times float[B, ..., L, X]: float[B, ..., T, X]."""
    return ops.matmul(ops.expand_dims(weights, tuple(range(1, len(values.shape) - 2))), values)


class Term:
    """One weighted term; subclasses say what it is called, needs and is.

    Attributes:
        weight: the hparam that weighs it; a set without that hparam doesn't have the term.
        scalars: what training tells of it: the term itself, unweighted, then diagnostics.
        probes: what it may compare, of the model that is trained and of the hints: by name of the
            probe the sizes that must agree.
    """

    weight: ClassVar[str]
    scalars: ClassVar[tuple[Scalar, ...]]
    probes: ClassVar[Mapping[str, tuple[str, ...]]] = {}

    def check(self, hparams: Any) -> None:
        """Refuse values of the set that the term can't have: none by default.

        Raises:
            InputError: naming the hparam.
        """

    def chosen_probes(self, hparams: Any) -> Mapping[str, tuple[str, ...]]:
        """Those of `probes` that it compares as a checked set says: all by default."""
        del hparams
        return self.probes

    def __call__(self, step: Step) -> tuple[LossTerm, ...]:
        """Return a LossTerm for each of `scalars`."""
        raise NotImplementedError


class Criterion:
    """The primary term of a model, and the metrics that go with it.

    Its weight is 1, or the hparam <name of its scalar>_weight of a set that has that.

    Attributes:
        scalar: what training tells of it.
    """

    scalar: ClassVar[Scalar]

    def __call__(self, step: Step) -> LossTerm:
        """The term that is minimised."""
        raise NotImplementedError

    def alignment(self, step: Step) -> Alignment | None:
        """Which output positions belong to each target position; None: the same.

        Those that were shown belong to none.
        """
        del step
        return None

    def wanted(self, step: Step) -> Any:
        """What each position of the output should say: int[B, L], −1 where that isn't known."""
        return step.targets

    def sums(self, step: Step) -> tuple[dict[str, Any], Any]:
        """What an evaluation adds up over batches, and predictions int[B, T] if there are any."""
        term = self(step)
        return {"total": term.total, "count": term.count}, None

    def metrics(self, ratio: Any) -> dict[str, float]:
        """Metrics from the sums of all batches; "loss" is one.

        Args:
            ratio: (name, count) → the quotient of two sums.
        """
        return {"loss": ratio("total", "count")}
