"""Kernels as length times direction."""

import random

import numpy as np
import tensorflow as tf

from t2t_hint_nart.layers.weight_norm import WeightNormDense, WeightNormKernel
from tests.dtype_policy import dtype_policy
from tests.oracles.conv_s2s import kernel


def test_at_first_it_is_the_plain_kernel():
    """G = ‖v‖, drawn with the deviation that was asked for."""
    random.seed(1)
    layer = WeightNormKernel((3, 40, 50), 0.3)
    direction = layer.direction.numpy()
    np.testing.assert_allclose(layer.value(), direction, rtol=1e-5)
    np.testing.assert_allclose(layer.length, np.sqrt((direction**2).sum((0, 1))), rtol=1e-5)
    assert abs(direction.std() - 0.3) < 0.01


def test_equals_the_oracle_and_ignores_the_directions_length():
    with dtype_policy("float64"):
        layer = WeightNormKernel((2, 3, 4), 1.0)
    rng = np.random.default_rng(2)
    direction, length = rng.normal(size=(2, 3, 4)), rng.normal(size=4)
    for factor in (1.0, 7.0):
        layer.direction.assign(factor * direction)
        layer.length.assign(length)
        np.testing.assert_allclose(layer.value(), kernel(direction, length), rtol=1e-12)


def test_the_gradient_is_at_right_angles_to_the_direction():
    with dtype_policy("float64"):
        layer = WeightNormKernel((5, 4), 1.0)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer.value() ** 3)
    gradient = tape.gradient(total, layer.direction.value).numpy()
    assert np.abs(gradient).max() > 0.1
    np.testing.assert_allclose((gradient * layer.direction.numpy()).sum(0), 0, atol=1e-12)


def test_dense():
    random.seed(3)
    layer = WeightNormDense(200, 300, dropout=0.5)
    assert abs(layer.kernel.direction.numpy().std() - (0.5 / 200) ** 0.5) < 1e-3
    states = np.random.default_rng(4).normal(size=(2, 3, 200)).astype(np.float32)
    layer.bias.assign(np.arange(300.0))
    expected = states @ layer.kernel.direction.numpy() + np.arange(300.0)
    np.testing.assert_allclose(layer(states), expected, rtol=1e-4, atol=1e-4)
