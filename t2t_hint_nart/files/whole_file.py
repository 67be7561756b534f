"""Files that are there whole or not at all, whenever a run is killed; full disks name them."""

import contextlib
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

from t2t_hint_nart.errors import InputError

PathLike = str | os.PathLike[str]


@contextlib.contextmanager
def naming_file(path: PathLike) -> Iterator[None]:
    """Put a file's name into an error of writing to it, which has none when the disk is full.

    Raises:
        OSError: as raised in the block, with a `filename`.
    """
    try:
        yield
    except OSError as error:
        if error.errno is not None and error.filename is None:
            error.filename = os.fspath(path)
        raise


@contextlib.contextmanager
def written_whole(path: PathLike) -> Iterator[Path]:
    """Yield `<path>.incomplete` to be written, which gets its final name if nothing was raised.

    Whatever is raised, nothing is left of it.

    Args:
        path: of the file; its directory is made if need be, and the file replaced if it exists.

    Raises:
        OSError: it can't be written, as on a full disk; names it.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    incomplete = _incomplete(target)
    try:
        with naming_file(target):
            yield incomplete
            incomplete.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            incomplete.unlink()
        raise


def write_whole(path: PathLike, text: str) -> Path:
    """Write a UTF-8 text file, whole or not at all, and return its path.

    Args:
        path: as of `written_whole`.
        text: its content.
    """
    with written_whole(path) as incomplete:
        incomplete.write_text(text, encoding="utf-8")
    return Path(path)


def check_writable(*paths: PathLike) -> None:
    """Refuse files that couldn't be written, before an hour of work; nothing is made yet.

    Args:
        *paths: of the files; empty ones are left out.

    Raises:
        InputError: something else has the name, what leads there isn't a directory, or it has no
            room or permission for a file.
    """
    for path in filter(os.fspath, paths):
        with _told(path):
            for name in (Path(path), _incomplete(Path(path))):
                # Of a directory or a device, a file would take the place.
                if name.exists() and not name.is_file():
                    raise InputError(f"{path} can't be written: {name} isn't a file.")
        _check_place(path, Path(path).absolute().parent)


def check_directory(*paths: PathLike) -> None:
    """Refuse directories that couldn't be made or written to; as `check_writable`."""
    for path in filter(os.fspath, paths):
        _check_place(path, Path(path).absolute())


def _incomplete(target: Path) -> Path:
    return target.with_name(target.name + ".incomplete")


def _check_place(path: PathLike, place: Path) -> None:
    """Write something without a name into a directory, or into the nearest one that there is."""
    with _told(path):
        while not place.exists() and place != place.parent:
            place = place.parent
        if not place.is_dir():
            raise InputError(f"{path} can't be written: {place} isn't a directory.")
        with tempfile.TemporaryFile(dir=place) as file:
            file.write(bytes(4096))


@contextlib.contextmanager
def _told(path: PathLike) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{path} can't be written: {error.strerror}.") from error
