"""Checkpoints of a run that may still be going, as they appear (no TensorFlow of its own)."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from t2t_hint_nart.new_files import appearing
from t2t_hint_nart.training.checkpoints import list_checkpoints, step_of


def every_checkpoint(
    directory: str | Path,
    min_steps: int = 0,
    wait_seconds: float = 0.0,
    last_step: int | None = None,
    newest_first: bool = False,
    **time: Any,
) -> Iterator[str]:
    """Yield the checkpoints of a directory by their steps, and new ones as they appear.

    Args:
        directory: of the checkpoints; it may appear later, too.
        min_steps: checkpoints of fewer steps are left out.
        wait_seconds: how long to wait for a further one after the last.
        last_step: step with which training ends: nothing comes after it.
        newest_first: begin with the newest there is.
        **time: sleep and clock of `appearing`.
    """

    def look(first_step: int) -> list[tuple[int, Path]]:
        found = [(step_of(path), Path(f"{path}.index")) for path in list_checkpoints(directory)]
        found = [(step, index) for step, index in found if step >= first_step]
        return found[-1:] if newest_first and first_step == min_steps else found

    for _, index in appearing(look, min_steps, wait_seconds, last_step=last_step, **time):
        yield str(index.with_suffix(""))


def new_checkpoints(
    directory: str | Path, timeout_minutes: float, last_step: int | None = None, **time: Any
) -> Iterator[str]:
    """Yield the newest checkpoint there is, and then every newer one (T2T next_checkpoint)."""
    return every_checkpoint(directory, 0, 60 * timeout_minutes, last_step, True, **time)
