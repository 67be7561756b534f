"""T2T's invertible tokenizer (T2T data_generators/tokenizer.py).

A token is a longest run of letters and digits, or a longest run of anything else. A single space
between two tokens is not written down: two neighbouring alphanumeric tokens imply it.
"""

import re
from collections.abc import Iterable

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
    """Split a text into tokens.

    Args:
        text: any string.

    Returns:
        The tokens, alternately alphanumeric and not, but for the single spaces left out.

    Example:
        >>> encode("Dude - that's so cool.")
        ['Dude', ' - ', 'that', "'", 's', 'so', 'cool', '.']
    """
    runs = _RUN.findall(text)
    last = len(runs) - 1
    return [run for i, run in enumerate(runs) if run != " " or i in (0, last)]


def decode(tokens: Iterable[str]) -> str:
    """Join tokens into a text, the inverse of `encode`.

    Args:
        tokens: strings; only the first character of each decides whether it is alphanumeric.
            Empty tokens are skipped.

    Returns:
        The text, with one space between two neighbouring alphanumeric tokens.

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
