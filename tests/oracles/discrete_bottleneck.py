"""Semantic hashing and decomposed vector quantization in NumPy float64, number by number.

Sources: T2T 1.15 layers/discretization.py and common_layers.saturating_sigmoid.
"""

import numpy as np


def saturating_sigmoid(x):
    """min(1, max(0, 1.2/(1 + e^−x) − 0.1)) of a number."""
    return min(1.0, max(0.0, 1.2 / (1.0 + np.exp(-x)) - 0.1))


def bits_of(code):
    """Bits of a row of z numbers, and the integer that they are, the lowest first."""
    bits = [1 if saturating_sigmoid(value) > 0.5 else 0 for value in code]
    return bits, sum(bit * 2**place for place, bit in enumerate(bits))


def nearest(codebook, slices):
    """For a state's slices float64[N, d] the index of each one's nearest of float64[N, K, d]."""
    found = []
    for words, x in zip(codebook, slices, strict=True):
        distances = [sum((a - b) ** 2 for a, b in zip(x, word, strict=True)) for word in words]
        found.append(distances.index(min(distances)))
    return found


class MovingAverages:
    """Counts and sums of codewords, each number by itself, as in the layer's equations."""

    def __init__(self, codewords, decay, epsilon, start):
        blocks, words, _ = codewords.shape
        self.decay, self.epsilon = decay, epsilon
        self.counts = np.full((blocks, words), float(start))
        self.sums = np.array(codewords, np.float64)

    def codebook(self):
        """S_k/ĉ_k; S_k as long as nothing was counted."""
        blocks, words, size = self.sums.shape
        result = np.zeros_like(self.sums)
        for n in range(blocks):
            total = sum(self.counts[n])
            for k in range(words):
                smoothed = 1.0
                if total > 0:
                    smoothed = (self.counts[n, k] + self.epsilon) * total
                    smoothed /= total + words * self.epsilon
                for i in range(size):
                    result[n, k, i] = self.sums[n, k, i] / smoothed
        return result

    def update(self, states):
        """Count states float64[R, N, d]; return what each was nearest to, int[R, N]."""
        codebook = self.codebook()
        chosen = [nearest(codebook, slices) for slices in states]
        blocks, words, size = self.sums.shape
        for n in range(blocks):
            for k in range(words):
                own = [x[n] for x, indices in zip(states, chosen, strict=True) if indices[n] == k]
                kept, new = self.decay, 1.0 - self.decay
                self.counts[n, k] = kept * self.counts[n, k] + new * len(own)
                for i in range(size):
                    total = sum(x[i] for x in own)
                    self.sums[n, k, i] = kept * self.sums[n, k, i] + new * total
        return np.array(chosen)
