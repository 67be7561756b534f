"""T2T's subword vocabulary: any string to ids and back (T2T data_generators/text_encoder.py)."""

import hashlib
import os
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from absl import logging

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text import NUM_RESERVED, subword_builder, tokenizer
from t2t_hint_nart.text.escape import (
    ESCAPE_CHARACTERS,
    escape_token,
    longest_match,
    replace_surrogates,
    unescape_token,
)
from t2t_hint_nart.text.lines import whole_lines, write_lines
from t2t_hint_nart.text.reserved import EOS, PAD, RESERVED_TOKENS, sentence_ids

_CACHED_TOKENS = 2**20
# In characters; what is longer hardly comes twice, and some of it would fill the memory.
_LONGEST_CACHED = 100


class SubwordTextEncoder:
    r"""Invertible encoder over a limited vocabulary of subtokens.

    A text is tokenized (`tokenizer.encode`), each token is escaped and closed by an underscore
    (`escape.escape_token`), and each escaped token is cut into the longest subtokens that fit.
    The alphabet is every character of the vocabulary. In a vocabulary that T2T builds each of
    them is a subtoken too. Where one is not and a token cannot be cut (T2T stops there with an
    assertion), the token is spelled with the characters that are, so every string can be encoded.

    Args:
        path: of a vocabulary file to load; without one the encoder is empty until `load`.

    Example:
        >>> words = ["<pad>_", "<EOS>_", "Hello_", "wor", "ld_", *"\\_u;0123456789"]
        >>> encoder = SubwordTextEncoder.from_subtokens(words)
        >>> encoder.encode("Hello world")
        [2, 3, 4]
        >>> encoder.decode([2, 3, 4, 1, 0, 0], strip_extraneous=True)
        'Hello world'
        >>> encoder.decode(encoder.encode("Käse & snake_case"))
        'Käse & snake_case'
    """

    def __init__(self, path: str | os.PathLike[str] | None = None) -> None:
        self._set_subtokens([], {})
        if path is not None:
            self.load(path)

    @classmethod
    def from_subtokens(cls, subtokens: Sequence[str]) -> "SubwordTextEncoder":
        """Make an encoder of a list of subtokens, index = id, checked as `load` checks a file."""
        encoder = cls()
        encoder._set_subtokens(list(subtokens), _index(subtokens, "subtoken list"))
        return encoder

    @classmethod
    def build_from_generator(
        cls,
        generator: Iterable[str],
        target_size: int,
        max_subtoken_length: int | None = None,
        reserved_tokens: Sequence[str] = RESERVED_TOKENS,
        progress: Callable[[str], None] = logging.info,
    ) -> "SubwordTextEncoder":
        """Build a vocabulary of about `target_size` subtokens from text.

        Args:
            generator: yields text.
            target_size: wanted number of subtokens; T2T stops within 1 % of it.
            max_subtoken_length: as T2T, subtokens are shorter than this; bounds time and memory.
            reserved_tokens: the first ids; begins with `<pad>` and `<EOS>`.
            progress: told, in lines, each step of the search.
        """
        counts: Counter[str] = Counter()
        for text in generator:
            counts.update(tokenizer.encode(replace_surrogates(text)))
        if not counts:
            raise InputError("cannot build a vocabulary: the generator yielded no text")
        progress(f"{len(counts):,} different tokens")
        return cls.build_to_target_size(
            target_size,
            counts,
            1,
            1000,
            max_subtoken_length=max_subtoken_length,
            reserved_tokens=reserved_tokens,
            progress=progress,
        )

    @classmethod
    def build_to_target_size(
        cls,
        target_size: int,
        token_counts: Mapping[str, int],
        min_val: int,
        max_val: int,
        max_subtoken_length: int | None = None,
        reserved_tokens: Sequence[str] = RESERVED_TOKENS,
        num_iterations: int = 4,
        progress: Callable[[str], None] = logging.info,
    ) -> "SubwordTextEncoder":
        """Search the minimum count, within bounds, whose vocabulary is nearest to `target_size`.

        There are `num_iterations` rounds of refinement for each minimum count that is tried; other
        arguments are those of `build_from_generator`.
        """
        settings = subword_builder.Settings(
            tuple(reserved_tokens), max_subtoken_length, num_iterations
        )
        return cls.from_subtokens(
            subword_builder.search(target_size, token_counts, min_val, max_val, settings, progress)
        )

    @classmethod
    def build_from_token_counts(
        cls,
        token_counts: Mapping[str, int],
        min_count: int,
        num_iterations: int = 4,
        reserved_tokens: Sequence[str] = RESERVED_TOKENS,
        max_subtoken_length: int | None = None,
    ) -> "SubwordTextEncoder":
        """Build the vocabulary of the subtokens that occur at least `min_count` times."""
        settings = subword_builder.Settings(
            tuple(reserved_tokens), max_subtoken_length, num_iterations
        )
        return cls.from_subtokens(subword_builder.build(token_counts, min_count, settings))

    def load(self, path: str | os.PathLike[str]) -> "SubwordTextEncoder":
        """Read a vocabulary file in any format that T2T has written, and return the encoder.

        Args:
            path: one subtoken a line, quoted or not; the first two are `<pad>`, `<EOS>` (1.2.9)
                or `<pad>_`, `<EOS>_` (1.15).

        Raises:
            InputError: the file is missing, empty, not UTF-8, holds a subtoken twice, does not
                begin with the reserved subtokens or lacks those that escapes are made of.
        """
        subtokens = [unquote(line) for line in whole_lines(path)]
        self._set_subtokens(subtokens, _index(subtokens, f"vocabulary file {path}"))
        return self

    def store(self, path: str | os.PathLike[str]) -> None:
        """Write the vocabulary as T2T does, replacing the file whole or not at all."""
        write_lines(path, (f"'{subtoken}'" for subtoken in self._subtokens))

    @property
    def vocab_size(self) -> int:
        """Number of ids, the reserved ones included."""
        return len(self._subtokens)

    @property
    def subtokens(self) -> list[str]:
        """The vocabulary, index = id."""
        return list(self._subtokens)

    def fingerprint(self) -> str:
        """Return the SHA-256 of the vocabulary, in hex, whatever file format it came from."""
        return hashlib.sha256("\n".join(self._subtokens).encode("utf-8")).hexdigest()

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, without EOS; a lone surrogate counts as U+FFFD."""
        if not isinstance(text, str):
            raise InputError(f"encode expects a string, received {type(text).__name__}")
        ids: list[int] = []
        known = self._cache
        for token in tokenizer.encode(replace_surrogates(text)):
            ids += known.get(token) or self._token_ids(token)
        return ids

    def least_tokens(self, text: str) -> int:
        """Return how many ids a text has at least, without cutting it, which takes long.

        A lone space between two tokens isn't written; escapes only make a text longer.
        """
        written = len(text) - text.count(" ")
        return -(-written // max(self._max_length, 1))

    def encode_without_tokenizing(self, token: str) -> list[int]:
        """Return the ids of a string taken as one token, without EOS."""
        return list(self._token_ids(replace_surrogates(token)))

    def decode(self, ids: Iterable[int], strip_extraneous: bool = False) -> str:
        """Return the text of ids, int[T]; `decode(encode(text)) == text`.

        An id outside the vocabulary stands for nothing. PAD and EOS are spelled out, or, with
        `strip_extraneous`, PAD, the first EOS and all that follows it are dropped.
        """
        pieces = self.decode_list(sentence_ids(ids) if strip_extraneous else ids)
        return tokenizer.decode(map(unescape_token, "".join(pieces).split("_")))

    def decode_list(self, ids: Iterable[int]) -> list[str]:
        """Return the subtoken of each id, the empty string for an id outside the vocabulary."""
        size = len(self._subtokens)
        return [self._subtokens[id_] if 0 <= id_ < size else "" for id_ in ids]

    def _set_subtokens(self, subtokens: list[str], ids: dict[str, int]) -> None:
        self._subtokens = subtokens
        self._ids = ids
        self._alphabet = frozenset(character for subtoken in subtokens for character in subtoken)
        self._spellable = frozenset(subtoken for subtoken in ids if len(subtoken) == 1)
        self._max_length = max(map(len, subtokens), default=0)
        self._cache: dict[str, tuple[int, ...]] = {}

    def _token_ids(self, token: str) -> tuple[int, ...]:
        ids = self._cache.get(token)
        if ids is None:
            if not self._ids:
                raise InputError("this subword encoder has no vocabulary yet: load one first")
            ids = tuple(self._ids[piece] for piece in self._pieces(token))
            if len(token) > _LONGEST_CACHED:
                return ids
            if len(self._cache) >= _CACHED_TOKENS:
                self._cache.clear()
            self._cache[token] = ids
        return ids

    def _pieces(self, token: str) -> list[str]:
        try:
            escaped = escape_token(token, self._alphabet)
            return longest_match(escaped, self._ids, self._max_length)
        except KeyError:
            escaped = escape_token(token, self._spellable)
            return longest_match(escaped, self._ids, self._max_length)


def unquote(line: str) -> str:
    r"""Return the subtoken of a vocabulary file's line: single-quoted, double-quoted or bare.

    As T2T: space after the closing quote is ignored; a line that is one bare quote is an empty
    subtoken, which stands for nothing.

    Example:
        >>> [unquote(line) for line in ("'the_'", '"the_"', "the_", "' '")]
        ['the_', 'the_', 'the_', ' ']
    """
    line = line.rstrip()
    for quote in "'\"":
        if line.startswith(quote) and line.endswith(quote):
            return line[1:-1]
    return line


def _index(subtokens: Sequence[str], origin: str) -> dict[str, int]:
    """Return the id of each non-empty subtoken, after checking the list."""
    header = [subtoken.removesuffix("_") for subtoken in subtokens[:NUM_RESERVED]]
    if header != [PAD, EOS]:
        raise InputError(
            f"{origin} is not a tensor2tensor subword vocabulary: it begins with "
            f"{list(subtokens[:NUM_RESERVED])}, allowed: ['<pad>', '<EOS>'] or ['<pad>_', '<EOS>_']"
        )
    ids: dict[str, int] = {}
    for id_, subtoken in enumerate(subtokens):
        if "\n" in subtoken or replace_surrogates(subtoken) != subtoken:
            raise InputError(
                f"{origin}: subtoken {id_} is {subtoken!r}, but newlines and surrogates cannot be "
                "stored"
            )
        if subtoken and ids.setdefault(subtoken, id_) != id_:
            raise InputError(
                f"{origin} holds {subtoken!r} twice, on lines {ids[subtoken] + 1} and {id_ + 1}"
            )
    missing = [character for character in ESCAPE_CHARACTERS if character not in ids]
    if missing:
        raise InputError(
            f"{origin} lacks the one-character subtokens {''.join(missing)!r} that escapes are "
            "made of; is it truncated?"
        )
    return ids
