"""Files that are there whole or not at all, whenever a run is killed."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path


@contextlib.contextmanager
def written_whole(path: str | os.PathLike[str]) -> Iterator[Path]:
    """Yield `<path>.incomplete` to be written, which gets its final name if nothing was raised.

    Args:
        path: of the file; its directory is made if need be, and the file replaced if it exists.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    incomplete = target.with_name(target.name + ".incomplete")
    yield incomplete
    incomplete.replace(target)


def write_whole(path: str | os.PathLike[str], text: str) -> Path:
    """Write a UTF-8 text file, whole or not at all, and return its path.

    Args:
        path: as of `written_whole`.
        text: its content.
    """
    with written_whole(path) as incomplete:
        incomplete.write_text(text, encoding="utf-8")
    return Path(path)
