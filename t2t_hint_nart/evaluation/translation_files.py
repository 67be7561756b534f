"""Files of translations named `<name>-<steps>`: those there are, and those that are to come."""

import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.new_files import appearing

_STEPS = re.compile(r".*-(\d+)")
SECONDS_BETWEEN_LOOKS = 10.0


@dataclass(frozen=True)
class StepFile:
    """Translations of one step's checkpoint, the number at the end of the file's name.

    `mtime` is when they were last written, in seconds since the epoch.
    """

    path: Path
    steps: int
    mtime: float


def step_files(directory: str | os.PathLike[str], min_steps: int = 0) -> list[StepFile]:
    """Return the files named `<name>-<steps>` of at least so many steps, by their steps."""
    found = []
    for path in Path(directory).iterdir():
        match = _STEPS.fullmatch(path.name)
        if match and int(match[1]) >= min_steps and path.is_file():
            found.append(StepFile(path, int(match[1]), path.stat().st_mtime))
    return sorted(found, key=lambda file: (file.steps, file.path.name))


def wait_for_step_files(
    directory: str | os.PathLike[str], min_steps: int = 0, wait_minutes: float = 0, **time: Any
) -> Iterator[StepFile]:
    """Yield the files of a directory in the order of their steps, and new ones as they appear.

    Args:
        directory: of translations; it may appear later, too.
        min_steps: files of fewer steps are left out.
        wait_minutes: how long to wait for a further file after the last one.
        **time: sleep and clock of `appearing`.
    """

    def look(first_step: int) -> list[tuple[int, Path]]:
        files = step_files(directory, first_step) if Path(directory).is_dir() else []
        return [(file.steps, file.path) for file in files]

    found = appearing(look, min_steps, 60 * wait_minutes, SECONDS_BETWEEN_LOOKS, **time)
    for steps, path in found:
        yield StepFile(path, steps, path.stat().st_mtime)
    if not Path(directory).is_dir():
        raise InputError(f"no directory '{os.fspath(directory)}' after {wait_minutes} minutes")
