import math
import random
from collections import Counter

import pytest

from t2t_hint_nart.evaluation.approx_bleu import approx_bleu

LABELS = [5, 6, 7, 8, 1, 0, 0, 0]


def test_golden_toy():
    """Executed with T2T: junk after the end counts."""
    assert approx_bleu([LABELS], [LABELS]) == 1.0
    assert approx_bleu([[5, 6, 7, 8, 1, 9, 9, 9]], [LABELS]) == pytest.approx(0.51697, abs=5e-6)


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
    pairs = [([rng.randrange(4) for _ in range(9)], [rng.randrange(4) for _ in range(9)])] * 2
    predictions, targets = zip(*pairs, strict=True)
    assert approx_bleu(predictions, targets) == pytest.approx(by_hand(predictions, targets))


def test_brevity():
    assert approx_bleu([[5, 6, 7, 8]], [LABELS]) == pytest.approx(math.exp(1 - 8 / 4))


def test_short_rows_leave_orders_out():
    """An order without n-grams counts as precision 1, as in T2T."""
    assert approx_bleu([[5, 1]], [[5, 1]]) == 1.0


def test_empty():
    assert approx_bleu([[]], [[]]) == 0.0
