"""Lengths as classes: the layer and its loss."""

import numpy as np
import tensorflow as tf

from t2t_hint_nart.layers.length_classifier import LengthClassifier
from t2t_hint_nart.losses.length_offset import length_offset_loss
from tests.central_differences import central_differences
from tests.dtype_policy import dtype_policy
from tests.oracles import length_offset as oracle

RNG = np.random.default_rng(8)
STATES = RNG.normal(size=(5, 6, 4))
LENGTHS = np.array([6, 1, 3, 2, 0])
MASK = np.arange(6) < LENGTHS[:, None]
# Differences −5, 5, 0, clipped −2 and 2 with M = 2, and a row that is no sentence.
TARGETS = np.array([1, 6, 3, 4, 0])
TARGET_MASK = np.arange(6) < TARGETS[:, None]


def build(dropout_rate=0.0):
    with dtype_policy("float64"):
        layer = LengthClassifier(4, 2, dropout_rate)
    for variable in layer.weights:
        variable.assign(RNG.normal(size=tuple(variable.shape)))
    return layer


def test_equals_the_mean_over_real_tokens():
    layer = build()
    weights = layer.linear.kernel.numpy(), layer.linear.bias.numpy()
    got = np.asarray(layer(STATES, MASK))
    for row, length in enumerate(LENGTHS[:4]):
        expected = oracle.length_logits(*weights, STATES[row], length)
        np.testing.assert_allclose(got[row], expected, 1e-10)
        # Masking equals slicing.
        alone = layer(STATES[row : row + 1, :length], MASK[row : row + 1, :length])
        np.testing.assert_allclose(got[row], alone[0], 1e-10)
    assert np.isfinite(got).all()


def test_nothing_goes_back():
    layer, states = build(), tf.constant(STATES)
    with tf.GradientTape() as tape:
        tape.watch(states)
        total = tf.reduce_sum(layer(states, MASK) ** 2)
    back, of_kernel = tape.gradient(total, (states, layer.linear.kernel.value))
    assert back is None and np.any(of_kernel)


def test_dropout_is_of_the_logits():
    layer = build(dropout_rate=0.5)
    ratio = np.asarray(layer(STATES, MASK, training=True)) / np.asarray(layer(STATES, MASK))
    assert set(np.round(ratio, 6).ravel()) == {0.0, 2.0}


def test_the_loss_equals_the_loop_and_so_does_its_gradient():
    logits = RNG.normal(size=(5, 5))
    tensor = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(tensor)
        term = length_offset_loss(tensor, tf.constant(MASK), tf.constant(TARGET_MASK))
    expected = oracle.length_offset_loss(logits, LENGTHS, TARGETS)
    np.testing.assert_allclose(term.total, expected, 1e-10)
    assert float(term.count) == 4
    got = tape.gradient(term.total, tensor)
    differences = central_differences(
        lambda values: oracle.length_offset_loss(values, LENGTHS, TARGETS), logits
    )
    np.testing.assert_allclose(got, differences, 1e-6, 1e-7)


def test_offsets_are_clipped():
    """−5 and −2 are one class, as 5 and 2 are."""
    logits = tf.constant(np.eye(5)[[0, 4]] * 9)
    ends = length_offset_loss(logits, MASK[:2], TARGET_MASK[:2])
    nearer = length_offset_loss(logits, np.ones((2, 4), bool), np.arange(6) < [[2], [6]])
    np.testing.assert_allclose(ends.total, nearer.total, 1e-12)
    assert float(ends.total) < 0.01
