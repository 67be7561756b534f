"""Which sentence pairs are held out for development and test, so that no sentence leaks.

In: pairs. Out: the same pairs in three parts, the same ones each time on every machine.
"""

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
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

    drawn = iter(sorted(filter(may_be_held_out, pairs), key=_digest))
    part_of = {pair: part for part, size in sizes.items() for pair in islice(drawn, size)}
    splits: dict[str, list[Pair]] = {part: [] for part in (*sizes, rest)}
    for pair in pairs:
        splits[part_of.get(pair, rest)].append(pair)
    return splits


def _digest(pair: Pair) -> str:
    return hashlib.sha256("\t".join(pair).encode("utf-8")).hexdigest()
