"""Repeated words, the visible fault of one-pass translation (paper, sections 2.1 and 3.3)."""

import itertools
from collections.abc import Hashable, Sequence
from dataclasses import dataclass

from t2t_hint_nart.text import moses_tokens
from t2t_hint_nart.text.moses_tokens import given_tokens


@dataclass(frozen=True)
class Repetition:
    """How often a system repeats itself.

    Attributes:
        adjacent_percent: tokens equal to the token right before them, in percent of all tokens
            ("the the"). This is the number reported as "repetition".
        repeated_percent: tokens that occurred anywhere earlier in their sentence, in percent of all
            tokens. Correct sentences repeat words too ("the ... the"), so it is read against the
            reference's.
        sentences_percent: sentences with at least one adjacent repetition, in percent of all
            sentences.
        tokens: number of tokens counted.
        sentences: number of sentences counted.
    """

    adjacent_percent: float
    repeated_percent: float
    sentences_percent: float
    tokens: int
    sentences: int


def repetition(sentences: Sequence[Sequence[Hashable]]) -> Repetition:
    """Count the repetitions in tokenised sentences.

    With y_1..y_T the tokens of a sentence, `adjacent_percent` is 100 Σ_t [y_t = y_{t-1}] / Σ T,
    summed over all sentences. The paper gives a "percentage of repetitive words" (8.3 % falling to
    6.5 % on IWSLT14) without defining it.

    Args:
        sentences: tokens of each sentence: words or ids, without padding. Case matters.

    Returns:
        The counts; every percentage of nothing is 0.

    Example:
        >>> repetition([["the", "the", "cat"], ["it", "is"]]).adjacent_percent
        20.0
    """
    tokens = sum(len(sentence) for sentence in sentences)
    adjacent = [sum(a == b for a, b in itertools.pairwise(s)) for s in sentences]
    repeated = sum(len(sentence) - len(set(sentence)) for sentence in sentences)
    return Repetition(
        adjacent_percent=_percent(sum(adjacent), tokens),
        repeated_percent=_percent(repeated, tokens),
        sentences_percent=_percent(sum(count > 0 for count in adjacent), len(sentences)),
        tokens=tokens,
        sentences=len(sentences),
    )


def text_repetition(texts: Sequence[str], language: str | None = "de") -> Repetition:
    """Count the repetitions in plain text.

    The tokens are Moses', so that punctuation does not hide a repeated word.

    Args:
        texts: plain translations, one a sentence.
        language: of the text, for the tokeniser; None for text that is tokenised already.

    Example:
        >>> text_repetition(["Ich sah, sah ihn ihn."], "de").adjacent_percent
        14.285714285714286
    """
    if language is None:
        return repetition([given_tokens(text) for text in texts])
    return repetition([moses_tokens.tokenize(text, language) for text in texts])


def _percent(part: int, whole: int) -> float:
    return 100.0 * part / whole if whole else 0.0
