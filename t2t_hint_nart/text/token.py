"""T2T's word vocabulary: space-separated tokens to ids (T2T data_generators/text_encoder.py)."""

import hashlib
import os
from collections.abc import Iterable, Sequence

from t2t_hint_nart.errors import InputError, nearest
from t2t_hint_nart.text.lines import whole_lines, write_lines
from t2t_hint_nart.text.reserved import RESERVED_TOKENS, sentence_ids


class TokenTextEncoder:
    """Encoder of text that is tokenized already, one id a token.

    Args:
        path: of a vocabulary file, one token a line, the reserved tokens included.
        vocab_list: the tokens instead of a file; the reserved tokens are put in front.
        replace_oov: the token that stands for every unknown one; None makes them an error.
        reverse: write and read sentences from the last token to the first.

    Raises:
        InputError: not exactly one of `path` and `vocab_list`; the file doesn't begin with the
            reserved tokens, a token occurs twice, or `replace_oov` is not among them.

    Example:
        >>> encoder = TokenTextEncoder(vocab_list=["<unk>", "good", "morning"], replace_oov="<unk>")
        >>> encoder.encode("good new morning")
        [3, 2, 4]
        >>> encoder.decode([3, 2, 4, 1, 0], strip_extraneous=True)
        'good <unk> morning'
    """

    def __init__(
        self,
        path: str | os.PathLike[str] | None = None,
        *,
        vocab_list: Sequence[str] | None = None,
        replace_oov: str | None = None,
        reverse: bool = False,
    ) -> None:
        if path is not None and vocab_list is None:
            tokens = [line.strip() for line in whole_lines(path)]
        elif path is None and vocab_list is not None:
            tokens = [*RESERVED_TOKENS, *(t for t in vocab_list if t not in RESERVED_TOKENS)]
        else:
            raise InputError("TokenTextEncoder takes either a path or a vocab_list")
        self._tokens = tokens
        self._ids = {token: id_ for id_, token in enumerate(tokens)}
        self.reverse = reverse
        self.replace_oov = replace_oov
        self._check(path or "vocab_list")

    @property
    def vocab_size(self) -> int:
        """Number of ids, the reserved ones included."""
        return len(self._tokens)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the vocabulary, in hex."""
        return hashlib.sha256("\n".join(self._tokens).encode("utf-8")).hexdigest()

    def encode(self, text: str) -> list[int]:
        """Return the ids of the tokens between white space, without EOS; see `replace_oov`."""
        ids = []
        for token in text.split():
            known = token in self._ids or self.replace_oov is None
            id_ = self._ids.get(token if known else str(self.replace_oov))
            if id_ is None:
                raise InputError(
                    f"token {token!r} is not in the vocabulary and replace_oov is not set."
                    + nearest(token, self._tokens)
                )
            ids.append(id_)
        return ids[::-1] if self.reverse else ids

    def least_tokens(self, text: str) -> int:
        """Return how many ids a text has, all tokens being known."""
        return len(text.split())

    def decode(self, ids: Iterable[int], strip_extraneous: bool = False) -> str:
        """Return the tokens of ids, int[T], with spaces between; an unknown id reads `ID_<id>`.

        With `strip_extraneous`, PAD, the first EOS and all that follows it are dropped.
        """
        return " ".join(self.decode_list(sentence_ids(ids) if strip_extraneous else ids))

    def decode_list(self, ids: Iterable[int]) -> list[str]:
        """Return the token of each id."""
        size = len(self._tokens)
        tokens = [self._tokens[id_] if 0 <= id_ < size else f"ID_{id_}" for id_ in ids]
        return tokens[::-1] if self.reverse else tokens

    def store(self, path: str | os.PathLike[str]) -> None:
        """Write the vocabulary, replacing the file whole or not at all."""
        write_lines(path, self._tokens)

    def _check(self, origin: str | os.PathLike[str]) -> None:
        allowed = list(RESERVED_TOKENS)
        if self._tokens[: len(allowed)] != allowed:
            raise InputError(
                f"{origin} is not a tensor2tensor word vocabulary: it begins with "
                f"{self._tokens[: len(allowed)]}, allowed: {allowed}"
            )
        for id_, token in enumerate(self._tokens):
            if self._ids[token] != id_:
                raise InputError(f"{origin} holds the token {token!r} twice")
        if self.replace_oov is not None and self.replace_oov not in self._ids:
            raise InputError(
                f"replace_oov {self.replace_oov!r} is not in the vocabulary."
                + nearest(self.replace_oov, self._tokens)
            )
