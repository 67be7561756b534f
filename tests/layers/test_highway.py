"""The gate in the place of a residual."""

import numpy as np
import tensorflow as tf

from t2t_hint_nart.layers.highway import Highway
from t2t_hint_nart.models.variables import named_variables
from tests.central_differences import central_differences
from tests.dtype_policy import dtype_policy
from tests.oracles.highway import highway
from tests.oracles.transformer import layer_norm

RNG = np.random.default_rng(4)
X, Y = RNG.normal(size=(5, 4)), RNG.normal(size=(5, 4))


def build(sequence, dropout_rate=0.0):
    with dtype_policy("float64"):
        layer = Highway(sequence, 4, 6, dropout_rate)
    for variable in layer.weights:
        variable.assign(RNG.normal(size=tuple(variable.shape)))
    return layer


def by_loops(layer, x, y):
    gate = layer.gate
    weights = (gate.conv1.kernel, gate.conv1.bias, gate.conv2.kernel, gate.conv2.bias)
    return highway(x, y, *(weight.numpy() for weight in weights))


def test_equals_the_loops():
    layer, post = build("da"), build("dan")
    np.testing.assert_allclose(layer(Y, X), by_loops(layer, X, Y), 1e-10)
    norm = {"b/norm/scale": post.norm.gamma.numpy(), "b/norm/bias": post.norm.beta.numpy()}
    np.testing.assert_allclose(post(Y, X), layer_norm(norm, "b", by_loops(post, X, Y)), 1e-10)


def test_its_gradient_is_that_of_the_loops():
    layer, x, y = build("da"), tf.constant(X), tf.constant(Y)
    factors = RNG.normal(size=X.shape)
    with tf.GradientTape() as tape:
        tape.watch((x, y))
        total = tf.reduce_sum(layer(y, x) * factors)
    of_x, of_y = tape.gradient(total, (x, y))
    expected = central_differences(lambda x: np.sum(by_loops(layer, x, Y) * factors), X)
    np.testing.assert_allclose(of_x, expected, 1e-6, 1e-7)
    expected = central_differences(lambda y: np.sum(by_loops(layer, X, y) * factors), Y)
    np.testing.assert_allclose(of_y, expected, 1e-6, 1e-7)


def test_dropout_is_of_the_value_alone():
    layer = build("da", dropout_rate=0.5)
    gated = np.asarray(layer(np.zeros_like(Y), X))
    dropped = (np.asarray(layer(Y, X, training=True)) - gated) / (np.asarray(layer(Y, X)) - gated)
    assert set(np.round(dropped, 6).ravel()) == {0.0, 2.0}


def test_its_weights_have_names():
    names = set(named_variables(build("dan")))
    assert {"gate/conv1/kernel", "gate/conv2/bias", "norm/gamma"} <= names
