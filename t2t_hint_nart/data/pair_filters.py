"""Which sentence pairs are kept, as named conditions that a problem lists.

Out: by name, a function of (source, target) that says whether to keep them. A pair that is not
kept is counted under the name. Tokens are what white space separates. No TensorFlow.
"""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from t2t_hint_nart.data.parallel_text import STRICT, Refusals

PairFilter = Callable[[str, str], bool]
PairFilters = Mapping[str, PairFilter]

NONE: PairFilters = MappingProxyType({})


def without(refusals: Refusals = STRICT) -> PairFilters:
    """Return filters that keep a pair if neither side is what is refused, instead of an error.

    Example:
        >>> [keep("ja", " ") for keep in without().values()]
        [False, True, True]
    """

    def keep(is_so: Callable[[str], bool]) -> PairFilter:
        return lambda source, target: not (is_so(source) or is_so(target))

    return {what: keep(is_so) for what, is_so in refusals.items()}


def token_counts(least: int, most: int) -> PairFilter:
    """Return a filter that keeps a pair if both sides have so many tokens, ends included.

    Example:
        >>> token_counts(1, 3)("ein Haus", "a very big house")
        False
    """
    return lambda source, target: all(
        least <= len(side.split()) <= most for side in (source, target)
    )


def token_ratio(most: float) -> PairFilter:
    """Return a filter that keeps a pair if no side has more than `most` times the other's tokens.

    Example:
        >>> [token_ratio(1.5)("a b", target) for target in ("c d e", "c d e f")]
        [True, False]
    """

    def keep(source: str, target: str) -> bool:
        shorter, longer = sorted((len(source.split()), len(target.split())))
        return longer <= most * shorter

    return keep


def longest_token(most: int) -> PairFilter:
    """Return a filter that keeps a pair if no token has more than so many characters."""
    return lambda source, target: all(
        len(token) <= most for side in (source, target) for token in side.split()
    )


def first_refusal(filters: PairFilters, source: str, target: str) -> str | None:
    """Return the name of the first filter that does not keep a pair, None if all do.

    Example:
        >>> filters = {"empty": lambda s, t: bool(s and t), "identical": lambda s, t: s != t}
        >>> [first_refusal(filters, "Ja", target) for target in ("", "Ja", "Yes")]
        ['empty', 'identical', None]
    """
    return next((name for name, keep in filters.items() if not keep(source, target)), None)


def keeps(filters: PairFilters, source: str, target: str) -> bool:
    """Return whether a pair passes every filter."""
    return first_refusal(filters, source, target) is None
