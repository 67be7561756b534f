"""Statistics of the cosines between decoder states, section 2.1 of arXiv 1909.06708.

    cos_ij = <r_i, r_j> / (|r_i| |r_j|)

The paper's statement for its teacher: 70 % of the cosines are below 0.25, 95 % below 0.5. Counted
over every pair i < j of real positions of a sentence, every sentence and layer alike.
"""

import numpy as np

from tests.oracles.hidden_hint import cosine


def cosine_matrix(states):
    """float64[T, T] of states float[T, D]; the diagonal is 1 (0 for a zero vector)."""
    length = len(states)
    matrix = np.zeros((length, length), np.float64)
    for i in range(length):
        for j in range(length):
            matrix[i, j] = cosine(states[i], states[j])
    return matrix


def pair_cosines(hidden, mask):
    """List over layers of lists of cosines: hidden float[B, N, T, D], mask bool[B, T]."""
    hidden = np.asarray(hidden, np.float64)
    layers = []
    for layer in range(hidden.shape[1]):
        values = []
        for b in range(hidden.shape[0]):
            positions = [t for t in range(len(mask[b])) if mask[b][t]]
            for n, i in enumerate(positions):
                for j in positions[n + 1 :]:
                    values.append(cosine(hidden[b, layer, i], hidden[b, layer, j]))
        layers.append(values)
    return layers


def summary(values, thresholds=(0.25, 0.5)):
    """(mean, shares strictly below each threshold, count); zeros without a pair."""
    if not values:
        return 0.0, tuple(0.0 for _ in thresholds), 0
    shares = tuple(sum(v < limit for v in values) / len(values) for limit in thresholds)
    return sum(values) / len(values), shares, len(values)


def cosine_statistics(hidden, mask, thresholds=(0.25, 0.5)):
    """`summary` over all layers together."""
    everything = [v for values in pair_cosines(hidden, mask) for v in values]
    return summary(everything, thresholds)


def layer_cosine_statistics(hidden, mask, thresholds=(0.25, 0.5)):
    """List over layers of `summary`."""
    return [summary(values, thresholds) for values in pair_cosines(hidden, mask)]
