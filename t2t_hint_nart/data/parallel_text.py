"""Sentence pairs out of text files: two files line by line, or one of tab-separated columns.

In: UTF-8 files, plain or gzip. Out: (source, target) strings without the white space around them,
everything inside kept as it is. What a line must not be is said by the caller, and what is wrong is
told with file and line. No TensorFlow.
"""

import contextlib
import gzip
import re
import zlib
from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from pathlib import Path
from types import MappingProxyType
from typing import IO

from t2t_hint_nart.errors import InputError

Pair = tuple[str, str]

# What is wrong with a line -> whether it is so.
Refusals = Mapping[str, Callable[[str], bool]]

MAX_LINE_CHARACTERS = 10_000

_GZIP_MAGIC = b"\x1f\x8b"
# Category Cc but the tab, and the two characters that also end a line for some programs.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


def is_empty(text: str) -> bool:
    """Return whether nothing but white space is there."""
    return not text.strip()


def has_control_character(text: str) -> bool:
    r"""Return whether a text has a control character other than a tab, or a line separator.

    Example:
        >>> [has_control_character(text) for text in ("a\tb", "a\x00b", "a\u2028b")]
        [False, True, True]
    """
    return _CONTROL.search(text) is not None


def is_overlong(text: str) -> bool:
    """Return whether a line is too long for a sentence: its line ends are lost, most likely."""
    return len(text) > MAX_LINE_CHARACTERS


# What a corpus made by hand should not have.
STRICT: Refusals = MappingProxyType(
    {
        "an empty line": is_empty,
        "a control character": has_control_character,
        f"more than {MAX_LINE_CHARACTERS} characters in a line": is_overlong,
    }
)


def find_text(folder: Path, name: str) -> Path | None:
    """Return the path of a text file, plain or with `.gz` at its end, None if there is neither.

    Args:
        folder: where it is looked for.
        name: the name without `.gz`.
    """
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    return None


def read_lines(path: Path, refusals: Refusals = STRICT) -> Iterator[str]:
    """Yield the lines of a text file, without the white space around them.

    Lines end in a line feed, or carriage return and line feed, and nowhere else. A byte order mark
    at the beginning is dropped.

    Args:
        path: of a UTF-8 file; whether it is gzip is seen from its first bytes.
        refusals: what a line must not be.

    Raises:
        InputError: the file cannot be read, or a line is not UTF-8 or refused.
    """
    with _opened(path) as file:
        number = 0
        try:
            for number, line in enumerate(file, start=1):
                text = _decoded(line, path, number).strip()
                for what, is_so in refusals.items():
                    if is_so(text):
                        raise InputError(f"'{path}' has {what}: line {number}")
                yield text
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise InputError(f"'{path}' is damaged after line {number}: {error}") from None


def _decoded(line: bytes, path: Path, number: int) -> str:
    try:
        return line.decode("utf-8-sig" if number == 1 else "utf-8")
    except UnicodeDecodeError:
        raise InputError(f"'{path}' is not UTF-8 text at line {number}") from None


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[IO[bytes]]:
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(f"cannot read '{path}' ({error.strerror})") from None
    with file:
        magic = file.read(len(_GZIP_MAGIC))
        file.seek(0)
        if magic != _GZIP_MAGIC:
            yield file
            return
        with gzip.open(file, "rb") as unpacked:
            yield unpacked  # type: ignore[misc]


def read_pairs(source: Path, target: Path, refusals: Refusals = STRICT) -> Iterator[Pair]:
    """Yield the pairs of two files: line n of one belongs to line n of the other.

    Args:
        source: path of the source text.
        target: path of the target text.
        refusals: what a line must not be.

    Raises:
        InputError: see `read_lines`; or one file has more lines than the other, or none has any.
    """
    count = 0
    for first, second in zip_longest(read_lines(source, refusals), read_lines(target, refusals)):
        if first is None or second is None:
            ended, longer = (source, target) if first is None else (target, source)
            raise InputError(
                f"'{ended}' ends after line {count}, but '{longer}' goes on; "
                "line n of one belongs to line n of the other"
            )
        count += 1
        yield first, second
    if not count:
        raise InputError(f"'{source}' and '{target}' are empty")


def read_columns(path: Path, refusals: Refusals = STRICT) -> Iterator[Pair]:
    """Yield the pairs of a file with a source, a tab and its target in every line.

    Args:
        path: of the text.
        refusals: what a column must not be.

    Raises:
        InputError: see `read_lines`; or a line has more or fewer than two columns, or there is
            none.
    """
    number = 0
    for number, line in enumerate(read_lines(path, {}), start=1):
        columns = [column.strip() for column in line.split("\t")]
        if len(columns) != 2:
            raise InputError(
                f"'{path}' has {len(columns)} column(s) instead of source, tab, target: "
                f"line {number}"
            )
        for what, is_so in refusals.items():
            if any(map(is_so, columns)):
                raise InputError(f"'{path}' has {what}: line {number}")
        yield columns[0], columns[1]
    if not number:
        raise InputError(f"'{path}' is empty")
