"""The long sentences of a test set, which the paper's Table 2 scores apart."""

from collections.abc import Sequence
from dataclasses import dataclass

from t2t_hint_nart.errors import InputError

LONG_SOURCE_TOKENS = 40
FEWEST_SENTENCES = 10


@dataclass(frozen=True)
class LongSentences:
    """Which sentences of a test set count as long, and by what rule.

    Attributes:
        indices: of the long sentences, ascending.
        label: the rule in words, with the number of sentences.
        min_tokens: every source with at least so many whitespace tokens is in.
    """

    indices: tuple[int, ...]
    label: str
    min_tokens: int

    def select(self, lines: Sequence[str]) -> list[str]:
        """Return the lines of the long sentences."""
        return [lines[index] for index in self.indices]


def long_sentences(sources: Sequence[str]) -> LongSentences:
    """Select the sentences whose source has at least 40 whitespace tokens.

    So does the paper (section 3.3, Table 2), without saying what a token is. A test set with fewer
    than 10 such sentences gives no meaningful score, so there the longest tenth is taken instead:
    every sentence at least as long as the one at the tenth's end, ties included, and the label says
    so.

    Example:
        >>> long_sentences(["ja", "so ist es", "nein"]).label
        'longest tenth, source >= 3 tokens, 1 sentence'
    """
    if not sources:
        raise InputError(
            "no source sentences to choose the long ones from: 0 given, at least 1 is needed"
        )
    lengths = [len(source.split()) for source in sources]
    min_tokens, rule = LONG_SOURCE_TOKENS, ""
    if sum(length >= min_tokens for length in lengths) < FEWEST_SENTENCES:
        last_of_tenth = -(-len(lengths) // 10) - 1
        min_tokens, rule = sorted(lengths, reverse=True)[last_of_tenth], "longest tenth, "
    indices = tuple(index for index, length in enumerate(lengths) if length >= min_tokens)
    plural = "" if len(indices) == 1 else "s"
    return LongSentences(
        indices, f"{rule}source >= {min_tokens} tokens, {len(indices)} sentence{plural}", min_tokens
    )
