"""Attention of a convolutional decoder: value and gradient against loops, padding."""

import numpy as np
import tensorflow as tf

from t2t_hint_nart.layers.multi_step_attention import MultiStepAttention
from t2t_hint_nart.models.variables import named_variables
from tests.central_differences import central_differences
from tests.dtype_policy import dtype_policy
from tests.oracles import conv_s2s as oracle

RNG = np.random.default_rng(1)
STATES, TARGET = RNG.normal(size=(2, 3, 5)), RNG.normal(size=(2, 3, 4))
KEYS, EMBEDDED = RNG.normal(size=(2, 6, 4)), RNG.normal(size=(2, 6, 4))
LENGTHS = (6, 2)
MASK = np.arange(6) < np.array(LENGTHS)[:, None]


def build():
    with dtype_policy("float64"):
        layer = MultiStepAttention(5, 4)
    for variable in layer.trainable_variables:
        variable.assign(RNG.normal(size=tuple(variable.shape)))
    return layer


def loops(layer, states):
    params = {f"a/{name}": v.numpy() for name, v in named_variables(layer).items()}
    return [
        oracle.attention(params, "a", states[b], TARGET[b], KEYS[b, :size], EMBEDDED[b, :size])
        for b, size in enumerate(LENGTHS)
    ]


def test_equals_the_oracle():
    layer = build()
    values = (KEYS + EMBEDDED) * 0.5**0.5
    got, weights = layer(STATES, TARGET, KEYS, values, MASK)
    for b, (expected, seen) in enumerate(loops(layer, STATES)):
        np.testing.assert_allclose(got[b], expected, rtol=1e-10)
        np.testing.assert_allclose(weights[b, :, : LENGTHS[b]], seen, rtol=1e-10)
    assert not np.asarray(weights)[1, :, 2:].any()


def test_gradient_by_central_differences():
    layer = build()
    values = (KEYS + EMBEDDED) * 0.5**0.5
    states = tf.Variable(STATES)
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(layer(states, TARGET, KEYS, values, MASK)[0] ** 2)
    expected = central_differences(
        lambda x: sum((made**2).sum() for made, _ in loops(layer, x)), STATES.copy()
    )
    np.testing.assert_allclose(tape.gradient(total, states), expected, rtol=1e-6, atol=1e-7)
