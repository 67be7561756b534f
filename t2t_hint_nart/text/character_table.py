"""A flag for every code point, small enough to live inside a graph."""

import functools

import numpy as np
import tensorflow as tf

_CODE_POINTS = 0x110000
_PAGE = 256


class CharacterTable:
    """Boolean function of a code point, in two levels: its page of 256, then its place there.

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
