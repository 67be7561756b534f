"""A division of sentence pairs in which no held-out sentence is seen in training, on either side.

In: pairs. Out: for each pair its part. Two pairs with the same source or the same target are
connected, and all that is connected, directly or by way of others, goes to one part.
"""

import hashlib
from collections.abc import Mapping, Sequence

from t2t_hint_nart.problems.builders.held_out import Pair, normalized


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
            (_digest([pairs[index] for index in members]), members)
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


def _digest(pairs: Sequence[Pair]) -> str:
    text = "\n".join(sorted("\t".join(pair) for pair in pairs))
    return hashlib.sha256(text.encode("utf-8")).hexdigest()
