"""Gated convolutions: value and gradient against loops, and a position at a time."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.layers.gated_convolution import GatedConvolution
from tests.central_differences import central_differences
from tests.dtype_policy import dtype_policy
from tests.oracles import conv_s2s as oracle

STATES = np.random.default_rng(1).normal(size=(2, 5, 3))


def build(kernel_width, causal):
    with dtype_policy("float64"):
        layer = GatedConvolution(3, 2, kernel_width, causal)
    rng = np.random.default_rng(2)
    for variable in layer.trainable_variables:
        variable.assign(rng.normal(size=tuple(variable.shape)))
    return layer


def loops(layer, states, causal):
    weights = oracle.kernel(layer.kernel.direction.numpy(), layer.kernel.length.numpy())
    bias = layer.bias.numpy()
    return np.stack([oracle.gated_convolution(weights, bias, x, causal) for x in states])


@pytest.mark.parametrize("causal", [False, True])
@pytest.mark.parametrize("kernel_width", [1, 2, 3, 5])
def test_equals_the_oracle(kernel_width, causal):
    layer = build(kernel_width, causal)
    np.testing.assert_allclose(layer(STATES), loops(layer, STATES, causal), rtol=1e-11)


@pytest.mark.parametrize("causal", [False, True])
def test_gradient_by_central_differences(causal):
    layer = build(3, causal)
    states = tf.Variable(STATES)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(states) ** 2)
    expected = central_differences(lambda x: (loops(layer, x, causal) ** 2).sum(), STATES.copy())
    np.testing.assert_allclose(tape.gradient(total, states), expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("kernel_width", [1, 4])
def test_a_position_at_a_time(kernel_width):
    layer = build(kernel_width, True)
    past = np.zeros((2, layer.past_width))
    whole = np.asarray(layer(STATES))
    for t in range(STATES.shape[1]):
        made, past = layer.step(keras.ops.convert_to_tensor(STATES[:, t]), past)
        np.testing.assert_allclose(made, whole[:, t], rtol=1e-11)


def test_the_kernel_is_drawn_for_what_dropout_leaves():
    random.seed(3)
    layer = GatedConvolution(64, 128, 3, dropout=0.2)
    assert layer.kernel.direction.numpy().std() == pytest.approx((3.2 / 192) ** 0.5, rel=0.02)
