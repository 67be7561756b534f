"""How many replicas train in step, for layers that count what all of them see."""

import contextlib
from collections.abc import Iterator

_in_step = 1


@contextlib.contextmanager
def layers_of(count: int) -> Iterator[None]:
    """Make layers that so many replicas have, each with its share of every batch."""
    global _in_step
    before, _in_step = _in_step, count
    try:
        yield
    finally:
        _in_step = before


def in_step() -> int:
    """How many there are where a layer is made.

    Example:
        >>> with layers_of(4):
        ...     in_step()
        4
        >>> in_step()
        1
    """
    return _in_step
