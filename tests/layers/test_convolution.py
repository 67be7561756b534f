"""Convolutions: equal to the NumPy loops, and to themselves alone, without padding."""

import numpy as np
import pytest

from t2t_hint_nart.layers.convolution import Convolution, ResidualConvolutions
from t2t_hint_nart.models.variables import named_variables
from tests.dtype_policy import dtype_policy
from tests.oracles import convolution as oracle

LENGTHS = [4, 2, 6]
STATES = np.random.default_rng(3).normal(size=(3, 6, 5))
MASK = np.arange(6) < np.array(LENGTHS)[:, None]


def build(make):
    """A layer of random weights, and these by name."""
    with dtype_policy("float64"):
        layer = make()
    rng = np.random.default_rng(4)
    params = {}
    for name, variable in named_variables(layer).items():
        params[name] = rng.normal(size=tuple(variable.shape))
        variable.assign(params[name])
    return layer, params


@pytest.mark.parametrize(
    ("kernel_size", "stride", "filters", "relu"),
    [(3, 1, 5, True), (2, 2, 5, True), (1, 1, 8, False)],
)
def test_equals_the_oracle_on_each_sentence_alone(kernel_size, stride, filters, relu):
    layer, params = build(lambda: Convolution(5, filters, kernel_size, stride, relu))
    got = np.asarray(layer(STATES, MASK))
    for row, states, length in zip(got, STATES, LENGTHS, strict=True):
        expected = oracle.convolution(params, states[:length], stride, relu)
        np.testing.assert_allclose(row[: length // stride], expected, rtol=1e-10)


def test_residual_equals_the_oracle_on_each_sentence_alone():
    layer, params = build(lambda: ResidualConvolutions(5))
    got = np.asarray(layer(STATES, MASK))
    for row, states, length in zip(got, STATES, LENGTHS, strict=True):
        np.testing.assert_allclose(
            row[:length], oracle.residual(params, states[:length]), rtol=1e-9
        )


def test_without_the_mask_padding_is_seen():
    layer, params = build(lambda: Convolution(5, 5, 3))
    got = np.asarray(layer(STATES, np.ones_like(MASK)))
    expected = oracle.convolution(params, STATES[1][:2])
    assert not np.allclose(got[1][:2], expected)


def test_dropout_only_in_training():
    layer, _ = build(lambda: ResidualConvolutions(5, 0.5))
    assert np.array_equal(layer(STATES, MASK), layer(STATES, MASK))
    assert not np.allclose(layer(STATES, MASK), layer(STATES, MASK, training=True))
