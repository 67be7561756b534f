"""The score function's gradient is the expectation's, in the mean over all that may be drawn."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.losses.score_function import score_function_loss
from tests.central_differences import central_differences
from tests.oracles import fertility_tuning as oracle

RNG = np.random.default_rng(2)


def test_it_equals_the_loop():
    logits, mask = tf.Variable(RNG.normal(size=(3, 4, 5))), RNG.random((3, 4)) < 0.6
    choices, advantages = RNG.integers(0, 5, (3, 4)), tf.Variable(RNG.normal(size=3))

    def loops(values):
        rows = (values.tolist(), choices.tolist(), advantages.numpy().tolist(), mask.tolist())
        return oracle.score_function(*rows)

    with tf.GradientTape() as tape:
        term = score_function_loss(logits, choices, advantages, mask)
    assert float(term.count) == mask.sum()
    assert float(term.total) == pytest.approx(loops(logits.numpy()), rel=1e-12)
    to_logits, to_advantages = tape.gradient(term.total, [logits, advantages])
    expected = central_differences(loops, logits.numpy())
    np.testing.assert_allclose(to_logits, expected, rtol=1e-6, atol=1e-9)
    assert to_advantages is None


def test_its_mean_gradient_is_that_of_the_expected_gain():
    """Two choices of three classes, whose gain depends on both."""
    logits, gains = RNG.normal(size=(1, 2, 3)), RNG.normal(size=(3, 3))

    def expected_gain(values):
        p = np.exp(values[0]) / np.exp(values[0]).sum(axis=1, keepdims=True)
        return float(p[0] @ gains @ p[1])

    variable, mean = tf.Variable(logits), np.zeros_like(logits)
    p = np.exp(logits[0]) / np.exp(logits[0]).sum(axis=1, keepdims=True)
    for choice in itertools.product(range(3), repeat=2):
        with tf.GradientTape() as tape:
            term = score_function_loss(
                variable, np.array([choice]), gains[[choice[0]], choice[1]], np.ones((1, 2), bool)
            )
        mean += p[0, choice[0]] * p[1, choice[1]] * tape.gradient(term.total, variable).numpy()
    np.testing.assert_allclose(mean, -central_differences(expected_gain, logits), atol=1e-8)
