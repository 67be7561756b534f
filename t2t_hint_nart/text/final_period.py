"""The rule of Moses' `tokenizer.perl` since November 2018 that sacremoses 0.2 does not have."""

from collections.abc import Sequence


def split_final_period(tokens: Sequence[str]) -> list[str]:
    """Return a line's tokens with the period at its end split off, whatever it follows.

    Example:
        >>> split_final_period(["Das", "war", "2012."]), split_final_period(["und", "..."])
        (['Das', 'war', '2012', '.'], ['und', '...'])
    """
    if tokens and tokens[-1].endswith(".") and tokens[-1].strip("."):
        return [*tokens[:-1], tokens[-1][:-1], "."]
    return list(tokens)
