"""Every checkpoint of a run that may still be going, the old ones first."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from t2t_hint_nart.training.checkpoints import list_checkpoints, step_of

SECONDS_BETWEEN_LOOKS = 5.0


def every_checkpoint(
    directory: str | Path,
    min_steps: int = 0,
    wait_seconds: float = 0.0,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[str]:
    """Yield the checkpoints of a directory by their steps, and new ones as they appear.

    Args:
        directory: of the checkpoints.
        min_steps: checkpoints of fewer steps are left out.
        wait_seconds: how long to wait for a further one after the last.
        sleep: waits for a number of seconds.
        clock: returns seconds; only differences count.

    References:
        T2T utils/bleu_hook.py, stepfiles_iterator.
    """
    next_step = min_steps
    deadline = clock() + wait_seconds
    while True:
        for path in list_checkpoints(directory):
            # Training may have removed it since, to keep only the last ones.
            if step_of(path) >= next_step and Path(path + ".index").exists():
                yield path
                next_step = step_of(path) + 1
                deadline = clock() + wait_seconds
        if clock() >= deadline:
            return
        sleep(SECONDS_BETWEEN_LOOKS)
