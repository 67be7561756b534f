"""T2T's byte vocabulary: a character-level model's ids (T2T data_generators/text_encoder.py)."""

import hashlib
from collections.abc import Iterable

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text import NUM_RESERVED
from t2t_hint_nart.text.escape import replace_surrogates
from t2t_hint_nart.text.reserved import RESERVED_TOKENS, sentence_ids


class ByteTextEncoder:
    """Encoder with one id for each UTF-8 byte, after the reserved ids.

    Example:
        >>> encoder = ByteTextEncoder()
        >>> encoder.encode("aß")
        [99, 197, 161]
        >>> encoder.decode([99, 197, 161, 1, 0], strip_extraneous=True)
        'aß'
    """

    @property
    def vocab_size(self) -> int:
        """Number of ids: 256 bytes and the reserved ones."""
        return 256 + NUM_RESERVED

    def fingerprint(self) -> str:
        """Return the SHA-256 of the vocabulary, in hex: the same for all byte vocabularies."""
        return hashlib.sha256(b"bytes after %d reserved ids" % NUM_RESERVED).hexdigest()

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, without EOS; a lone surrogate counts as U+FFFD."""
        if not isinstance(text, str):
            raise InputError(f"encode expects a string, received {type(text).__name__}")
        return [byte + NUM_RESERVED for byte in replace_surrogates(text).encode("utf-8")]

    def least_tokens(self, text: str) -> int:
        """Return how many ids a text has at least: one a character."""
        return len(text)

    def decode(self, ids: Iterable[int], strip_extraneous: bool = False) -> str:
        """Return the text of ids, int[T]; bytes that are not UTF-8 become U+FFFD.

        An id outside the vocabulary stands for nothing. PAD and EOS are spelled out, or, with
        `strip_extraneous`, PAD, the first EOS and all that follows it are dropped.
        """
        pieces = self.decode_list(sentence_ids(ids) if strip_extraneous else ids)
        return b"".join(pieces).decode("utf-8", "replace")

    def decode_list(self, ids: Iterable[int]) -> list[bytes]:
        """Return the bytes of each id, none for an id outside the vocabulary."""
        pieces = [token.encode("ascii") for token in RESERVED_TOKENS]
        pieces += [bytes([byte]) for byte in range(256)]
        return [pieces[id_] if 0 <= id_ < len(pieces) else b"" for id_ in ids]
