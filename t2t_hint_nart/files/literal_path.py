"""Paths for readers that take some names for patterns, as TensorFlow's do (no TensorFlow)."""

import contextlib
import os
import re
import tempfile
from collections.abc import Iterator
from pathlib import Path

_PATTERN = re.compile(r"[*?\[\]\\]")


@contextlib.contextmanager
def literal(path: str | os.PathLike[str]) -> Iterator[str]:
    r"""Yield a name under which a pattern's reader finds just what has this name.

    That is the name itself, or one in a temporary directory of links if it has one of `*?[]\`.

    Args:
        path: a file, a directory, or what several files' names begin with, before a dot.
    """
    named = Path(path)
    if not _PATTERN.search(str(named)):
        yield str(path)
        return
    with tempfile.TemporaryDirectory(prefix="t2t-") as folder:
        link = Path(folder) / "link"
        for file in named.parent.iterdir() if named.parent.is_dir() else ():
            if file.name == named.name or file.name.startswith(f"{named.name}."):
                end = file.name[len(named.name) :]
                link.with_name(link.name + end).symlink_to(file.resolve())
        yield str(link)
