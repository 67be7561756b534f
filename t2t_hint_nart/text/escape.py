r"""A token spelt in a subword vocabulary's alphabet and cut into subtokens (T2T text_encoder.py).

An underscore ends every token, so inside it `_` is written `\u`, `\` is written `\\`, and a
character outside the alphabet is written by its code point, `\8364;`.
"""

import re
from collections.abc import Container

ESCAPE_CHARACTERS = "\\_u;0123456789"
# What a code point that is no character is read as (T2T: the geta mark).
UNDEFINED = "\u3013"
# What stands for half a surrogate pair, which UTF-8 cannot hold.
REPLACEMENT = "\ufffd"
MAX_CODE_POINT = 0x10FFFF
FIRST_SURROGATE, LAST_SURROGATE = 0xD800, 0xDFFF

_ESCAPE = re.compile(r"\\u|\\\\|\\([0-9]+);")
_SURROGATE = re.compile("[\ud800-\udfff]")


def replace_surrogates(text: str) -> str:
    r"""Replace lone surrogates, which are not text, by U+FFFD.

    Example:
        >>> replace_surrogates("a\ud800b") == "a\ufffdb"
        True
    """
    return _SURROGATE.sub(REPLACEMENT, text)


def escape_token(token: str, alphabet: Container[str]) -> str:
    r"""Spell a token in an alphabet and end it with an underscore.

    Args:
        token: any string.
        alphabet: the characters that may stand for themselves. A newline never does: a
            vocabulary file has one subtoken a line.

    Returns:
        The escaped token; its only underscore is the last character.

    Example:
        >>> escape_token("snake_case\u20ac", alphabet=set("\\_aceknsu;0123456789"))
        'snake\\ucase\\8364;_'
    """
    token = token.replace("\\", "\\\\").replace("_", "\\u")
    escaped = [c if c in alphabet and c != "\n" else f"\\{ord(c)};" for c in token]
    return "".join(escaped) + "_"


def unescape_token(escaped: str) -> str:
    r"""Read an escaped token, without its final underscore, the inverse of `escape_token`.

    Read from left to right; a backslash that begins no escape stands for itself. A number that
    is no character (beyond U+10FFFF, or a surrogate) reads as U+3013.

    Args:
        escaped: any string.

    Returns:
        The token.

    Example:
        >>> unescape_token(r"snake\ucase\8364;")
        'snake_case€'
        >>> unescape_token(r"\x \9999999;")
        '\\x 〓'
    """
    return _ESCAPE.sub(_read_escape, escaped)


def _read_escape(match: re.Match[str]) -> str:
    digits = match.group(1)
    if digits is None:
        return "_" if match.group() == "\\u" else "\\"
    digits = digits.lstrip("0") or "0"
    if len(digits) > 7:  # More than any code point has, and int() refuses very long numbers.
        return UNDEFINED
    code_point = int(digits)
    if code_point > MAX_CODE_POINT or FIRST_SURROGATE <= code_point <= LAST_SURROGATE:
        return UNDEFINED
    return chr(code_point)


def longest_match(escaped: str, subtokens: Container[str], max_length: int) -> list[str]:
    """Split an escaped token into subtokens, the longest first, from left to right.

    Args:
        escaped: an escaped token, see `escape_token`.
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
