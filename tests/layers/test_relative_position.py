"""Relative positions against Shaw et al. 2018, by loops."""

import math

import numpy as np
import pytest

from t2t_hint_nart.layers.relative_position import RelativePositions, chosen_distances
from tests.dtype_policy import dtype_policy

BATCH, HEADS, LENGTH, SIZE, MOST = 2, 3, 5, 4, 2
RNG = np.random.default_rng(11)


def row(i, j):
    """Row of the table for key j as seen from query i."""
    return max(-MOST, min(MOST, j - i)) + MOST


def build(tables):
    with dtype_policy("float64"):
        layer = RelativePositions(MOST, tables, SIZE)
    layer.embeddings.assign(RNG.normal(size=(2 * MOST + 1, tables * SIZE)))
    return layer


def embedding(layer, head, i, j):
    table = layer.embeddings.numpy()
    part = slice(head * SIZE, (head + 1) * SIZE) if layer.tables > 1 else slice(None)
    return table[row(i, j), part]


@pytest.mark.parametrize("first", [0, 3])
def test_each_pair_has_one_distance(first):
    queries = np.arange(first, first + 2)
    chosen = np.asarray(chosen_distances(queries, np.arange(LENGTH), MOST))
    assert chosen.shape == (2, LENGTH, 2 * MOST + 1)
    assert np.array_equal(chosen.sum(-1), np.ones((2, LENGTH)))
    for t, i in enumerate(queries):
        assert [int(one.argmax()) for one in chosen[t]] == [row(i, j) for j in range(LENGTH)]


@pytest.mark.parametrize("tables", [1, HEADS])
def test_logits_and_context(tables):
    layer = build(tables)
    chosen = chosen_distances(np.arange(LENGTH), np.arange(LENGTH), MOST, "float64")
    query = RNG.normal(size=(BATCH, HEADS, LENGTH, SIZE))
    weights = RNG.random((BATCH, HEADS, LENGTH, LENGTH))
    logits, context = np.zeros(weights.shape), np.zeros(query.shape)
    for b, h, i, j in np.ndindex(*weights.shape):
        logits[b, h, i, j] = query[b, h, i] @ embedding(layer, h, i, j)
        context[b, h, i] += weights[b, h, i, j] * embedding(layer, h, i, j)
    np.testing.assert_allclose(layer.logits(query, chosen), logits, 1e-12, 1e-12)
    np.testing.assert_allclose(layer.context(weights, chosen), context, 1e-12, 1e-12)


def test_initial_limit():
    """T2T initialises them as kernels: fan in 2k + 1, fan out the width of the table."""
    table = RelativePositions(20, 8, 64).embeddings.numpy()
    assert table.shape == (41, 512)
    assert np.abs(table).max() == pytest.approx(math.sqrt(6.0 / (41 + 512)), rel=1e-2)
