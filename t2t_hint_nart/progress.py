"""Lines that tell how far a long count has come, how fast it goes and when it will be done."""

import time
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

_Item = TypeVar("_Item")

SECONDS_BETWEEN_LINES = 10.0
_ITEMS_BETWEEN_LOOKS = 1000


def duration(seconds: float) -> str:
    """Return a time as h:mm:ss.

    Example:
        >>> duration(3725), duration(7.4)
        ('1:02:05', '0:00:07')
    """
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02d}:{rest:02d}"


class Progress:
    """Tells a count, but not too often.

    Args:
        tell: takes a line.
        what: begins each line.
        unit: what is counted.
        total: how many there will be, None if that is not known.
        done: how many were there before, and say nothing about speed.
        every: seconds between two lines, at least.
        clock: seconds, for tests.

    Example:
        >>> seconds = iter([0.0, 0.0, 20.0, 20.0])
        >>> progress = Progress(print, "train", "pairs", total=9000, clock=lambda: next(seconds))
        >>> progress.update(1000)
        train: 1,000 of 9,000 pairs (50/s, 0:02:40 left)
    """

    def __init__(
        self,
        tell: Callable[[str], None],
        what: str,
        unit: str,
        total: int | None = None,
        done: int = 0,
        every: float = SECONDS_BETWEEN_LINES,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._what, self._unit, self._total, self._done = what, unit, total, done
        self._clock = clock
        self._started = clock()
        self._tell = now_and_then(tell, every, clock)

    def update(self, count: int) -> None:
        """Tell the count if it is time to."""
        rate = (count - self._done) / max(self._clock() - self._started, 1e-9)
        speed = f"{rate:,.0f}/s" if rate >= 10 else f"{rate:.1f}/s"
        of_total = left = ""
        if self._total is not None:
            of_total = f" of {self._total:,}"
            if rate > 0:
                left = f", {duration(max(self._total - count, 0) / rate)} left"
        self._tell(f"{self._what}: {count:,}{of_total} {self._unit} ({speed}{left})")

    def counting(self, items: Iterable[_Item]) -> Iterator[_Item]:
        """Yield the items, telling their number on the way."""
        for count, item in enumerate(items, start=self._done + 1):
            if count % _ITEMS_BETWEEN_LOOKS == 0:
                self.update(count)
            yield item


def now_and_then(
    tell: Callable[[str], None],
    every: float = SECONDS_BETWEEN_LINES,
    clock: Callable[[], float] = time.monotonic,
) -> Callable[[str], None]:
    """Return what passes a line on only if there was none in the last seconds.

    Args:
        tell: takes a line.
        every: how many seconds.
        clock: seconds, for tests.
    """
    told = clock()

    def tell_now_and_then(line: str) -> None:
        nonlocal told
        now = clock()
        if now - told >= every:
            told = now
            tell(line)

    return tell_now_and_then
