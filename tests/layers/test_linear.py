"""A linear layer and its first weights."""

import keras
import numpy as np
import pytest

from t2t_hint_nart.layers.linear import linear, unit_scaling


@pytest.mark.parametrize("gain, limit", [(1.0, 0.054127), (4.0, 0.108253)])
def test_unit_scaling_limit(gain, limit):
    values = np.asarray(unit_scaling(gain)((512, 1536)))
    assert np.abs(values).max() == pytest.approx(limit, abs=2e-6)


@pytest.mark.parametrize("use_bias", [True, False])
def test_a_layer_has_its_weights_before_any_input(use_bias):
    layer = linear(3, 2, keras.initializers.Constant(0.5), use_bias, "named")
    assert layer.name == "named"
    assert layer.built
    assert [tuple(weight.shape) for weight in layer.weights] == [(3, 2), (2,)][: 1 + use_bias]
    np.testing.assert_allclose(layer(np.ones((1, 4, 3))), np.full((1, 4, 2), 1.5))
