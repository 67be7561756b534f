"""Checkpoints of a run that may still be going, as they appear (no TensorFlow of its own)."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from t2t_hint_nart.new_files import appearing
from t2t_hint_nart.training.checkpoints import list_checkpoints, step_of


def every_checkpoint(
    directory: str | Path, min_steps: int = 0, wait_seconds: float = 0.0, **time: Any
) -> Iterator[str]:
    """Yield the checkpoints of a directory by their steps, and new ones as they appear.

    Args:
        directory: of the checkpoints; it may appear later, too.
        min_steps: checkpoints of fewer steps are left out.
        wait_seconds: how long to wait for a further one after the last.
        **time: sleep and clock of `appearing`.
    """
    found = appearing(_looking_at(directory), min_steps, wait_seconds, **time)
    return (_checkpoint(index) for _, index in found)


def new_checkpoints(
    directory: str | Path, timeout_minutes: float, last_step: int | None = None, **time: Any
) -> Iterator[str]:
    """Yield the newest checkpoint there is, and then every newer one (T2T next_checkpoint).

    Args:
        directory: output_dir of the run; it may appear later, too.
        timeout_minutes: give up after so long without a new one (--eval_timeout_mins).
        last_step: step with which training ends: nothing comes after it.
        **time: sleep and clock of `appearing`.
    """
    look = _looking_at(directory)

    def newest_first(step: int) -> list[tuple[int, Path]]:
        # Until there has been one, the older ones don't count.
        return look(step) if step else look(step)[-1:]

    found = appearing(newest_first, 0, 60 * timeout_minutes, last_step=last_step, **time)
    return (_checkpoint(index) for _, index in found)


def _looking_at(directory: str | Path) -> Callable[[int], list[tuple[int, Path]]]:
    def look(first_step: int) -> list[tuple[int, Path]]:
        paths = [path for path in list_checkpoints(directory) if step_of(path) >= first_step]
        return [(step_of(path), Path(f"{path}.index")) for path in paths]

    return look


def _checkpoint(index: Path) -> str:
    return str(index.with_suffix(""))
