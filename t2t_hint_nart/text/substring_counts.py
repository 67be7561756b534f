"""Frequent substrings of a corpus's tokens, counted in arrays: the work in building a vocabulary.

In: escaped tokens and how often each occurs, and the subtokens that they are cut into. Out: how
often each frequent substring begins where a subtoken begins. What tensor2tensor counts in a
dictionary of every substring (data_generators/text_encoder.py) is counted here one length after
the other: a substring is at most as frequent as what it begins with, so that the rare ones, which
are nearly all, are never made.
"""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

_Integers = npt.NDArray[np.int64]

# Characters that are cut into subtokens at a time.
_CHUNK = 2**20


class _Trie(NamedTuple):
    """The subtokens as a tree of characters: sorted `parent * size + character` -> child."""

    edges: _Integers
    children: _Integers
    is_subtoken: npt.NDArray[np.bool_]


class TokenTable:
    """The escaped tokens of a corpus, one after the other in one array of characters.

    Args:
        tokens: escaped tokens, see `escape.escape_token`; not empty.
        counts: int[len(tokens)], how often each occurs.
    """

    def __init__(self, tokens: Sequence[str], counts: Sequence[int]) -> None:
        self._text = "".join(tokens)
        points = np.frombuffer(self._text.encode("utf-32-le", "surrogatepass"), np.uint32)
        self._alphabet, characters = np.unique(points, return_inverse=True)
        self._characters = characters.astype(np.int32)
        lengths = np.fromiter(map(len, tokens), np.int64, len(tokens))
        self._ends = np.cumsum(lengths)
        self._starts = self._ends - lengths
        self._counts = np.asarray(counts, np.int64)

    def frequent_substrings(
        self, subtokens: Iterable[str], min_count: int, max_length: int | None
    ) -> dict[str, int]:
        """Count the substrings that begin where a subtoken does.

        Args:
            subtokens: what each token is cut into, the longest that fits first; holds every
                character of the tokens.
            min_count: rarer substrings of more than one character are left out.
            max_length: substrings are shorter than this; None sets no bound.

        Returns:
            Substring -> number of occurrences.

        Example:
            >>> table = TokenTable(["low_", "lower_"], [5, 3])
            >>> table.frequent_substrings(["low", *"lower_"], 5, max_length=None)
            {'_': 8, 'e': 3, 'l': 8, 'r': 3, 'lo': 8, 'low': 8, 'low_': 5}
        """
        place, token = self._boundaries(self._trie(subtokens))
        group = np.zeros(len(place), np.int64)
        found: dict[str, int] = {}
        length = 0
        while len(place) and (max_length is None or length + 1 < max_length):
            goes_on = place + length < self._ends[token]
            place, token, group = place[goes_on], token[goes_on], group[goes_on]
            key = group * len(self._alphabet) + self._characters[place + length]
            _, first, group = np.unique(key, return_index=True, return_inverse=True)
            length += 1
            # float64 is exact up to 2**53.
            counts = np.bincount(group, self._counts[token]).astype(np.int64)
            frequent = counts >= min_count
            for number in np.arange(len(counts)) if length == 1 else np.flatnonzero(frequent):
                begin = int(place[first[number]])
                found[self._text[begin : begin + length]] = int(counts[number])
            alive = frequent[group]
            place, token, group = place[alive], token[alive], group[alive]
        return found

    def _boundaries(self, trie: _Trie) -> tuple[_Integers, _Integers]:
        """Return where the subtokens of all tokens begin, and the token each is in."""
        places, tokens = [], []
        for low, high in self._chunks():
            longest = self._longest(trie, int(self._starts[low]), int(self._ends[high - 1]))
            token = np.arange(low, high)
            place = self._starts[low:high]
            while len(place):
                places.append(place)
                tokens.append(token)
                place = place + longest[place - self._starts[low]]
                inside = place < self._ends[token]
                place, token = place[inside], token[inside]
        return np.concatenate(places), np.concatenate(tokens)

    def _chunks(self) -> Iterator[tuple[int, int]]:
        low = 0
        while low < len(self._ends):
            limit = self._starts[low] + _CHUNK
            high = max(low + 1, int(np.searchsorted(self._ends, limit, "right")))
            yield low, high
            low = high

    def _longest(self, trie: _Trie, begin: int, end: int) -> _Integers:
        """Return the length of the longest subtoken from each place on; tokens end in `_`.

        A subtoken holds `_` as its last character only, so none reaches into the next token.
        """
        size = len(self._alphabet)
        longest = np.ones(end - begin, np.int64)
        place = np.arange(end - begin)
        node = np.zeros(end - begin, np.int64)
        length = 0
        while len(place):
            key = node * size + self._characters[begin + place + length]
            edge = np.minimum(np.searchsorted(trie.edges, key), len(trie.edges) - 1)
            known = trie.edges[edge] == key
            place, node = place[known], trie.children[edge[known]]
            length += 1
            longest[place[trie.is_subtoken[node]]] = length
            inside = begin + place + length < end
            place, node = place[inside], node[inside]
        return longest

    def _trie(self, subtokens: Iterable[str]) -> _Trie:
        size = len(self._alphabet)
        index = {chr(point): number for number, point in enumerate(self._alphabet.tolist())}
        children: dict[int, int] = {}
        ends: list[int] = []
        for subtoken in subtokens:
            node = 0
            # One with a character that no token has, or a `_` inside, fits nowhere.
            if not all(map(index.__contains__, subtoken)) or "_" in subtoken[:-1]:
                continue
            for character in subtoken:
                node = children.setdefault(node * size + index[character], len(children) + 1)
            ends.append(node)
        edges = np.fromiter(children, np.int64, len(children))
        order = np.argsort(edges)
        is_subtoken = np.zeros(len(children) + 1, np.bool_)
        is_subtoken[ends] = True
        nodes: Any = np.fromiter(children.values(), np.int64, len(children))
        return _Trie(edges[order], nodes[order], is_subtoken)
