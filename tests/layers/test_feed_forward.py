"""The feed-forward sublayer."""

import numpy as np

from t2t_hint_nart.layers.feed_forward import FeedForward
from t2t_hint_nart.models.variables import named_variables
from tests.dtype_policy import dtype_policy
from tests.oracles import transformer as oracle

STATES = np.random.default_rng(7).normal(size=(2, 3, 4))


def build(relu_dropout=0.0):
    with dtype_policy("float64"):
        layer = FeedForward(4, 6, relu_dropout)
    rng = np.random.default_rng(8)
    for variable in layer.weights:
        variable.assign(rng.normal(size=tuple(variable.shape)))
    return layer


def test_equals_the_oracle():
    layer = build()
    names = {"conv1": "hidden", "conv2": "output"}
    params = {}
    for name, variable in named_variables(layer).items():
        conv, part = name.split("/")
        params[f"f/{names[conv]}/{part}"] = variable.numpy()
    np.testing.assert_allclose(layer(STATES), oracle.feed_forward(params, "f", STATES), 1e-12)


def test_dropout_only_in_training():
    layer = build(relu_dropout=0.5)
    assert np.array_equal(layer(STATES), layer(STATES))
    assert not np.allclose(layer(STATES), layer(STATES, training=True))
