"""Tokens and how often they occur, read from files (T2T data_generators/tokenizer.py)."""

import glob
import itertools
import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text import tokenizer
from t2t_hint_nart.text.lines import each_line


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

    References:
        T2T data_generators/tokenizer.py, corpus_token_counts.
    """
    counts: Counter[str] = Counter()
    text: list[str] = []
    place = None
    for path, _, line in _lines(pattern, max_lines):
        if split_on_newlines:
            counts.update(tokenizer.encode(line.strip()))
            continue
        if path != place:
            counts.update(tokenizer.encode("".join(text)))
            text, place = [], path
        text.append(line)
    counts.update(tokenizer.encode("".join(text)))
    if not counts:
        raise InputError(f"{pattern}: there is no text to make a vocabulary of.")
    return counts


def listed_token_counts(pattern: str, max_lines: int = 0) -> dict[str, int]:
    """Read counted tokens, a line `token,count` each.

    Args:
        pattern: as of `corpus_token_counts`.
        max_lines: as of `corpus_token_counts`.

    Raises:
        InputError: as `corpus_token_counts`, or a line of another form.

    References:
        T2T data_generators/tokenizer.py, vocab_token_counts.
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
