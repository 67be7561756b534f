"""Ranges of hyperparameters to search in: `--hparams_range`.

In: names with an interval, a list of points or a list of categories. Out: Optuna's distributions.
The methods are those of T2T's `layers/common_hparams.py`, class RangedHParams, whose ranges went to
a tuning service.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from t2t_hint_nart.errors import InputError

if TYPE_CHECKING:
    from optuna.distributions import BaseDistribution


class _Range(NamedTuple):
    kind: str
    distribution: "BaseDistribution"
    scale: int
    length: int | None

    def elements(self, name: str) -> list[str]:
        """What is drawn: the name, or its elements."""
        return [name] if self.length is None else [f"{name}[{n}]" for n in range(self.length)]

    def setting(self, drawn: Any) -> Any:
        """Turn a logarithmic scale around, and round a float."""
        low, high = (getattr(self.distribution, end, 0) for end in ("low", "high"))
        value = low + high - drawn if self.scale == RangedHParams.REVERSE_LOG_SCALE else drawn
        return min(max(float(f"{value:.4g}"), low), high) if self.kind == "float" else value


class RangedHParams:
    """Hyperparameters to be tuned, each with its range.

    Setting a name again replaces its range, but not by one of another kind.

    Example:
        >>> ranges = RangedHParams()
        >>> ranges.set_float("learning_rate", 0.3, 3.0, scale=ranges.LOG_SCALE)
        >>> ranges.set_discrete("learning_rate_warmup_steps", [1000, 2000])
        >>> ranges.settings({"learning_rate": 0.512345, "learning_rate_warmup_steps": 1000})
        {'learning_rate': 0.5123, 'learning_rate_warmup_steps': 1000}
    """

    LINEAR_SCALE = 1
    LOG_SCALE = 2
    REVERSE_LOG_SCALE = 3

    def __init__(self) -> None:
        self._ranges: dict[str, _Range] = {}

    def set_float(
        self,
        name: str,
        min_val: float,
        max_val: float,
        scale: int | None = None,
        length: int | None = None,
    ) -> None:
        """Let a float vary in an interval.

        Args:
            name: the hyperparameter.
            min_val: the smallest value.
            max_val: the largest value.
            scale: LINEAR_SCALE (the default), LOG_SCALE (denser near `min_val`) or
                REVERSE_LOG_SCALE (denser near `max_val`).
            length: number of elements of a list of such values; None for one value.

        Raises:
            InputError: if the interval is empty, a logarithmic scale meets a value that is not
                positive, or the name has a range of another kind; or Optuna isn't installed.
        """
        self._set(name, "float", [min_val, max_val], scale, length)

    def set_int(
        self,
        name: str,
        min_val: int,
        max_val: int,
        scale: int | None = None,
        length: int | None = None,
    ) -> None:
        """Let an int vary in an interval, as `set_float` does for a float."""
        self._set(name, "int", [min_val, max_val], scale, length)

    def set_discrete(
        self,
        name: str,
        feasible_points: Sequence[float],
        scale: int | None = None,
        length: int | None = None,
    ) -> None:
        """Let a number take one of some points; `scale` is T2T's and has no effect.

        Raises:
            InputError: as `set_float`, for no points.
        """
        self._set(name, "discrete", feasible_points, self.LINEAR_SCALE, length)

    def set_categorical(
        self, name: str, categories: Sequence[Any], length: int | None = None
    ) -> None:
        """Let a value be one of some categories, as `set_discrete` does for points."""
        self._set(name, "categorical", categories, self.LINEAR_SCALE, length)

    def ranges(self) -> "dict[str, BaseDistribution]":
        """Return what Optuna draws from, by name; an element of a list is name[0] and so on."""
        return {
            element: each.distribution
            for name, each in self._ranges.items()
            for element in each.elements(name)
        }

    def settings(self, drawn: Mapping[str, Any]) -> dict[str, Any]:
        """Return hyperparameters, fit for `HParams.override_from_dict`.

        Args:
            drawn: by the names of `ranges`. Floats get four digits: readable, and the same after a
                way through JSON or a command line.
        """
        found = {}
        for name, each in self._ranges.items():
            values = [each.setting(drawn[element]) for element in each.elements(name)]
            found[name] = values[0] if each.length is None else values
        return found

    def _set(
        self, name: str, kind: str, values: Sequence[Any], scale: int | None, length: int | None
    ) -> None:
        try:
            from optuna import distributions
        except ImportError as error:
            raise InputError(
                "--hparams_range needs Optuna: pip install 't2t-hint-nart[search]'."
            ) from error
        earlier = self._ranges[name].kind if name in self._ranges else kind
        if earlier != kind:
            raise InputError(
                f"Setting hyperparameter {name} as type {kind}, but a hyperparameter of the same "
                f"name was originally registered as type {earlier}"
            )
        scale = self.LINEAR_SCALE if scale is None else scale
        if scale not in (self.LINEAR_SCALE, self.LOG_SCALE, self.REVERSE_LOG_SCALE):
            raise InputError(
                f"range of '{name}' has scale {scale}; allowed are LINEAR_SCALE, LOG_SCALE and "
                "REVERSE_LOG_SCALE"
            )
        distribution: BaseDistribution
        try:
            if kind in ("discrete", "categorical"):
                distribution = distributions.CategoricalDistribution(values)
            else:
                low, high = values
                is_int = kind == "int"
                make = distributions.IntDistribution if is_int else distributions.FloatDistribution
                distribution = make(low, high, log=scale != self.LINEAR_SCALE)
        except ValueError as error:
            raise InputError(f"range of '{name}': {error}") from error
        self._ranges[name] = _Range(kind, distribution, scale, length)
