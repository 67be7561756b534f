"""Dropout from random bytes."""

import random

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.layers.dropout import Dropout

ONES = tf.ones((64, 129))


@pytest.fixture(autouse=True)
def seed():
    random.seed(1)


def calls(layer, number, states=ONES):
    run = tf.function(lambda: layer(states, training=True), autograph=False)
    return np.stack([run().numpy() for _ in range(number)])


@pytest.mark.parametrize("rate", [0.002, 0.1, 0.3, 0.5, 0.9])
def test_rate_and_expectation(rate):
    """1.7 million numbers: 1e-3 is 2.6 standard deviations of their share, or more."""
    values = calls(Dropout(rate), 200)
    dropped = values == 0
    assert dropped.mean() == pytest.approx(rate, abs=1e-3)
    # Not by approx, which compares number by number in Python.
    np.testing.assert_allclose(values[~dropped], 1 / (1 - rate), rtol=1e-4)
    assert values.mean() == pytest.approx(1.0, abs=1e-3 / (1 - rate))


def test_every_number_is_drawn_by_itself():
    """No correlation between layers, calls, places of a byte in a word, rows or columns."""
    first, second = (calls(Dropout(0.3), 100) > 0 for _ in range(2))
    pairs = {
        "layers": (first, second),
        "calls": (first[1:], first[:-1]),
        "rows": (first[:, 1:], first[:, :-1]),
        **{f"columns {d}": (first[:, :, d:], first[:, :, :-d]) for d in (1, 2, 3, 4, 8)},
    }
    for name, (one, other) in pairs.items():
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] == pytest.approx(0, abs=6e-3), name


@pytest.mark.parametrize("shape", [(1,), (3,), (4,), (2, 3, 5), (0, 4)])
def test_any_size(shape):
    values = calls(Dropout(0.5), 20, tf.ones(shape))
    assert values.shape == (20, *shape) and set(values.ravel()) <= {0.0, 2.0}


def test_gradient_is_the_mask():
    layer, states = Dropout(0.4), tf.Variable(ONES * 3)
    with tf.GradientTape() as tape:
        output = layer(states, training=True)
    gradient = tape.gradient(output, states, output_gradients=ONES * 7)
    np.testing.assert_allclose(gradient / 7, output / 3, rtol=1e-6)


def test_its_state_says_what_comes_next():
    layer, other = Dropout(0.5), Dropout(0.5)
    calls(layer, 3)
    (state,) = layer.variables
    other.variables[0].assign(state)
    assert np.array_equal(calls(layer, 2), calls(other, 2))


def test_nothing_without_training_or_rate():
    assert Dropout(0.5)(ONES) is ONES
    assert Dropout(0.0)(ONES, training=True) is ONES and not Dropout(0.0).variables


def test_the_highest_rate_keeps_something():
    values = calls(Dropout(0.9999), 100)
    assert values.max() == 256 and values.mean() == pytest.approx(1.0, abs=0.1)
