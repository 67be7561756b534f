"""Sequence-level risk by loops: sentence BLEU with 1 added, and the expected cost of candidates.

fairseq, branch classic_seqlevel: weights are a softmax over candidates of exp(u), u the mean
log-probability of a candidate's tokens; the cost is 100 - BLEU.
"""

import math

import numpy as np


def sentence_bleu(candidate, reference):
    """Percent, of two lists of words; 1 is added to matches and counts of orders 2 to 4."""
    product = 1.0
    for n in (1, 2, 3, 4):
        left = [tuple(reference[i : i + n]) for i in range(len(reference) - n + 1)]
        matches, count = 0, 0
        for i in range(len(candidate) - n + 1):
            count += 1
            gram = tuple(candidate[i : i + n])
            if gram in left:
                left.remove(gram)
                matches += 1
        if n > 1:
            matches, count = matches + 1, count + 1
        if not matches:
            return 0.0
        product *= (matches / count) ** 0.25
    return 100.0 * product * min(1.0, math.exp(1.0 - len(reference) / len(candidate)))


def expected_cost(log_probs, costs, distinct, exponential=True):
    """Summed over sentences."""
    total = 0.0
    for b in range(len(log_probs)):
        weights = []
        for u, counts in zip(log_probs[b], distinct[b], strict=True):
            weights.append(math.exp(math.exp(u) if exponential else u) if counts else 0.0)
        for weight, cost in zip(weights, costs[b], strict=True):
            total += weight / sum(weights) * cost
    return total


def first_of_equals(candidates):
    """bool[N] of a list of sentences."""
    return np.array(
        [not any(other == one for other in candidates[:i]) for i, one in enumerate(candidates)]
    )
