"""Lines that tell how far a long count has come, how fast it goes and when it will be done."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_Item = TypeVar("_Item")

_SECONDS_BETWEEN_LINES = 10.0
_ITEMS_BETWEEN_LOOKS = 1000


class Progress:
    """Tells a count at most every ten seconds.

    Args:
        tell: takes a line.
        what: begins each line.
        unit: what is counted.
        total: how many there will be, None if that is not known.
        done: how many were there before, and say nothing about speed.
    """

    def __init__(
        self,
        tell: Callable[[str], None],
        what: str,
        unit: str,
        total: int | None = None,
        done: int = 0,
    ) -> None:
        self._tell, self._what, self._unit, self._total = tell, what, unit, total
        self._done = done
        self._started = self._told = time.monotonic()

    def update(self, count: int) -> None:
        """Tell the count if it is time to."""
        now = time.monotonic()
        if now - self._told < _SECONDS_BETWEEN_LINES:
            return
        self._told = now
        rate = (count - self._done) / max(now - self._started, 1e-9)
        of_total = "" if self._total is None else f" of {self._total:,}"
        left = ""
        if self._total is not None and rate > 0:
            left = f", {duration(max(self._total - count, 0) / rate)} left"
        self._tell(f"{self._what}: {count:,}{of_total} {self._unit} ({rate:,.0f}/s{left})")

    def counting(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """Yield the items, telling their number on the way."""
        for count, item in enumerate(items, start=self._done + 1):
            if count % _ITEMS_BETWEEN_LOOKS == 0:
                self.update(count)
            yield item


def now_and_then(tell: Callable[[str], None]) -> Callable[[str], None]:
    """Return what passes a line on only if there was none in the last ten seconds."""
    told = time.monotonic()

    def tell_now_and_then(line: str) -> None:
        nonlocal told
        if time.monotonic() - told >= _SECONDS_BETWEEN_LINES:
            told = time.monotonic()
            tell(line)

    return tell_now_and_then


def duration(seconds: float) -> str:
    """Return a time in words.

    Example:
        >>> [duration(seconds) for seconds in (7.4, 250, 7300)]
        ['7 s', '4 min', '2 h 02 min']
    """
    if seconds < 100:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60:02d} min"
