"""Removal of adjacent repeats."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from t2t_hint_nart.decoding.reading import dedup
from t2t_hint_nart.decoding.reading import until_eos


@settings(max_examples=25)
@given(st.lists(st.lists(st.integers(1, 4), max_size=6), min_size=1, max_size=4))
def test_every_run_becomes_one_token(sentences):
    ids = np.zeros([len(sentences), 6], np.int32)
    expected = np.zeros_like(ids)
    for row, sentence in enumerate(sentences):
        ids[row, : len(sentence)] = sentence
        runs = [token for token, _ in itertools.groupby(sentence)]
        expected[row, : len(runs)] = runs
    np.testing.assert_array_equal(dedup(tf.constant(ids)), expected)


def test_merging_before_or_after_the_cut_is_the_same():
    ids = tf.constant([[5, 5, 1, 1, 5, 5, 6], [1, 1, 6, 6, 6, 2, 2]])
    cut_first = dedup(tf.where(until_eos(ids), ids, 0))
    merged = dedup(ids)
    np.testing.assert_array_equal(cut_first, tf.where(until_eos(merged), merged, 0))


@pytest.mark.parametrize("rank", [1, 3])
def test_any_number_of_leading_dimensions(rank):
    ids = np.array([7, 7, 8, 1, 0]).reshape([1] * (rank - 1) + [5])
    assert dedup(tf.constant(ids)).numpy().reshape(-1).tolist() == [7, 8, 1, 0, 0]
