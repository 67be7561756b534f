"""Subword vocabulary files as T2T writes and reads them: one subtoken a line, id = line number."""

import os
from collections.abc import Iterable
from pathlib import Path

from t2t_hint_nart.errors import InputError


def read_lines(path: str | os.PathLike[str]) -> list[str]:
    """Return the lines of a UTF-8 text file, split at newlines only.

    Args:
        path: of the vocabulary file.

    Raises:
        InputError: the file is missing, unreadable, empty or not UTF-8.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise InputError(f"cannot read vocabulary file {path}: {error.strerror}") from error
    if not content:
        raise InputError(f"vocabulary file {path} is empty")
    try:
        lines = content.decode("utf-8").split("\n")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise InputError(f"vocabulary file {path} is not UTF-8 text at line {line}") from error
    return lines[:-1] if lines[-1] == "" else lines


def write_lines(path: str | os.PathLike[str], lines: Iterable[str]) -> None:
    """Write a UTF-8 text file under its name with `.incomplete`, then rename it.

    Args:
        path: of the file; replaced if it exists.
        lines: without newlines.

    Raises:
        InputError: the file cannot be written.
    """
    incomplete = Path(f"{os.fspath(path)}.incomplete")
    try:
        incomplete.write_bytes("".join(f"{line}\n" for line in lines).encode("utf-8"))
        incomplete.replace(path)
    except OSError as error:
        raise InputError(f"cannot write vocabulary file {path}: {error.strerror}") from error


def unquote(line: str) -> str:
    r"""Return the subtoken of a line: single-quoted, double-quoted or bare.

    As T2T: space after the closing quote is ignored; a line that is one bare quote is an empty
    subtoken, which stands for nothing.

    Example:
        >>> [unquote(line) for line in ("'the_'", '"the_"', "the_", "' '")]
        ['the_', 'the_', 'the_', ' ']
    """
    line = line.rstrip()
    for quote in "'\"":
        if line.startswith(quote) and line.endswith(quote):
            return line[1:-1]
    return line
