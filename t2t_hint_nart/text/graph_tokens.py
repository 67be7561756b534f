r"""Tokens and their escapes as TensorFlow operations on code points.

`tokenizer` and `escape` are the same in Python. In escapes `\` is 92, `_` 95, `u` 117, `;` 59 and
the digits 48 to 57.
"""

import functools

import numpy as np
import tensorflow as tf

from t2t_hint_nart.text.escape import (
    FIRST_SURROGATE,
    LAST_SURROGATE,
    MAX_CODE_POINT,
    UNDEFINED,
)
from t2t_hint_nart.text.graph_rows import (
    chosen_rows,
    places,
    row_of_each,
    rows,
    splits_from,
    splits_of,
)

_SPACE = ord(" ")
_BACKSLASH, _UNDERSCORE, _U, _SEMICOLON, _ZERO, _NINE = map(ord, "\\_u;09")
_MAX_DIGITS = 7  # of a code point in decimal
_POWERS = [10**k for k in range(_MAX_DIGITS + 1)]
_CODE_POINTS = MAX_CODE_POINT + 1
_PAGE = 256


class CharacterTable:
    """A flag for every code point, in two levels: its page of 256, then its place there.

    The members are written out rather than named by a regular expression's classes, because the
    Unicode version of TensorFlow's expressions (RE2) need not be Python's.

    Args:
        members: bool[0x110000].
    """

    def __init__(self, members: np.ndarray) -> None:
        pages: dict[bytes, int] = {}  # most are alike
        page_of = [pages.setdefault(p.tobytes(), len(pages)) for p in members.reshape(-1, _PAGE)]
        self._page_of = np.array(page_of, np.int32)
        self._pages = np.frombuffer(b"".join(pages), bool)

    @classmethod
    def of(cls, characters: str) -> "CharacterTable":
        """Return the table whose members are these characters."""
        members = np.zeros(_CODE_POINTS, bool)
        members[[ord(character) for character in characters]] = True
        return cls(members)

    @classmethod
    @functools.cache
    def alphanumeric(cls) -> "CharacterTable":
        """Return the table of letters and numbers, as `tokenizer.is_alphanumeric`."""
        return cls(np.fromiter(map(str.isalnum, map(chr, range(_CODE_POINTS))), bool))

    def __call__(self, code_points: tf.Tensor) -> tf.Tensor:
        """Return whether code points, int32[N], are members, bool[N]."""
        page = tf.gather(self._page_of, code_points // _PAGE)
        return tf.gather(self._pages, page * _PAGE + code_points % _PAGE)


def tokenize(
    texts: tf.RaggedTensor, alphanumeric: CharacterTable
) -> tuple[tf.RaggedTensor, tf.Tensor]:
    """Split texts into tokens.

    Args:
        texts: int32[B, None], code points.
        alphanumeric: the table of letters and numbers.

    Returns:
        Tokens int32[K, None], code points, none of them empty, in the order of the texts, and the
        text int64[K] that each belongs to.
    """
    characters, text_of = texts.flat_values, row_of_each(texts.row_splits)
    kind = alphanumeric(characters)
    first = places(changes(text_of) | (kind != previous(kind, False)))
    token_text = tf.gather(text_of, first)
    splits = tf.concat([first, texts.row_splits[-1:]], 0)
    lone_space = (splits[1:] - first == 1) & (tf.gather(characters, first) == _SPACE)
    at_edge = changes(token_text) | (token_text != following(token_text, -1))
    kept = places(at_edge | ~lone_space)
    return chosen_rows(characters, splits, kept), tf.gather(token_text, kept)


def detokenize(
    characters: tf.Tensor,
    token_of: tf.Tensor,
    text_of: tf.Tensor,
    num_texts: tf.Tensor,
    alphanumeric: CharacterTable,
) -> tf.RaggedTensor:
    """Join tokens into texts, with a space between two neighbouring alphanumeric tokens.

    Args:
        characters: int32[N], the code points of all tokens.
        token_of: int32[N], a number for the token of each, rising.
        text_of: int64[N], the text of each, rising.
        num_texts: int64[], B.
        alphanumeric: the table of letters and numbers.

    Returns:
        int32[B, None], code points.
    """
    begins = changes(token_of)
    first = places(begins)
    kind = alphanumeric(tf.gather(characters, first))
    needs_space = kind & previous(kind, False) & ~changes(tf.gather(text_of, first))
    token = tf.cumsum(tf.cast(begins, tf.int32)) - 1
    spaces = tf.cast(begins & tf.gather(needs_space, token), tf.int32)
    before = splits_from(spaces)
    place = tf.range(tf.size(characters)) + before[1:]
    room = tf.fill([tf.size(characters) + before[-1]], _SPACE)
    ends = splits_of(text_of, num_texts)
    return rows(
        tf.tensor_scatter_nd_update(room, place[:, None], characters),
        ends + tf.cast(tf.gather(before, ends), tf.int64),
    )


def escape(tokens: tf.RaggedTensor, plain: tf.Tensor) -> tf.RaggedTensor:
    """Spell tokens, each closed by an underscore.

    Args:
        tokens: int32[K, None], code points; no token is empty.
        plain: bool[N], which characters of the flat tokens may stand for themselves.

    Returns:
        int32[K, None], code points.
    """
    characters = tokens.flat_values
    special = (characters == _BACKSLASH) | (characters == _UNDERSCORE)
    digits = 1 + tf.reduce_sum(tf.cast(characters[:, None] >= _POWERS[1:-1], tf.int32), 1)
    length = tf.where(special, 2, tf.where(plain, 1, digits + 2))
    last = following(changes(row_of_each(tokens.row_splits)), True)
    splits = splits_from(tf.cast(length, tf.int64) + tf.cast(last, tf.int64))
    origin = row_of_each(splits)
    place = tf.cast(tf.range(splits[-1]) - tf.gather(splits, origin), tf.int32)
    character, digits, length = (tf.gather(x, origin) for x in (characters, digits, length))
    digit = character // tf.gather(_POWERS, tf.clip_by_value(digits - place, 0, _MAX_DIGITS)) % 10
    numeric = tf.where(place <= digits, _ZERO + digit, _SEMICOLON)
    second = tf.where(character == _UNDERSCORE, _U, _BACKSLASH)
    escaped = tf.where(
        place == 0, _BACKSLASH, tf.where(tf.gather(special, origin), second, numeric)
    )
    symbols = tf.where(length == 1, character, escaped)
    symbols = tf.where(place == length, _UNDERSCORE, symbols)
    return rows(symbols, tf.gather(splits, tokens.row_splits))


def unescape(symbols: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Read escapes from left to right.

    Args:
        symbols: int32[N], code points of escaped tokens; an underscore ends each and the last.

    Returns:
        characters int32[N], with an escape's character in the place of its backslash, and
        used bool[N], False for the rest of an escape.
    """
    size = tf.size(symbols)
    start = _first_backslashes(symbols)
    second = tf.gather(symbols, start + 1)
    stop, value = _read_number(symbols, start)
    numeric = (stop > start + 1) & (tf.gather(symbols, stop) == _SEMICOLON)
    paired = (second == _BACKSLASH) | (second == _U)
    character = tf.where(second == _U, _UNDERSCORE, tf.where(numeric, value, _BACKSLASH))
    end = tf.where(paired, start + 2, tf.where(numeric, stop + 1, start + 1))
    edges = tf.zeros([size + 1], tf.int32)
    edges = tf.tensor_scatter_nd_add(edges, (start + 1)[:, None], tf.ones_like(start))
    edges = tf.tensor_scatter_nd_sub(edges, end[:, None], tf.ones_like(end))
    characters = tf.tensor_scatter_nd_update(symbols, start[:, None], character)
    return characters, tf.cumsum(edges)[:-1] == 0


def _first_backslashes(symbols: tf.Tensor) -> tf.Tensor:
    """Return the places int32[M] of backslashes that are not the second of a pair."""
    place = tf.range(tf.size(symbols))
    backslash = symbols == _BACKSLASH
    run_starts = backslash & ~previous(backslash, False)
    starts = tf.pad(_places(run_starts), [[1, 0]])
    start = tf.gather(starts, tf.cumsum(tf.cast(run_starts, tf.int32)))
    return _places(backslash & ((place - start) % 2 == 0))


def _places(mask: tf.Tensor) -> tf.Tensor:
    return tf.cast(places(mask), tf.int32)


def _read_number(symbols: tf.Tensor, start: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return where the digits after each start end, int32[M], and the character they name."""
    digit = (symbols >= _ZERO) & (symbols <= _NINE)
    others = _places(~digit)
    rank = tf.cumsum(tf.cast(~digit, tf.int32), exclusive=True)
    stop = tf.gather(others, tf.gather(rank, start + 1))
    places = stop[:, None] - 1 - tf.range(_MAX_DIGITS)
    digits = tf.gather(symbols, tf.maximum(places, 0)) - _ZERO
    value = tf.reduce_sum(tf.where(places > start[:, None], digits * _POWERS[:-1], 0), 1)
    # A number may begin with any number of zeros, but not have more digits besides.
    counts = tf.cumsum(tf.cast(digit & (symbols != _ZERO), tf.int32), exclusive=True)
    extra = tf.maximum(stop - _MAX_DIGITS, start + 1)
    too_long = tf.gather(counts, extra) > tf.gather(counts, start + 1)
    surrogate = (value >= FIRST_SURROGATE) & (value <= LAST_SURROGATE)
    undefined = too_long | surrogate | (value > MAX_CODE_POINT)
    return stop, tf.where(undefined, ord(UNDEFINED), value)


def previous(values: tf.Tensor, fill: bool | int) -> tf.Tensor:
    """Return each value's predecessor, `fill` for the first: [N] to [N]."""
    return tf.concat([tf.constant([fill], values.dtype), values], 0)[:-1]


def following(values: tf.Tensor, fill: bool | int) -> tf.Tensor:
    """Return each value's successor, `fill` for the last: [N] to [N]."""
    return tf.concat([values, tf.constant([fill], values.dtype)], 0)[1:]


def changes(numbers: tf.Tensor) -> tf.Tensor:
    """Return where a number (0 or more) differs from the one before; the first does: bool[N]."""
    return numbers != previous(numbers, -1)
