"""Rows one after the other, against lists."""

import random

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.text import graph_rows


def ragged(lists):
    return tf.ragged.constant(lists, tf.int32, ragged_rank=1)


def drawn(seed):
    """Some rows, the first, the last and others of which may be empty."""
    draw = random.Random(seed)
    return [[draw.randrange(9) for _ in range(draw.randrange(4))] for _ in range(draw.randrange(6))]


LISTS = [[], [[]], [[], []], [[7], [], [8, 9]], [[], [5]], *map(drawn, range(20))]


@pytest.mark.parametrize("lists", LISTS, ids=str)
def test_rows_of_values_and_back(lists):
    splits = ragged(lists).row_splits
    owners = [number for number, row in enumerate(lists) for _ in row]
    assert graph_rows.row_of_each(splits).numpy().tolist() == owners
    back = graph_rows.splits_of(tf.constant(owners, tf.int64), tf.constant(len(lists), tf.int64))
    np.testing.assert_array_equal(back, splits)
    np.testing.assert_array_equal(graph_rows.splits_from(splits[1:] - splits[:-1]), splits)


@pytest.mark.parametrize("lists", LISTS, ids=str)
def test_chosen_rows(lists):
    which = [number for number in (2, 0, 2, 1, 1) if number < len(lists)]
    rows = ragged(lists)
    found = graph_rows.chosen_rows(rows.values, rows.row_splits, tf.constant(which, tf.int32))
    assert found.to_list() == [lists[number] for number in which]


@pytest.mark.parametrize("limit", [1, 3])
@pytest.mark.parametrize("lists", LISTS, ids=str)
def test_padded_rows_have_an_end_and_no_column_too_many(lists, limit):
    kept = [[*row[:limit], 1] for row in lists]
    width = max(map(len, kept), default=1)
    expected = [row + [0] * (width - len(row)) for row in kept]
    found = graph_rows.padded(ragged(lists), limit, 1)
    assert found.dtype == tf.int32 and found.numpy().tolist() == expected


def test_places():
    assert graph_rows.places(tf.constant([True, False, True])).numpy().tolist() == [0, 2]
