"""Which sentence pairs are held out for development and test, so that no sentence leaks.

In: pairs. Out: the same pairs in three parts, the same ones each time on every machine. No held-out
sentence is seen in training, on either side: `held_out_splits` takes pairs that share neither side
with any other; `component_split` keeps what is connected, directly or by way of others, together.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice

Pair = tuple[str, str]


def normalized(sentence: str) -> str:
    """Return a sentence without case, punctuation and surplus space, to compare it by.

    Example:
        >>> normalized("Ja,  gern!")
        'ja gern'
    """
    return " ".join(re.findall(r"\w+", sentence.casefold()))


def held_out_splits(
    pairs: Sequence[Pair], sizes: Mapping[str, int], rest: str, min_target_words: int = 3
) -> dict[str, list[Pair]]:
    """Divide sentence pairs into held-out parts of given sizes and the rest.

    A pair can be held out if neither its source nor its target occurs in any other pair,
    compared `normalized`, and if it is a full sentence: its target has `min_target_words` and
    ends in `.`, `?` or `!`. So nothing held out is seen in training, on either side, and no
    sentence is tested twice. Which ones are taken is decided by the SHA-256 of the pair.

    Args:
        pairs: source and target of each.
        sizes: pairs to hold out for each part; fewer if there are not as many.
        rest: name of the part that gets all others.
        min_target_words: fewest words of a held-out target.

    Returns:
        part -> its pairs, in the order they came in.
    """
    sources = Counter(normalized(source) for source, _ in pairs)
    targets = Counter(normalized(target) for _, target in pairs)

    def may_be_held_out(pair: Pair) -> bool:
        return (
            sources[normalized(pair[0])] == 1
            and targets[normalized(pair[1])] == 1
            and len(pair[1].split()) >= min_target_words
            and pair[1].rstrip("\"'“”’")[-1:] in tuple(".?!")
        )

    drawn = iter(sorted(filter(may_be_held_out, pairs), key=lambda pair: _digest([pair])))
    part_of = {pair: part for part, size in sizes.items() for pair in islice(drawn, size)}
    splits: dict[str, list[Pair]] = {part: [] for part in (*sizes, rest)}
    for pair in pairs:
        splits[part_of.get(pair, rest)].append(pair)
    return splits


def component_split(
    pairs: Sequence[Pair], sizes: Mapping[str, int], rest: str, largest: int = 5
) -> dict[str, list[Pair]]:
    """Divide sentence pairs into held-out parts of given sizes and the rest, by components.

    Sentences are compared `normalized`: without case, punctuation and surplus space. Components
    are held out in the order of their SHA-256, so a few more pairs do not change the choice of
    the others much.

    Args:
        pairs: source and target of each.
        sizes: pairs to hold out for each part; fewer if there are not as many.
        rest: name of the part that gets all others.
        largest: components with more pairs than this are never held out.

    Returns:
        part -> its pairs, in the order they came in.

    Example:
        >>> component_split([("a", "x"), ("a", "y"), ("b", "z")], {"test": 1}, "train")
        {'test': [('b', 'z')], 'train': [('a', 'x'), ('a', 'y')]}
    """
    components = sorted(
        (
            (_digest(pairs[index] for index in members), members)
            for members in _components(pairs)
            if len(members) <= largest
        ),
    )
    part_of: dict[int, str] = {}
    left = dict(sizes)
    for _, members in components:
        for part, size in left.items():
            if len(members) <= size:
                part_of.update(dict.fromkeys(members, part))
                left[part] -= len(members)
                break
    parts: dict[str, list[Pair]] = {part: [] for part in (*sizes, rest)}
    for index, pair in enumerate(pairs):
        parts[part_of.get(index, rest)].append(pair)
    return parts


def _components(pairs: Sequence[Pair]) -> list[list[int]]:
    """Return the indices of connected pairs, by union of sets."""
    parent = list(range(len(pairs)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    first_with: dict[tuple[int, str], int] = {}
    for index, pair in enumerate(pairs):
        for side, sentence in enumerate(pair):
            other = first_with.setdefault((side, normalized(sentence)), index)
            parent[root(index)] = root(other)
    members: dict[int, list[int]] = {}
    for index in range(len(pairs)):
        members.setdefault(root(index), []).append(index)
    return list(members.values())


def _digest(pairs: Iterable[Pair]) -> str:
    text = "\n".join(sorted("\t".join(pair) for pair in pairs))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
