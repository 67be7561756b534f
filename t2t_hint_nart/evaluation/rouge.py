"""T2T's ROUGE metrics on ids under teacher forcing, padding included (T2T utils/rouge.py)."""

import itertools

import numpy as np
from numpy.typing import ArrayLike, NDArray


def rouge_2_fscore(predictions: ArrayLike, targets: ArrayLike) -> float:
    """Return the mean F1 of the sets of bigrams (Lin 2004), 0 to 1.

    Args:
        predictions: int[B, T], argmax under teacher forcing.
        targets: int[B, T]; PAD 0 counts as any other id.

    Example:
        >>> round(rouge_2_fscore([[1, 2, 3, 9]], [[1, 2, 3, 4]]), 4)
        0.6667
    """
    scores = []
    for predicted, target in zip(np.asarray(predictions), np.asarray(targets), strict=True):
        found, expected = _bigrams(predicted), _bigrams(target)
        common = len(found & expected)
        precision = common / len(found) if found else 0.0
        recall = common / len(expected) if expected else 0.0
        scores.append(2.0 * precision * recall / (precision + recall + 1e-8))
    return float(np.mean(scores)) if scores else 0.0


def _bigrams(ids: NDArray[np.int_]) -> set[tuple[int, ...]]:
    row = ids.tolist()
    return set(itertools.pairwise(row))


def common_subsequence_lengths(
    first: NDArray[np.int_], second: NDArray[np.int_]
) -> NDArray[np.int_]:
    """Return the length of the longest common subsequence of each two rows, int[B].

    Args:
        first: int[B, T].
        second: int[B, S].

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
    """Return the mean F-score of the longest common subsequence, 0 to 1.

    (1 + β²)·r·p / (r + β²·p) with β = p / r, r and p the subsequence's share of the target and of
    the prediction (T2T rouge.py _f_lcs; T2T's tag is rouge_L_fscore).

    Args:
        predictions: int[B, T], argmax under teacher forcing.
        targets: int[B, T]; PAD 0 counts as any other id.

    Example:
        >>> round(rouge_l_fscore([[1, 9, 3, 4]], [[1, 2, 3, 4]]), 4)
        0.75
    """
    found, expected = np.asarray(predictions), np.asarray(targets)
    common = common_subsequence_lengths(found, expected)
    recall, precision = common / expected.shape[1], common / found.shape[1]
    beta2 = (precision / (recall + 1e-12)) ** 2
    scores = (1.0 + beta2) * recall * precision / (recall + beta2 * precision + 1e-12)
    return float(np.mean(scores)) if len(scores) else 0.0
