"""Soft copy of the source into the decoder (`soft_uniform` of the authors' transformer_nat).

    z_t = sum_j w_tj x_j,  w_t = softmax_j(-(t Tx / Ty - j)^2 / tau),  tau = 0.3

over the real source positions j = 0 .. Tx - 1; t = 0 .. Ty - 1. Lengths count EOS. Slots t >= Ty
are padding: zero weights, zero vector.
"""

import numpy as np


def soft_copy_weights(source_lengths, target_lengths, source_size, length, tau=0.3):
    """float64[B, length, source_size]."""
    weights = np.zeros((len(source_lengths), length, source_size), np.float64)
    for b, (tx, ty) in enumerate(zip(source_lengths, target_lengths, strict=True)):
        for t in range(int(ty)):
            centre = t * int(tx) / int(ty)
            scores = np.array([-((centre - j) ** 2) / tau for j in range(int(tx))])
            exponentials = np.exp(scores - scores.max())
            weights[b, t, : int(tx)] = exponentials / exponentials.sum()
    return weights


def soft_copy(source, source_lengths, target_lengths, length, tau=0.3):
    """float64[B, length, D] from source float[B, S, D]."""
    source = np.asarray(source, np.float64)
    batch, source_size, width = source.shape
    weights = soft_copy_weights(source_lengths, target_lengths, source_size, length, tau)
    copied = np.zeros((batch, length, width), np.float64)
    for b in range(batch):
        for t in range(length):
            for j in range(source_size):
                if weights[b, t, j] > 0.0:
                    copied[b, t] += weights[b, t, j] * source[b, j]
    return copied
