"""Cross-entropy of clipped length differences (Lee et al. 2018), sentence by sentence."""

import math

import numpy as np


def length_offset_loss(logits, source_lengths, target_lengths):
    """Summed nats of float64[B, 2M + 1]; a target of length 0 is no sentence."""
    total = 0.0
    for row, source, target in zip(np.asarray(logits), source_lengths, target_lengths, strict=True):
        if target == 0:
            continue
        largest = len(row) // 2
        offset = max(-largest, min(largest, target - source))
        total += math.log(sum(math.exp(value) for value in row)) - row[offset + largest]
    return total


def length_logits(kernel, bias, states, length):
    """kernel^T mean + bias over the first `length` of states float64[S, D]."""
    mean = np.zeros(states.shape[1])
    for position in range(length):
        mean += states[position] / length
    return mean @ kernel + bias
