r"""Escaping as TensorFlow operations on code points; `escape` is the same in Python.

Here `\` is 92, `_` 95, `u` 117, `;` 59 and the digits 48 to 57.
"""

import tensorflow as tf

from t2t_hint_nart.text.escape import (
    FIRST_SURROGATE,
    LAST_SURROGATE,
    MAX_CODE_POINT,
    UNDEFINED,
)
from t2t_hint_nart.text.graph_tokenizer import changes, following, previous

_BACKSLASH, _UNDERSCORE, _U, _SEMICOLON, _ZERO, _NINE = map(ord, "\\_u;09")
_MAX_DIGITS = 7  # of a code point in decimal
_POWERS = [10**k for k in range(_MAX_DIGITS + 1)]


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
    last = following(changes(tokens.value_rowids()), True)
    splits = tf.concat([[0], tf.cumsum(tf.cast(length, tf.int64) + tf.cast(last, tf.int64))], 0)
    written = tf.RaggedTensor.from_row_splits(
        tf.range(splits[-1], dtype=tf.int64), splits, validate=False
    )
    origin = written.value_rowids()
    place = tf.cast(written.values - tf.gather(splits, origin), tf.int32)
    character, digits, length = (tf.gather(x, origin) for x in (characters, digits, length))
    digit = character // tf.gather(_POWERS, tf.clip_by_value(digits - place, 0, _MAX_DIGITS)) % 10
    numeric = tf.where(place <= digits, _ZERO + digit, _SEMICOLON)
    second = tf.where(character == _UNDERSCORE, _U, _BACKSLASH)
    escaped = tf.where(
        place == 0, _BACKSLASH, tf.where(tf.gather(special, origin), second, numeric)
    )
    symbols = tf.where(length == 1, character, escaped)
    symbols = tf.where(place == length, _UNDERSCORE, symbols)
    return tf.RaggedTensor.from_row_splits(
        symbols, tf.gather(splits, tokens.row_splits), validate=False
    )


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
    starts = tf.concat([[0], tf.boolean_mask(place, run_starts)], 0)
    start = tf.gather(starts, tf.cumsum(tf.cast(run_starts, tf.int32)))
    return tf.boolean_mask(place, backslash & ((place - start) % 2 == 0))


def _read_number(symbols: tf.Tensor, start: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return where the digits after each start end, int32[M], and the character they name."""
    digit = (symbols >= _ZERO) & (symbols <= _NINE)
    others = tf.boolean_mask(tf.range(tf.size(symbols)), ~digit)
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
