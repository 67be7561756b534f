"""Lines of UTF-8 text files, plain or gzip: the one place where text is read (no TensorFlow).

Lines end in a line feed and nowhere else: what other programs take for an end belongs to the
sentence. A byte order mark at the beginning is no text. Whether a file is gzip is seen from its
first bytes.

`sentence` says what of a line is translated, whether it comes from a file, from what is typed, from
a flag or, as `graph.sentences` inside an export, from whoever calls that.
"""

import contextlib
import gzip
import lzma
import os
import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.whole_file import written_whole
from t2t_hint_nart.text.escape import REPLACEMENT

PathLike = str | os.PathLike[str]

# Longer lines are no text: a zip file of 14 MB may hold a line of 14 GB.
MAX_LINE_BYTES = 2**24

_LINES_TOLD = 10
_GZIP_MAGIC = b"\x1f\x8b"

# What Python's str.split and str.strip take for white space.
WHITE_SPACE = (
    "\t\n\v\f\r\x1c\x1d\x1e\x1f \x85\xa0\u1680"
    "\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a"
    "\u2028\u2029\u202f\u205f\u3000"
)
BYTE_ORDER_MARK = "\ufeff"
# What is no part of a sentence at either end of it.
AROUND_SENTENCES = WHITE_SPACE + BYTE_ORDER_MARK

# Where some reader ends a line: str.splitlines, editors, `wc -l`.
_ENDS_OF_LINES = re.compile("[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]")
# What a terminal obeys, the tab excepted.
_CONTROLS = re.compile("[\x00-\x08\x0e-\x1b\x1f\x7f-\x9f]")


def one_line(text: str) -> str:
    r"""Return a text that every reader takes for one line: a space stands for each end of a line.

    Example:
        >>> one_line("Guten\r\nMorgen!\u2028")
        'Guten  Morgen! '
    """
    return _ENDS_OF_LINES.sub(" ", text)


def printable(text: str) -> str:
    r"""Return a text for a terminal: `one_line`, and U+FFFD for each other control character.

    Example:
        >>> printable("\x1b[31mred\x07") == "\ufffd[31mred\ufffd"
        True
    """
    return _CONTROLS.sub(REPLACEMENT, one_line(text))


def sentence(text: str) -> str:
    r"""Return the sentence in a text: without white space and byte order marks at either end.

    Whatever is inside stays, line separators and NUL among it. A sentence's sentence is itself.

    Example:
        >>> sentence("\ufeff Guten\x0bMorgen!\r\n")
        'Guten\x0bMorgen!'
    """
    return text.strip(AROUND_SENTENCES)


def read_lines(path: PathLike, delimiter: str = "\n") -> list[str]:
    """Return the sentences of a text file; one empty last one is dropped (as T2T does).

    Raises:
        InputError: as `whole_lines`, or no delimiter.
    """
    if not delimiter:
        raise InputError("delimiter must not be empty.")
    return _not_empty([sentence(line) for line in _text(path).split(delimiter)], path)


def whole_lines(path: PathLike) -> list[str]:
    """Return the lines of a text file as they are; an empty one is an empty sentence.

    Raises:
        InputError: it cannot be read, is damaged, empty or not UTF-8.
    """
    return _not_empty(_text(path).split("\n"), path)


def read_pairs(path: PathLike) -> list[tuple[str, str]]:
    """Return the sentences of a file of lines `input<tab>target`; either may be empty.

    Raises:
        InputError: as `whole_lines`, or a line hasn't exactly one tab.
    """
    return [columns(line, path, number) for number, line in enumerate(whole_lines(path), start=1)]


def columns(line: str, path: PathLike, number: int) -> tuple[str, str]:
    """Return the two sentences in a line `input<tab>target`; path and number are for messages.

    Raises:
        InputError: it hasn't exactly one tab.
    """
    parts = line.split("\t")
    if len(parts) != 2:
        raise InputError(
            f"'{os.fspath(path)}' must have the form input<tab>target with one tab, it has "
            f"{len(parts) - 1}: line {number}"
        )
    return sentence(parts[0]), sentence(parts[1])


