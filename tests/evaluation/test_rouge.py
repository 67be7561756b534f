import numpy as np
import pytest

from t2t_hint_nart.evaluation.rouge import (
    common_subsequence_lengths,
    rouge_2_fscore,
    rouge_l_fscore,
)


def subsequence_length(first, second):
    """The textbook's table."""
    table = np.zeros((len(first) + 1, len(second) + 1), int)
    for i, a in enumerate(first):
        for j, b in enumerate(second):
            grown = table[i, j] + 1
            table[i + 1, j + 1] = grown if a == b else max(table[i, j + 1], table[i + 1, j])
    return table[-1, -1]


@pytest.mark.parametrize("shape", [(1, 1), (7, 7), (5, 9), (9, 4)])
def test_common_subsequences(shape):
    rng = np.random.default_rng(sum(shape))
    first, second = (rng.integers(0, 4, (20, length)) for length in shape)
    expected = [subsequence_length(a, b) for a, b in zip(first, second, strict=True)]
    assert common_subsequence_lengths(first, second).tolist() == expected


def test_rouge_l_of_two_sentences():
    """Padding counts as any other id."""
    hypothesis = np.array([[2, 3, 4, 5, 6, 0, 0], [7, 8, 9, 1, 0, 0, 0]])
    reference = np.array([[2, 3, 4, 5, 6, 0, 0], [7, 8, 1, 9, 0, 0, 0]])
    assert rouge_l_fscore(hypothesis[:1], reference[:1]) == pytest.approx(1.0)
    # Common are 7 8 9 and three times padding (or 7 8 1 and padding): 6 of 7.
    assert rouge_l_fscore(hypothesis[1:], reference[1:]) == pytest.approx(6 / 7)
    both = rouge_l_fscore(hypothesis, reference)
    assert both == pytest.approx((1 + 6 / 7) / 2)


def test_rouge_l_of_other_lengths():
    # r = 2/4, p = 2/3, beta = 4/3.
    recall, precision = 2 / 4, 2 / 3
    beta2 = (precision / recall) ** 2
    expected = (1 + beta2) * recall * precision / (recall + beta2 * precision)
    assert rouge_l_fscore([[5, 9, 7]], [[5, 6, 7, 8]]) == pytest.approx(expected)


def test_rouge_2():
    # Bigrams are sets: (1, 2), (2, 1) against (1, 2), (2, 3).
    assert rouge_2_fscore([[1, 2, 1, 2]], [[1, 2, 3]]) == pytest.approx(0.5)
    assert rouge_2_fscore([[1, 2, 3]], [[3, 2, 1]]) == 0.0
    assert rouge_2_fscore([[1, 2, 3], [4, 4, 4]], [[1, 2, 3], [1, 2, 3]]) == pytest.approx(0.5)


def test_nothing_in_common_or_nothing_at_all():
    assert rouge_l_fscore([[1, 2]], [[3, 4]]) == 0.0
    assert rouge_2_fscore([[1]], [[1]]) == 0.0
