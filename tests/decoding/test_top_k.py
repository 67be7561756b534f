"""The blocked top-k equals the plain one, ties included."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.search import top_k


@pytest.mark.parametrize("size", [9, 130, 1000, 2003])
@pytest.mark.parametrize("k", [1, 2, 8])
def test_values_and_indices_equal_tensorflows(size, k):
    rng = np.random.default_rng(size + k)
    rows = tf.constant(rng.normal(size=[7, size]), tf.float32)
    values, indices = top_k(rows, k)
    expected = tf.math.top_k(rows, k)
    np.testing.assert_array_equal(values, expected.values)
    np.testing.assert_array_equal(indices, expected.indices)


@pytest.mark.parametrize("size", [130, 1003])
def test_equal_entries_come_in_the_order_of_their_indices(size):
    rng = np.random.default_rng(size)
    rows = rng.integers(0, 3, [20, size]).astype(np.float32)
    # The last block holds the maximum, so it comes first among the blocks, but not among the 5s.
    rows[:, [4, 30, size - 2]] = 5.0
    rows[:, size - 1] = 6.0
    for row in (rows, np.zeros([1, size], np.float32), np.full([1, size], -np.inf, np.float32)):
        indices = top_k(tf.constant(row), 8)[1]
        np.testing.assert_array_equal(indices, tf.math.top_k(row, 8).indices)
