"""Candidate lengths and the bias measured on training pairs."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.one_pass import candidate_lengths
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.models.length_bias import length_bias


def test_halfwidth_four_gives_the_nine_lengths_of_the_paper():
    lengths = candidate_lengths(tf.constant([10, 25]), 2, 4)
    assert lengths.dtype == tf.int32
    np.testing.assert_array_equal(lengths, [np.arange(8, 17), np.arange(23, 32)])


def test_halfwidth_zero_gives_the_biased_length():
    np.testing.assert_array_equal(candidate_lengths(tf.constant([10, 3]), -2, 0), [[8], [1]])


def test_lengths_are_at_least_one():
    np.testing.assert_array_equal(candidate_lengths(tf.constant([2]), -3, 2), [[1, 1, 1, 1, 1]])


def test_a_tensor_as_halfwidth():
    lengths = candidate_lengths(tf.constant([4]), tf.constant(1), tf.constant(1))
    np.testing.assert_array_equal(lengths, [[4, 5, 6]])


def test_a_negative_halfwidth_is_refused():
    with pytest.raises(InputError, match="halfwidth must be at least 0, got -1"):
        candidate_lengths(tf.constant([4]), 0, -1)


@pytest.mark.parametrize(
    "differences, expected",
    [([2], 2), ([1, 2], 2), ([-1, -2], -1), ([-3, -2, -2], -2), ([0, 0, 1], 0), ([9, 0, 0], 3)],
)
def test_the_bias_is_the_rounded_mean_difference(differences, expected):
    pairs = [(10 + i, 10 + i + difference) for i, difference in enumerate(differences)]
    assert length_bias(iter(pairs)) == expected
    assert isinstance(length_bias(np.array(pairs)), int)


def test_no_pairs_are_refused():
    with pytest.raises(InputError, match="at least one pair"):
        length_bias([])