def each_line(path: PathLike) -> Iterator[str]:
    """Yield the lines of a text file one by one, with their line feeds.

    Raises:
        InputError: it cannot be read, is damaged or not UTF-8; not if it is empty.
    """
    name = f"'{os.fspath(path)}'"
    with _opened(path, name) as file:
        yield from decoded(file, name)


def decoded(file: IO[bytes], name: str) -> Iterator[str]:
    """Yield the lines of an open file, with their line feeds; `name` is for the message.

    Raises:
        InputError: it is not UTF-8, which is told with all such lines; has a line of more than
            MAX_LINE_BYTES; or is packed and damaged.
    """
    number, wrong = 0, LineNumbers()
    try:
        for number, line in enumerate(_lines(file), start=1):
            if len(line) > MAX_LINE_BYTES:
                raise InputError(f"{name} has more than {MAX_LINE_BYTES} bytes in line {number}")
            try:
                text = line.decode("utf-8-sig" if number == 1 else "utf-8")
            except UnicodeDecodeError:
                wrong.add(number)
            if not wrong:
                yield text
    except (EOFError, zlib.error, lzma.LZMAError, gzip.BadGzipFile) as error:
        raise InputError(f"{name} is damaged after line {number}: {error}") from None
    if wrong:
        raise InputError(f"{name} is not UTF-8 text at {wrong}")


def _lines(file: IO[bytes]) -> Iterator[bytes]:
    return iter(lambda: file.readline(MAX_LINE_BYTES + 1), b"")


class LineNumbers:
    """The numbers of lines that are told in a message: the first ten, and how many there are.

    Example:
        >>> numbers = LineNumbers()
        >>> for number in range(3, 15):
        ...     numbers.add(number)
        >>> str(numbers)
        'lines 3, 4, 5, 6, 7, 8, 9, 10, 11, 12 and 2 more'
    """

    def __init__(self) -> None:
        self._first: list[int] = []
        self._count = 0

    def add(self, number: int) -> None:
        """Add the number of a line."""
        self._count += 1
        if len(self._first) < _LINES_TOLD:
            self._first.append(number)

    def __bool__(self) -> bool:
        return self._count > 0

    def __str__(self) -> str:
        more = self._count - len(self._first)
        told = [*map(str, self._first), *([f"{more} more"] if more else [])]
        listed = " and ".join(part for part in (", ".join(told[:-1]), told[-1]) if part)
        return f"{'line' if self._count == 1 else 'lines'} {listed}"


def write_lines(path: PathLike, lines: Iterable[str]) -> None:
    """Write a text file of lines without line feeds, whole or not at all.

    They are written as they are: a vocabulary's may have other ends of lines in them.
    """
    try:
        with written_whole(path) as incomplete:
            incomplete.write_bytes("".join(f"{line}\n" for line in lines).encode("utf-8"))
    except OSError as error:
        raise InputError(f"cannot write '{os.fspath(path)}': {error.strerror}") from error


def _text(path: PathLike) -> str:
    return "".join(each_line(path))


def _not_empty(lines: list[str], path: PathLike) -> list[str]:
    if not lines[-1]:
        lines.pop()
    if not lines:
        raise InputError(f"'{os.fspath(path)}' is empty: at least 1 line is needed")
    return lines


@contextlib.contextmanager
def _opened(path: PathLike, name: str) -> Iterator[IO[bytes]]:
    try:
        file = Path(path).open("rb")  # noqa: SIM115
    except OSError as error:
        raise InputError(f"cannot read {name}: {error.strerror}") from None
    with file:
        # Looked at, not read: a pipe can't go back.
        if not file.peek(len(_GZIP_MAGIC)).startswith(_GZIP_MAGIC):
            yield file
            return
        with gzip.open(file, "rb") as unpacked:
            yield unpacked  # type: ignore[misc]
