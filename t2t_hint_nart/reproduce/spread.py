"""What several seeds measured of one quantity: mean, standard deviation, smallest and largest."""

import math
import statistics
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True)
class Spread:
    """A quantity over several seeds.

    Formatted as a number is, `f"{spread:.2f}"` gives "18.50 ± 0.31".

    Attributes:
        values: one a seed, at least two, in the order of the seeds.
    """

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Their mean."""
        return statistics.fmean(self.values)

    @property
    def deviation(self) -> float:
        """Their sample standard deviation, of n - 1."""
        return statistics.stdev(self.values)

    def __float__(self) -> float:
        return self.mean

    def __format__(self, form: str) -> str:
        # A deviation has no sign to show.
        return f"{self.mean:{form}} ± {self.deviation:{form.removeprefix('+')}}"


def spread(values: Iterable[object]) -> Spread | float | None:
    """Return what several seeds measured: the one number there is, a `Spread` of several, or None.

    Args:
        values: one a seed; what is no finite number was not measured.

    Example:
        >>> spread([1.0, 2.0, 3.0]).deviation, spread([1.5, None]), spread([])
        (1.0, 1.5, None)
        >>> f"{spread([1.0, 2.0, 3.0]):.1f}"
        '2.0 ± 1.0'
    """
    found = [
        value
        for value in values
        if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
    ]
    if len(found) < 2:
        return found[0] if found else None
    return Spread(tuple(float(value) for value in found))
