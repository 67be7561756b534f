"""Files of translations named `<name>-<steps>`: those there are, and those that are to come."""

import os
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from t2t_hint_nart.errors import InputError

_STEPS = re.compile(r".*-(\d+)")
SECONDS_BETWEEN_LOOKS = 10.0


@dataclass(frozen=True)
class StepFile:
    """Translations made with the checkpoint of one training step.

    Attributes:
        path: of the file.
        steps: the number at the end of its name.
        mtime: when it was last written, in seconds since the epoch.
    """

    path: Path
    steps: int
    mtime: float


def step_files(directory: str | os.PathLike[str], min_steps: int = 0) -> list[StepFile]:
    """Return the files of a directory whose names end in a hyphen and a number, by that number.

    Args:
        directory: of translations.
        min_steps: files of fewer steps are left out.
    """
    found = []
    for path in Path(directory).iterdir():
        match = _STEPS.fullmatch(path.name)
        if match and int(match[1]) >= min_steps and path.is_file():
            found.append(StepFile(path, int(match[1]), path.stat().st_mtime))
    return sorted(found, key=lambda file: (file.steps, file.path.name))


def wait_for_step_files(
    directory: str | os.PathLike[str],
    min_steps: int = 0,
    wait_minutes: float = 0,
    *,
    sleep: Callable[[float], None] = time.sleep,
    clock: Callable[[], float] = time.monotonic,
) -> Iterator[StepFile]:
    """Yield the files of a directory in the order of their steps, and new ones as they appear.

    Args:
        directory: of translations; it may appear later, too.
        min_steps: files of fewer steps are left out.
        wait_minutes: how long to wait for a further file after the last one.
        sleep: waits for a number of seconds.
        clock: returns seconds; only differences count.

    Raises:
        InputError: if the directory has not appeared in time.
    """
    deadline = clock() + 60 * wait_minutes
    next_steps = min_steps
    while True:
        ready = step_files(directory, next_steps) if Path(directory).is_dir() else []
        for file in ready:
            yield file
            next_steps = file.steps + 1
            deadline = clock() + 60 * wait_minutes
        if clock() >= deadline:
            break
        sleep(SECONDS_BETWEEN_LOOKS)
    if not Path(directory).is_dir():
        raise InputError(f"no directory '{os.fspath(directory)}' after {wait_minutes} minutes")
