import math
import random
from collections import Counter

import numpy as np
import pytest

from t2t_hint_nart.evaluation.teacher_forcing import (
    approx_bleu,
    common_subsequence_lengths,
    rouge_2_fscore,
    rouge_l_fscore,
)

LABELS = [5, 6, 7, 8, 1, 0, 0, 0]
METRICS = (approx_bleu, rouge_2_fscore, rouge_l_fscore)


def test_golden_toy():
    """T2T gives 0.51697, since it counts what is predicted where the target has padding."""
    for metric in METRICS:
        assert metric([LABELS], [LABELS]) == pytest.approx(1.0)
        assert metric([[5, 6, 7, 8, 1, 9, 9, 9]], [LABELS]) == pytest.approx(1.0)


def test_what_is_wrong_everywhere_scores_nothing():
    """However much padding there is, and whether it is predicted."""
    for padding in (0, 9):
        wrong = [[2, 3, 4, 9, 9, *[padding] * 40]]
        for metric in METRICS:
            # Of BLEU, what its smoothing gives.
            assert metric(wrong, [LABELS[:5] + [0] * 40]) < 0.1


def cut(rows, lengths):
    return [row[:length].tolist() for row, length in zip(rows, lengths, strict=True)]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("seed", range(5))
def test_padding_changes_nothing(metric, seed):
    """Rows of several lengths together, each alone without padding, and with more of it."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(1, 10, 6)
    targets = rng.integers(2, 5, (6, 10)) * (np.arange(10) < lengths[:, None])
    predictions = rng.integers(0, 5, (6, 10))
    score = metric(predictions, targets)
    more = rng.integers(0, 5, (6, 7))
    wide = np.concatenate([predictions, more], 1), np.concatenate([targets, 0 * more], 1)
    assert metric(*wide) == score
    pairs = list(zip(cut(predictions, lengths), cut(targets, lengths), strict=True))
    if metric is approx_bleu:
        assert score == pytest.approx(by_hand(*zip(*pairs, strict=True)))
    else:
        alone = [metric([predicted], [target]) for predicted, target in pairs]
        assert score == pytest.approx(np.mean(alone))


def by_hand(predictions, targets):
    """BLEU of T2T's compute_bleu, n-gram order by order."""
    logs, smooth = [], 1.0
    for order in (1, 2, 3, 4):
        matched = possible = 0
        for prediction, target in zip(predictions, targets, strict=True):
            grams = [
                Counter(tuple(row[i : i + order]) for i in range(len(row) - order + 1))
                for row in (prediction, target)
            ]
            matched += sum((grams[0] & grams[1]).values())
            possible += sum(grams[0].values())
        if possible and not matched:
            smooth *= 2
            logs.append(math.log(1 / (smooth * possible)))
        elif possible:
            logs.append(math.log(matched / possible))
    return math.exp(sum(logs) / 4)


@pytest.mark.parametrize("seed", range(5))
def test_random_corpora(seed):
    rng = random.Random(seed)
    pairs = [([rng.randrange(1, 5) for _ in range(9)], [rng.randrange(1, 5) for _ in range(9)])] * 2
    predictions, targets = zip(*pairs, strict=True)
    assert approx_bleu(predictions, targets) == pytest.approx(by_hand(predictions, targets))


def test_brevity():
    assert approx_bleu([[5, 6, 7, 8]], [LABELS]) == pytest.approx(math.exp(1 - 5 / 4))


def test_short_rows_leave_orders_out():
    """An order without n-grams counts as precision 1, as in T2T."""
    assert approx_bleu([[5, 1]], [[5, 1]]) == 1.0


def test_empty():
    for rows in ([[]], [[0, 0]]):
        assert [metric(rows, rows) for metric in METRICS] == [0.0, 0.0, 0.0]


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
    hypothesis = np.array([[2, 3, 4, 5, 6, 0, 0], [7, 8, 9, 1, 0, 0, 0]])
    reference = np.array([[2, 3, 4, 5, 6, 0, 0], [7, 8, 1, 9, 0, 0, 0]])
    assert rouge_l_fscore(hypothesis[:1], reference[:1]) == pytest.approx(1.0)
    # Common are 7 8 9, or 7 8 1: 3 of 4.
    assert rouge_l_fscore(hypothesis[1:], reference[1:]) == pytest.approx(3 / 4)
    both = rouge_l_fscore(hypothesis, reference)
    assert both == pytest.approx((1 + 3 / 4) / 2)


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
