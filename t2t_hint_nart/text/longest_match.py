"""Greedy segmentation: at each place the longest subtoken that fits (T2T text_encoder.py)."""

from collections.abc import Container


def longest_match(escaped: str, subtokens: Container[str], max_length: int) -> list[str]:
    """Split an escaped token into subtokens, the longest first, from left to right.

    Args:
        escaped: an escaped token, see `escape.escape_token`.
        subtokens: the vocabulary; holds every single character of `escaped`.
        max_length: of the longest subtoken, in characters.

    Returns:
        Subtokens whose concatenation is `escaped`.

    Raises:
        KeyError: where no subtoken fits.

    Example:
        >>> longest_match("abab_", {"a", "b", "aba", "b_", "_"}, max_length=3)
        ['aba', 'b_']
    """
    pieces = []
    start, size = 0, len(escaped)
    while start < size:
        for end in range(min(size, start + max_length), start, -1):
            if escaped[start:end] in subtokens:
                break
        else:
            raise KeyError(escaped[start])
        pieces.append(escaped[start:end])
        start = end
    return pieces
