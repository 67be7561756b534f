"""Checkpoints of a run that is still going, as they appear (no TensorFlow of its own)."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path

from t2t_hint_nart.training.checkpoints import list_checkpoints, step_of

SECONDS_BETWEEN_LOOKS = 5.0


def new_checkpoints(
    directory: str | Path,
    timeout_minutes: float,
    last_step: int | None = None,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[str]:
    """Yield the newest checkpoint there is, and then every newer one (T2T next_checkpoint).

    Args:
        directory: output_dir of the run; it may appear later, too.
        timeout_minutes: give up after so long without a new one (--eval_timeout_mins).
        last_step: step with which training ends: nothing comes after it.
        sleep: waits for a number of seconds.
        clock: seconds; only differences count.

    Yields:
        Paths, by step.
    """
    seen = -1
    deadline = clock() + 60 * timeout_minutes
    while True:
        found = [path for path in list_checkpoints(directory) if step_of(path) > seen]
        for path in found[-1:] if seen < 0 else found:
            # Training keeps so many only: one may be gone while an earlier one was looked at.
            if Path(f"{path}.index").exists():
                yield path
                deadline = clock() + 60 * timeout_minutes
            seen = step_of(path)
        if (last_step is not None and seen >= last_step) or clock() >= deadline:
            return
        sleep(SECONDS_BETWEEN_LOOKS)
