"""Ranges of hyperparameters to search in: `--hparams_range`.

In: names with an interval, a list of points or a list of categories. Out: random settings drawn
from them. The methods are those of T2T's `layers/common_hparams.py`, class RangedHParams, whose
ranges went to a tuning service; here they are sampled.
"""

import math
import random
from collections.abc import Sequence
from typing import Any, NamedTuple

from t2t_hint_nart.errors import InputError


class Interval(NamedTuple):
    """Values from `lowest` to `highest`, both included."""

    lowest: float
    highest: float
    scale: int


class RangedHParams:
    """Hyperparameters to be tuned, each with its range.

    Setting a name again replaces its range, but not by one of another kind.

    Example:
        >>> ranges = RangedHParams()
        >>> ranges.set_float("learning_rate", 0.3, 3.0, scale=ranges.LOG_SCALE)
        >>> ranges.set_discrete("learning_rate_warmup_steps", [1000, 2000])
        >>> settings = ranges.sample(random.Random(0))
        >>> sorted(settings)
        ['learning_rate', 'learning_rate_warmup_steps']
    """

    LINEAR_SCALE = 1
    LOG_SCALE = 2
    REVERSE_LOG_SCALE = 3

    def __init__(self) -> None:
        self._kinds: dict[str, str] = {}
        self._ranges: dict[str, Interval | tuple[Any, ...]] = {}
        self._lengths: dict[str, int | None] = {}

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
                positive, or the name has a range of another kind.
        """
        self._set(name, "float", self._interval(name, min_val, max_val, scale), length)

    def set_int(
        self,
        name: str,
        min_val: int,
        max_val: int,
        scale: int | None = None,
        length: int | None = None,
    ) -> None:
        """Let an int vary in an interval, as `set_float` does for a float."""
        self._set(name, "int", self._interval(name, min_val, max_val, scale), length)

    def set_discrete(
        self,
        name: str,
        feasible_points: Sequence[float],
        scale: int | None = None,
        length: int | None = None,
    ) -> None:
        """Let a number take one of some points; `scale` is T2T's and has no effect on sampling.

        Raises:
            InputError: if there are no points, or the name has a range of another kind.
        """
        del scale
        self._set(name, "discrete", self._choices(name, feasible_points), length)

    def set_categorical(
        self, name: str, categories: Sequence[Any], length: int | None = None
    ) -> None:
        """Let a value be one of some categories.

        Raises:
            InputError: if there are no categories, or the name has a range of another kind.
        """
        self._set(name, "categorical", self._choices(name, categories), length)

    def ranges(self) -> dict[str, Interval | tuple[Any, ...]]:
        """Return the range of each name: an `Interval`, or the points or categories."""
        return dict(self._ranges)

    def sample(self, generator: random.Random) -> dict[str, Any]:
        """Draw one value of every hyperparameter.

        Args:
            generator: the source of randomness; equal seeds draw equal settings.

        Returns:
            Values by name, fit for `HParams.override_from_dict`.
        """
        return {name: self._draw(name, generator) for name in self._ranges}

    def _draw(self, name: str, generator: random.Random) -> Any:
        length = self._lengths[name]
        if length is None:
            return self._draw_one(name, generator)
        return [self._draw_one(name, generator) for _ in range(length)]

    def _draw_one(self, name: str, generator: random.Random) -> Any:
        values = self._ranges[name]
        if not isinstance(values, Interval):
            return generator.choice(values)
        if self._kinds[name] != "int":
            return _from_unit(values, generator.random())
        if values.scale == self.LINEAR_SCALE:
            return generator.randint(round(values.lowest), round(values.highest))
        return round(_from_unit(values, generator.random()))

    def _interval(self, name: str, lowest: float, highest: float, scale: int | None) -> Interval:
        scale = self.LINEAR_SCALE if scale is None else scale
        if scale not in (self.LINEAR_SCALE, self.LOG_SCALE, self.REVERSE_LOG_SCALE):
            raise InputError(
                f"range of '{name}' has scale {scale}; allowed are LINEAR_SCALE, LOG_SCALE and "
                "REVERSE_LOG_SCALE"
            )
        if lowest > highest:
            raise InputError(f"range of '{name}' is empty: {lowest} is greater than {highest}")
        if scale != self.LINEAR_SCALE and lowest <= 0:
            raise InputError(f"range of '{name}' on a log scale must be positive, got {lowest}")
        return Interval(lowest, highest, scale)

    def _choices(self, name: str, choices: Sequence[Any]) -> tuple[Any, ...]:
        if not choices:
            raise InputError(f"range of '{name}' has no value to choose from")
        return tuple(choices)

    def _set(
        self, name: str, kind: str, values: Interval | tuple[Any, ...], length: int | None
    ) -> None:
        earlier = self._kinds.get(name, kind)
        if earlier != kind:
            raise InputError(
                f"Setting hyperparameter {name} as type {kind}, but a hyperparameter of the same "
                f"name was originally registered as type {earlier}"
            )
        self._kinds[name] = kind
        self._ranges[name] = values
        self._lengths[name] = length


def _from_unit(interval: Interval, fraction: float) -> float:
    """Map a number in [0, 1) into an interval, on its scale."""
    lowest, highest, scale = interval
    if scale == RangedHParams.LOG_SCALE:
        return lowest * math.exp(fraction * math.log(highest / lowest))
    if scale == RangedHParams.REVERSE_LOG_SCALE:
        return highest + lowest - lowest * math.exp(fraction * math.log(highest / lowest))
    return lowest + fraction * (highest - lowest)
