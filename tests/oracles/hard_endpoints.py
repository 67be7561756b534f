"""Hard copy of the source into the decoder, ends on ends (`copy` of dl4mt-nonauto).

    z_t = x_{i(t)},  i(t) = rint(t (Tx - 1) / (Ty - 1)),  t = 0 .. Ty - 1;  i(0) = 0 where Ty = 1

rint rounds halves to even. Lengths count EOS. Slots t >= Ty are padding: zero vector.
"""

import numpy as np


def hard_endpoints(source, source_lengths, target_lengths, length):
    """float64[B, length, D] from source float[B, S, D]."""
    source = np.asarray(source, np.float64)
    copied = np.zeros((source.shape[0], length, source.shape[2]), np.float64)
    for b, (tx, ty) in enumerate(zip(source_lengths, target_lengths, strict=True)):
        for t in range(int(ty)):
            index = 0 if ty == 1 else int(np.rint(t * (int(tx) - 1) / (int(ty) - 1)))
            copied[b, t] = source[b, index]
    return copied
