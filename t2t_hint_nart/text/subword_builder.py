"""How T2T finds the subtokens of a corpus (T2T data_generators/text_encoder.py)."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from absl import logging

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text.escape import ESCAPE_CHARACTERS, escape_token
from t2t_hint_nart.text.reserved import RESERVED_TOKENS


class Settings(NamedTuple):
    """What stays the same for every minimum count that is tried.

    reserved_tokens: the first ids, unescaped; begins with `<pad>` and `<EOS>`.
    max_subtoken_length: subtokens are shorter than this; None sets no bound.
    num_iterations: rounds of refinement.
    """

    reserved_tokens: tuple[str, ...] = RESERVED_TOKENS
    max_subtoken_length: int | None = None
    num_iterations: int = 4


def search(
    target_size: int,
    token_counts: Mapping[str, int],
    min_val: int,
    max_val: int,
    settings: Settings,
    progress: Callable[[str], None] = logging.info,
) -> list[str]:
    """Search by bisection the minimum count whose vocabulary, index = id, is nearest to a size.

    As T2T: stops within 1 % of the target or where the bounds meet, and keeps the nearest of the
    vocabularies on the way back.

    Args:
        target_size: wanted number of subtokens.
        token_counts: tokens and how often each occurs.
        min_val: lower bound for the minimum count.
        max_val: upper bound for the minimum count.
        settings: see `Settings`.
        progress: told, in lines, each minimum count that is tried.
    """
    if target_size < 1:
        raise InputError(f"target_size must be at least 1, received {target_size}")
    if min_val > max_val:
        raise InputError(f"min_val must not exceed max_val, received {min_val} and {max_val}")

    def bisect(low: int, high: int) -> list[str]:
        count = (low + high) // 2
        subtokens = build(token_counts, count, settings)
        progress(f"{len(subtokens):,} subtokens that occur {count} times or more")
        distance = abs(len(subtokens) - target_size)
        if distance * 100 < target_size or low >= high or count < 2:
            return subtokens
        too_many = len(subtokens) > target_size
        other = bisect(count + 1, high) if too_many else bisect(low, count - 1)
        return other if abs(len(other) - target_size) < distance else subtokens

    return bisect(min_val, max_val)


def build(token_counts: Mapping[str, int], min_count: int, settings: Settings) -> list[str]:
    """Return the subtokens that occur at least `min_count` times, and the alphabet.

    Each round segments all tokens with the subtokens of the round before, counts every substring
    that starts where a subtoken starts, and keeps the frequent ones from longest to shortest,
    taking the count of a kept one off its prefixes. A `min_count` of less than 1 counts as 1.

    Returns:
        The reserved subtokens, then the others from most to least frequent.

    Example:
        >>> subtokens = build({"low": 5, "lower": 3}, 3, Settings())
        >>> subtokens[:6]
        ['<pad>_', '<EOS>_', 'low_', 'lower_', 'w', 'u']
    """
    from t2t_hint_nart.text.substring_counts import TokenTable  # loads NumPy

    reserved = settings.reserved_tokens
    if reserved[: len(RESERVED_TOKENS)] != RESERVED_TOKENS:
        raise InputError(
            f"reserved_tokens must begin with {list(RESERVED_TOKENS)}, received {list(reserved)}"
        )
    # A newline is always escaped, and a file with one subtoken a line could not hold it.
    alphabet = set().union(*token_counts, *reserved, ESCAPE_CHARACTERS) - {"\n"}
    table = TokenTable(
        [escape_token(token, alphabet) for token in token_counts], list(token_counts.values())
    )
    escaped_reserved = [escape_token(token, alphabet) for token in reserved]
    subtokens = list(alphabet)
    for _ in range(settings.num_iterations):
        counts = table.frequent_substrings(
            subtokens, max(min_count, 1), settings.max_subtoken_length
        )
        frequent = _frequent_substrings(counts, max(min_count, 1))
        chosen = [(counts[s], s) for s in frequent if s not in alphabet]
        chosen += [(counts.get(c, 0), c) for c in alphabet]
        chosen.sort(reverse=True)
        known = set(escaped_reserved)
        subtokens = escaped_reserved + [s for _, s in chosen if s not in known]
        logging.info("vocab_size = %d", len(subtokens))
    return subtokens


def _frequent_substrings(counts: dict[str, int], min_count: int) -> list[str]:
    """Choose substrings from longest to shortest; `counts` loses what longer ones cover."""
    candidates = [s for s, count in counts.items() if count >= min_count]
    candidates.sort(key=len, reverse=True)
    frequent = []
    for substring in candidates:
        count = counts[substring]
        if count >= min_count:
            frequent.append(substring)
            for length in range(1, len(substring)):
                counts[substring[:length]] -= count
    return frequent
