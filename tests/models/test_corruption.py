"""Corruption of references: by hand, against loops, and what it may never do."""

import numpy as np
import pytest
from keras import ops

from t2t_hint_nart.models.corruption import COPY, REPLACE, SWAP, corrupt, corruption_counts
from tests.oracles import corruption as oracle

SHARES = (0.1, 0.9 - 0.8 / 3 * 2, 0.9 - 0.8 / 3, 1.0)


def drawn(seed, batch=40, length=9):
    """Targets of 0 to `length` tokens with EOS at the end, and the draws of `corrupt`."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(0, length + 1, size=batch)
    targets = rng.integers(2, 30, size=(batch, length)).astype(np.int32)
    positions = np.arange(length)
    targets[positions == lengths[:, None] - 1] = 1
    targets[positions >= lengths[:, None]] = 0
    order = rng.random((batch, length), np.float32)
    kinds = rng.integers(0, 3, size=(batch, length)).astype(np.int32)
    words = rng.integers(30, 60, size=(batch, length)).astype(np.int32)
    return targets, order, kinds, words


def corrupted(targets, share, order, kinds, words):
    tensors = (ops.convert_to_tensor(values) for values in (order, kinds, words))
    return np.asarray(corrupt(ops.convert_to_tensor(targets), share, *tensors))


@pytest.mark.parametrize(
    ("kind", "expected"),
    [
        (COPY, [5, 6, 6, 8, 8, 0]),  # 6 over 7, then 8 over EOS
        (REPLACE, [5, 42, 7, 44, 1, 0]),
        (SWAP, [5, 7, 6, 1, 8, 0]),
    ],
)
def test_each_kind_by_hand(kind, expected):
    targets = np.array([[5, 6, 7, 8, 1, 0]], np.int32)
    order = np.array([[0.9, 0.1, 0.8, 0.2, 0.0, 0.0]], np.float32)
    kinds = np.full_like(targets, kind)
    words = np.array([[41, 42, 43, 44, 45, 46]], np.int32)
    # Two of five, positions 1 and 3; neither EOS's nor padding's draws count.
    assert corrupted(targets, 0.5, order, kinds, words).tolist() == [expected]


def test_a_later_corruption_sees_the_earlier():
    targets, order = np.array([[5, 6, 7, 1]], np.int32), np.array([[0.2, 0.1, 0.3, 0]], np.float32)
    kinds = np.array([[COPY, SWAP, COPY, COPY]], np.int32)
    # 5 7 6 1, then 5 over 7.
    assert corrupted(targets, 0.5, order, kinds, targets).tolist() == [[5, 5, 6, 1]]


@pytest.mark.parametrize("share", SHARES)
def test_equals_the_loop(share):
    targets, order, kinds, words = drawn(seed=int(share * 100))
    got = corrupted(targets, share, order, kinds, words)
    for row, ids in enumerate(targets):
        length = np.count_nonzero(ids)
        rest = (values[row] for values in (order, kinds, words))
        expected = oracle.corrupt(ids[:length].tolist(), share, *rest)
        assert got[row].tolist() == expected + [0] * (len(ids) - length)


@pytest.mark.parametrize("share", SHARES)
def test_touches_at_most_twice_as_many_positions_and_keeps_the_length(share):
    targets, *draws = drawn(seed=1)
    got = corrupted(targets, share, *draws)
    lengths = (targets != 0).sum(1)
    assert np.array_equal(got != 0, targets != 0)
    counts = np.array([oracle.count(int(length), share) for length in lengths])
    assert np.all((got != targets).sum(1) <= 2 * counts)
    # Sentences of one token, or none, stay as they are; of the others not all do.
    assert np.array_equal(got[lengths < 2], targets[lengths < 2]) and np.any(got != targets)


def test_counts_of_every_length():
    lengths = np.arange(200)
    for share in SHARES:
        got = np.asarray(corruption_counts(ops.convert_to_tensor(lengths), share))
        assert got.tolist() == [oracle.count(int(length), share) for length in lengths]
