"""T2T's scores of subword ids under teacher forcing: approximate BLEU and ROUGE.

Curves to watch, not scores to report: they are of ids instead of words, and every prediction has
seen the target before it. Reported scores come from decoding (`evaluation.bleu`). T2T counts
padding too, so that most of a score is how well a batch is filled; here positions count where the
target has a token, as in T2T's accuracies.
"""

import itertools
import math
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

MAX_ORDER = 4


def _sentences(predictions: ArrayLike, targets: ArrayLike) -> Iterator[tuple[list[int], list[int]]]:
    """Each row's ids where the target has a token, as (predicted, target)."""
    for predicted, target in zip(np.asarray(predictions), np.asarray(targets), strict=True):
        length = int(np.count_nonzero(target))
        yield predicted[:length].tolist(), target[:length].tolist()


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
        targets: int[B, T], at the end of a row PAD 0, where predictions don't count.

    Example:
        >>> targets = [[5, 6, 7, 8, 9, 1, 0, 0]]
        >>> scores = [approx_bleu(ids, targets) for ids in ([[5, 6, 7, 8, 1, 1, 9, 9]], targets)]
        >>> [round(score, 5) for score in scores]
        [0.53728, 1.0]
    """
    matches, possible = [0] * MAX_ORDER, [0] * MAX_ORDER
    lengths = [0, 0]
    for predicted, target in _sentences(predictions, targets):
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


def rouge_2_fscore(predictions: ArrayLike, targets: ArrayLike) -> float:
    """Return the mean F1 of the sets of bigrams (Lin 2004), 0 to 1; arguments as of `approx_bleu`.

    Example:
        >>> round(rouge_2_fscore([[1, 2, 3, 9]], [[1, 2, 3, 4]]), 4)
        0.6667
    """
    scores = []
    for predicted, target in _sentences(predictions, targets):
        found, expected = (set(itertools.pairwise(ids)) for ids in (predicted, target))
        common = len(found & expected)
        precision = common / len(found) if found else 0.0
        recall = common / len(expected) if expected else 0.0
        scores.append(2.0 * precision * recall / (precision + recall + 1e-8))
    return float(np.mean(scores)) if scores else 0.0


def common_subsequence_lengths(
    first: NDArray[np.int_], second: NDArray[np.int_]
) -> NDArray[np.int_]:
    """Return the longest common subsequence's length of each two rows, int[B].

    Example:
        >>> common_subsequence_lengths(np.array([[1, 2, 3, 4]]), np.array([[2, 9, 4]])).tolist()
        [2]
    """
    batch, columns = second.shape
    longest = np.zeros((batch, columns + 1), dtype=int)
    for index in range(first.shape[1]):
        equal = first[:, index, None] == second
        grown = np.zeros_like(longest)
        # What one more id of `first` gives, and then the best of the columns up to each.
        grown[:, 1:] = np.where(equal, longest[:, :-1] + 1, longest[:, 1:])
        longest = np.maximum.accumulate(grown, axis=1)
    return longest[:, -1]


def rouge_l_fscore(predictions: ArrayLike, targets: ArrayLike) -> float:
    """Return the mean F-score of the longest common subsequence, 0 to 1; see `approx_bleu`.

    (1 + β²)·r·p / (r + β²·p) with β = p / r, r and p the subsequence's share of the target and of
    the prediction (T2T rouge.py _f_lcs; T2T's tag is rouge_L_fscore).

    Example:
        >>> round(rouge_l_fscore([[1, 9, 3, 4]], [[1, 2, 3, 4]]), 4)
        0.75
    """
    found, expected = np.asarray(predictions), np.asarray(targets)
    lengths = np.count_nonzero(expected, axis=1)
    # What doesn't count is equal to nothing.
    columns = np.arange(found.shape[1])
    found = np.where(columns < lengths[:, None], found, -1)
    common = common_subsequence_lengths(found, np.where(expected != 0, expected, -2))
    recall = common / np.maximum(lengths, 1)
    precision = common / np.clip(lengths, 1, max(found.shape[1], 1))
    beta2 = (precision / (recall + 1e-12)) ** 2
    scores = (1.0 + beta2) * recall * precision / (recall + beta2 * precision + 1e-12)
    return float(np.mean(scores)) if len(scores) else 0.0
