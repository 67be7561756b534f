"""Hard copy of the source into the decoder (`hard_uniform` of the authors' transformer_nat).

    z_t = x_{i(t)},  i(t) = min(rint(t Tx / Ty), Tx - 1),  t = 0 .. Ty - 1

rint rounds halves to even. The clip is not in the released code, which reads outside the sentence
when Ty > 2 Tx. Lengths count EOS. Slots t >= Ty are padding: index 0, zero vector.
"""

import numpy as np


def hard_copy_indices(source_lengths, target_lengths, length):
    """int64[B, length] source positions."""
    indices = np.zeros((len(source_lengths), length), np.int64)
    for b, (tx, ty) in enumerate(zip(source_lengths, target_lengths, strict=True)):
        for t in range(int(ty)):
            indices[b, t] = min(int(np.rint(t * int(tx) / int(ty))), int(tx) - 1)
    return indices


def hard_copy(source, source_lengths, target_lengths, length):
    """float64[B, length, D] from source float[B, S, D]."""
    source = np.asarray(source, np.float64)
    indices = hard_copy_indices(source_lengths, target_lengths, length)
    copied = np.zeros((source.shape[0], length, source.shape[2]), np.float64)
    for b in range(source.shape[0]):
        for t in range(int(target_lengths[b])):
            copied[b, t] = source[b, indices[b, t]]
    return copied
