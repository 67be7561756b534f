"""Batches for training: the same ones for all (NumPy only)."""

import numpy as np

TOKENS = 2048
# Longest sentence of a batch; it has as many sentences as make 2,048 tokens, padding included.
LENGTHS = (16, 24, 32)


def batches(vocab_size, seed=1):
    """Made-up pairs int32[B, T], PAD 0, EOS 1 last: a batch for each length."""
    random = np.random.default_rng(seed)
    return [
        tuple(_side(random, TOKENS // length, length, vocab_size) for _ in range(2))
        for length in LENGTHS
    ]


def _side(random, rows, length, vocab_size):
    ids = random.integers(2, vocab_size, (rows, length), dtype=np.int32)
    lengths = random.integers(3 * length // 4, length + 1, rows)
    lengths[0] = length
    places = np.arange(length)
    ids[places >= lengths[:, None] - 1] = 1
    ids[places >= lengths[:, None]] = 0
    return ids
