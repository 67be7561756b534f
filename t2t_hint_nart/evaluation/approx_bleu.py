"""T2T's approx_bleu_score: BLEU of subword ids under teacher forcing.

A curve to watch, not a score to report: ids instead of words, padding and whatever a model puts
after the end included. Reported scores come from decoding (`evaluation.bleu`).
"""

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

MAX_ORDER = 4


def _ngrams(ids: Sequence[int]) -> Counter[tuple[int, ...]]:
    return Counter(
        tuple(ids[start : start + order])
        for order in range(1, MAX_ORDER + 1)
        for start in range(len(ids) - order + 1)
    )


def _precisions(matches: list[int], possible: list[int]) -> list[float]:
    """Return n-gram precisions; those without a match are 1/2, 1/4, ... of one match."""
    precisions, smooth = [], 1.0
    for matched, all_of_them in zip(matches, possible, strict=True):
        if all_of_them and not matched:
            smooth *= 2.0
        hits = float(matched) if matched else 1.0 / smooth
        precisions.append(hits / all_of_them if all_of_them else 0.0)
    return precisions


def approx_bleu(predictions: ArrayLike, targets: ArrayLike) -> float:
    """Return the BLEU of a batch of ids, 0 to 1 (T2T utils/bleu_hook.py compute_bleu).

    Args:
        predictions: int[B, T], argmax under teacher forcing.
        targets: int[B, T]; PAD 0 counts as any other id.

    Example:
        >>> targets = [[5, 6, 7, 8, 1, 0, 0, 0]]
        >>> scores = [approx_bleu(ids, targets) for ids in ([[5, 6, 7, 8, 1, 9, 9, 9]], targets)]
        >>> [round(score, 5) for score in scores]
        [0.51697, 1.0]
    """
    matches, possible = [0] * MAX_ORDER, [0] * MAX_ORDER
    lengths = [0, 0]
    for predicted, target in zip(_rows(predictions), _rows(targets), strict=True):
        lengths[0] += len(predicted)
        lengths[1] += len(target)
        found, expected = _ngrams(predicted), _ngrams(target)
        for ngram, count in found.items():
            possible[len(ngram) - 1] += count
            matches[len(ngram) - 1] += min(count, expected[ngram])
    precisions = _precisions(matches, possible)
    if not any(precisions):
        return 0.0
    mean = math.exp(sum(math.log(p) for p in precisions if p) / MAX_ORDER)
    ratio = lengths[0] / max(lengths[1], 1)
    return mean * (math.exp(1.0 - 1.0 / ratio) if ratio < 1.0 else 1.0)


def _rows(ids: ArrayLike) -> list[list[int]]:
    rows: list[list[int]] = np.asarray(ids).tolist()
    return rows
