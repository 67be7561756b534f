"""T2T's invertible tokenizer, and its counts of files' tokens (T2T data_generators/tokenizer.py).

A token is a longest run of letters and digits, or a longest run of anything else. A single space
between two tokens is not written down: two neighbouring alphanumeric tokens imply it.
"""

import glob
import itertools
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text.lines import each_line

# T2T: Unicode categories L* and N*. Python's \w is these and the underscore.
_RUN = re.compile(r"[^\W_]+|[\W_]+")


def is_alphanumeric(character: str) -> bool:
    """Return whether a character's Unicode category is a letter (L*) or a number (N*).

    Example:
        >>> [is_alphanumeric(c) for c in "aß7_ -"]
        [True, True, True, False, False, False]
    """
    return character.isalnum()


def encode(text: str) -> list[str]:
    """Split a text into tokens, alternately alphanumeric and not but for lone spaces, left out.

    Example:
        >>> encode("Dude - that's so cool.")
        ['Dude', ' - ', 'that', "'", 's', 'so', 'cool', '.']
    """
    runs = _RUN.findall(text)
    last = len(runs) - 1
    return [run for i, run in enumerate(runs) if run != " " or i in (0, last)]


def decode(tokens: Iterable[str]) -> str:
    """Join tokens into a text, the inverse of `encode`; empty ones are skipped.

    The first character of a token alone decides whether it is alphanumeric.

    Example:
        >>> decode(["Dude", " - ", "that", "'", "s", "so", "cool", "."])
        "Dude - that's so cool."
    """
    pieces: list[str] = []
    previous = False
    for token in filter(None, tokens):
        current = is_alphanumeric(token[0])
        if previous and current:
            pieces.append(" ")
        pieces.append(token)
        previous = current
    return "".join(pieces)


def corpus_token_counts(
    pattern: str, max_lines: int = 0, split_on_newlines: bool = True
) -> Counter[str]:
    """Count the tokens of text files.

    Args:
        pattern: of the files' names, with `*`, `?` and `[...]`; read in alphabetical order.
        max_lines: lines to read of all files together; 0 for all.
        split_on_newlines: whether a line is a text, without the space around it; else a file is.

    Raises:
        InputError: no such file, none with text, or one that isn't UTF-8, with its line's number.
    """
    counts: Counter[str] = Counter()
    text: list[str] = []
    place = None
    for path, _, line in _lines(pattern, max_lines):
        if split_on_newlines:
            counts.update(encode(line.strip()))
            continue
        if path != place:
            counts.update(encode("".join(text)))
            text, place = [], path
        text.append(line)
    counts.update(encode("".join(text)))
    if not counts:
        raise InputError(f"{pattern}: there is no text to make a vocabulary of.")
    return counts


def listed_token_counts(pattern: str, max_lines: int = 0) -> dict[str, int]:
    """Read counted tokens, a line `token,count` each (T2T's vocab_token_counts).

    Arguments and errors are those of `corpus_token_counts`; a line of another form is one, too.
    """
    counts: dict[str, int] = {}
    for path, number, line in _lines(pattern, max_lines):
        token, comma, count = line.strip().rpartition(",")
        if not comma or not count.isdecimal():
            raise InputError(
                f"'{path}' must have the form token,count, not {line.strip()!r}: line {number}"
            )
        counts[token] = int(count)
    if not counts:
        raise InputError(f"{pattern}: there is no token to make a vocabulary of.")
    return counts


def _lines(pattern: str, max_lines: int) -> Iterator[tuple[str, int, str]]:
    """Return file, number and text of the lines of all files."""
    paths = sorted(path for path in glob.glob(os.path.expanduser(pattern)) if Path(path).is_file())  # noqa: PTH111, PTH207
    if not paths:
        raise InputError(f"There is no file {pattern}.")
    numbered = (
        (path, number, line)
        for path in paths
        for number, line in enumerate(each_line(path), start=1)
    )
    return itertools.islice(numbered, max_lines or None)
