"""The tokenizer as TensorFlow operations on code points; `tokenizer` is the same in Python."""

import functools

import numpy as np
import tensorflow as tf

_SPACE = ord(" ")
_CODE_POINTS = 0x110000
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
        """Return whether code points are members.

        Args:
            code_points: int32[N].

        Returns:
            bool[N].
        """
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
    characters, text_of = texts.flat_values, texts.value_rowids()
    kind = alphanumeric(characters)
    starts = changes(text_of) | (kind != previous(kind, False))
    first = tf.where(starts)[:, 0]
    token_text = tf.gather(text_of, first)
    tokens = tf.RaggedTensor.from_row_starts(characters, first, validate=False)
    lone_space = (tokens.row_lengths() == 1) & (tf.gather(characters, first) == _SPACE)
    at_edge = changes(token_text) | (token_text != following(token_text, -1))
    kept = at_edge | ~lone_space
    return tf.ragged.boolean_mask(tokens, kept), tf.boolean_mask(token_text, kept)


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
    first = tf.where(begins)[:, 0]
    kind = alphanumeric(tf.gather(characters, first))
    needs_space = kind & previous(kind, False) & ~changes(tf.gather(text_of, first))
    token = tf.cumsum(tf.cast(begins, tf.int32)) - 1
    spaces = tf.cast(begins & tf.gather(needs_space, token), tf.int32)
    place = tf.range(tf.size(characters)) + tf.cumsum(spaces)
    room = tf.fill([tf.size(characters) + tf.reduce_sum(spaces)], _SPACE)
    return tf.RaggedTensor.from_value_rowids(
        tf.tensor_scatter_nd_update(room, place[:, None], characters),
        tf.repeat(text_of, 1 + spaces),
        num_texts,
        validate=False,
    )


def previous(values: tf.Tensor, fill: bool | int) -> tf.Tensor:
    """Return each value's predecessor, `fill` for the first: [N] to [N]."""
    return tf.concat([tf.constant([fill], values.dtype), values], 0)[:-1]


def following(values: tf.Tensor, fill: bool | int) -> tf.Tensor:
    """Return each value's successor, `fill` for the last: [N] to [N]."""
    return tf.concat([values, tf.constant([fill], values.dtype)], 0)[1:]


def changes(numbers: tf.Tensor) -> tf.Tensor:
    """Return where a number (0 or more) differs from the one before; the first does: bool[N]."""
    return numbers != previous(numbers, -1)
