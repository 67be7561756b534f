"""Files that appear while one waits for them: a run's checkpoints, translations of each."""

import time
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path


def appearing(
    look: Callable[[int], Iterable[tuple[int, Path]]],
    first_step: int,
    wait_seconds: float,
    seconds_between_looks: float = 5.0,
    last_step: int | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[tuple[int, Path]]:
    """Yield the files there are by their steps, and new ones as they appear.

    Args:
        look: returns step and path of the files from a step on, by their steps.
        first_step: files of earlier steps are left out.
        wait_seconds: how long to wait for a further file once the last one is dealt with.
        seconds_between_looks: how long to sleep.
        last_step: nothing comes after it: it isn't waited for.
        sleep: waits for a number of seconds.
        clock: returns seconds; only differences count.

    References:
        T2T utils/bleu_hook.py, stepfiles_iterator.
    """
    next_step = first_step
    deadline = clock() + wait_seconds
    while True:
        for step, path in look(next_step):
            # Whoever writes them may keep the last ones only: it may be gone by now.
            if path.exists():
                yield step, path
                deadline = clock() + wait_seconds
            next_step = step + 1
        if clock() >= deadline or (last_step is not None and next_step > last_step):
            return
        sleep(seconds_between_looks)
