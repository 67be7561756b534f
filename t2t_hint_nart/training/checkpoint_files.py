"""Checkpoints as files with T2T's names: found, waited for, read, written whole and removed."""

import contextlib
import math
import re
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import tensorflow as tf

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.literal_path import literal
from t2t_hint_nart.files.new_files import appearing
from t2t_hint_nart.training.checkpoint_facts import check_files

CHECKPOINT_NAME = "model.ckpt"
_STEP = re.compile(r"-(\d+)$")
_FILE = re.compile(r"\.(index|data-\d+-of-\d+|json)$")


class DamagedCheckpointError(InputError):
    """A checkpoint whose files can't be read."""


def step_of(path: str) -> int:
    """Return the step in a checkpoint's name.

    Example:
        >>> step_of("runs/model.ckpt-1234")
        1234
    """
    match = _STEP.search(str(path))
    if match is None:
        raise InputError(f"{path} isn't a checkpoint name; expected .../model.ckpt-<step>.")
    return int(match.group(1))


def list_checkpoints(directory: str | Path) -> list[str]:
    """Return the complete checkpoints of a directory, oldest step first."""
    prefixes = [str(p)[: -len(".index")] for p in Path(directory).glob("model.ckpt-*.index")]
    return sorted((p for p in prefixes if _STEP.search(p)), key=step_of)


def find_checkpoint(directory_or_path: str | Path) -> str:
    """Return the newest checkpoint of a directory, or the one that the path names.

    Raises:
        InputError: there is none.
    """
    path = Path(directory_or_path)
    if path.is_dir():
        found = list_checkpoints(path)
        if not found:
            raise InputError(f"No checkpoint model.ckpt-<step> in {path}; train a model first.")
        return found[-1]
    if not path.with_name(path.name + ".index").exists():
        raise InputError(f"No checkpoint at {path}: {path}.index doesn't exist.")
    return str(path)


def files_of(path: str | Path) -> list[Path]:
    """Return a checkpoint's files, the index, which makes it one, last."""
    named = Path(path)
    found = [
        file
        for file in named.parent.glob("*")
        if _FILE.search(file.name) and _FILE.sub("", file.name) == named.name
    ]
    return sorted(found, key=lambda file: (file.suffix == ".index", file.name))


def remove_checkpoint(path: str | Path) -> None:
    """Remove a checkpoint's files, if there are any."""
    for file in reversed(files_of(path)):
        file.unlink(missing_ok=True)


@contextlib.contextmanager
def reading(path: str) -> Iterator[str]:
    """Yield the name under which TensorFlow reads a checkpoint; what it raises becomes one line.

    Raises:
        DamagedCheckpointError: in place of TensorFlow's errors.
    """
    try:
        check_files(path)
    except InputError as error:
        raise DamagedCheckpointError(str(error)) from error
    with literal(path) as name:
        try:
            yield name
        except (
            AssertionError,
            ValueError,
            LookupError,
            RuntimeError,
            tf.errors.OpError,
        ) as error:
            if isinstance(error, InputError):
                raise
            reason = " ".join(str(error).replace(name, path).split())[:300]
            raise DamagedCheckpointError(f"Checkpoint {path} can't be read: {reason}") from error


@contextlib.contextmanager
def writing(what: str) -> Iterator[None]:
    """Turn whatever TensorFlow raises where it can't write, on a full disk, into one line."""
    try:
        yield
    except (tf.errors.OpError, OSError) as error:
        message = error.message if isinstance(error, tf.errors.OpError) else str(error)
        reason = " ".join(message.split())[:300]
        raise InputError(f"{what} can't be written: {reason}") from error


@contextlib.contextmanager
def written_checkpoint(path: str) -> Iterator[str]:
    """Yield the name under which TensorFlow writes a checkpoint, which then becomes `path`.

    Whatever happens, `path` is whole or isn't there; what was written in vain is removed.

    Raises:
        InputError: in place of TensorFlow's errors, as on a full disk.
    """
    target = Path(path)
    # One name for all steps: what a killed run left there, the next one overwrites.
    incomplete = target.with_name(_STEP.sub("", target.name) + ".incomplete")
    try:
        with writing(f"Checkpoint {path}"):
            target.parent.mkdir(parents=True, exist_ok=True)
            remove_checkpoint(incomplete)
            yield str(incomplete)
            # The files may have another name elsewhere, in best/, which is left as it is.
            remove_checkpoint(target)
            for file in files_of(incomplete):
                file.replace(target.with_name(target.name + file.name[len(incomplete.name) :]))
    finally:
        remove_checkpoint(incomplete)
        shutil.rmtree(f"{incomplete}_temp", ignore_errors=True)


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
        last_step: with which training ends: nothing comes after it.
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
    """Yield the newest checkpoint there is, and then every newer one (T2T next_checkpoint).

    Args:
        directory: of the checkpoints.
        timeout_minutes: how long to wait for a further one; a negative number is without end.
        last_step: as of `every_checkpoint`.
        **time: so are these.
    """
    wait_seconds = 60 * timeout_minutes if timeout_minutes >= 0 else math.inf
    return every_checkpoint(directory, 0, wait_seconds, last_step, True, **time)
