"""Signals that end a run, which lets its step end and saves first (no TensorFlow)."""

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType

# Ctrl-C, what `kill` and batch systems send, and what a closed terminal does.
_SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]


class InterruptedWithin(KeyboardInterrupt):
    """A second interrupt, which didn't wait: the step may be half done."""


def _interrupt(number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt(number)


_USUAL = (signal.SIG_DFL, signal.default_int_handler, _interrupt)


@contextlib.contextmanager
def _handled_by(handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """Give the signals to a handler, but for those that somebody else handles or ignores.

    Outside of the main thread nothing changes.
    """
    handlers = {}
    if threading.current_thread() is threading.main_thread():
        handlers = {number: signal.getsignal(number) for number in _SIGNALS}
    usual = {number: before for number, before in handlers.items() if before in _USUAL}
    for number in usual:
        signal.signal(number, handler)
    try:
        yield
    finally:
        for number, before in usual.items():
            signal.signal(number, before)


@contextlib.contextmanager
def signals_interrupt() -> Iterator[None]:
    """Make each of the signals, not Ctrl-C alone, a KeyboardInterrupt with its number."""
    with _handled_by(_interrupt):
        yield


@contextlib.contextmanager
def interrupt_waits() -> Iterator[None]:
    """Hold back an interrupt until the block is left; a second one doesn't wait.

    Raises:
        KeyboardInterrupt: at the end, if one was held back.
        InterruptedWithin: at once, for a second one.
    """
    waiting: list[int] = []

    def hold_back(number: int, _frame: FrameType | None) -> None:
        if waiting:
            raise InterruptedWithin(number)
        waiting.append(number)

    with _handled_by(hold_back):
        yield
    if waiting:
        raise KeyboardInterrupt(waiting[0])
