"""An interrupt (Ctrl-C) waits for the end of a training step (no TensorFlow).

A step changes weights, optimizer and the position in the data. An interrupt in its midst would
leave them a step ahead of the count, and a checkpoint written then would not go on as if training
had never stopped.
"""

import contextlib
import signal
import threading
from collections.abc import Iterator
from types import FrameType


class InterruptedWithin(KeyboardInterrupt):
    """A second interrupt, which didn't wait: the step may be half done."""


@contextlib.contextmanager
def interrupt_waits() -> Iterator[None]:
    """Hold back an interrupt until the block is left; a second one doesn't wait.

    Outside of the main thread, and where somebody else handles interrupts, nothing changes.

    Raises:
        KeyboardInterrupt: at the end, if one was held back.
        InterruptedWithin: at once, for a second one.
    """
    usual = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if not usual or threading.current_thread() is not threading.main_thread():
        yield
        return
    waiting = False

    def hold_back(_number: int, _frame: FrameType | None) -> None:
        nonlocal waiting
        if waiting:
            raise InterruptedWithin
        waiting = True

    signal.signal(signal.SIGINT, hold_back)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    if waiting:
        raise KeyboardInterrupt
