"""What comes before and after a sublayer."""

import keras
import numpy as np
import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.layers.residual import LayerPrePostprocess
from tests.dtype_policy import dtype_policy
from tests.oracles.transformer import layer_norm

RNG = np.random.default_rng(9)
X = RNG.normal(size=(2, 3, 4))
Y = RNG.normal(size=(2, 3, 4))


def build(sequence, dropout_rate=0.0):
    with dtype_policy("float64"):
        layer = LayerPrePostprocess(sequence, 4, dropout_rate)
    for variable in layer.weights:
        variable.assign(RNG.normal(size=4))
    return layer


def normed(layer, x):
    params = {
        "b/norm/scale": layer.norm.gamma.numpy(),
        "b/norm/bias": layer.norm.beta.numpy(),
    }
    return layer_norm(params, "b", x)


def test_sequences():
    pre, post, add = build("n"), build("dan"), build("da")
    np.testing.assert_allclose(pre(X), normed(pre, X), 1e-10)
    np.testing.assert_allclose(post(Y, X), normed(post, X + Y), 1e-10)
    np.testing.assert_allclose(add(Y, X), X + Y, 1e-12)
    assert not add.weights


@pytest.mark.parametrize("sequence", ["none", ""])
def test_none_does_nothing(sequence):
    layer = build(sequence)
    assert np.array_equal(layer(X), X) and not layer.weights


def test_epsilon_is_inside_the_root_and_small():
    """Keras's default of 1e-3 would be another network."""
    layer = build("n")
    np.testing.assert_allclose(layer(X * 1e-3), normed(layer, X * 1e-3), 1e-9)
    default = keras.layers.LayerNormalization(dtype="float64")
    default.build(X.shape)
    default.gamma.assign(layer.norm.gamma)
    default.beta.assign(layer.norm.beta)
    assert not np.allclose(layer(X * 1e-3), default(X * 1e-3), rtol=1e-2)


def test_dropout_only_in_training_and_before_the_residual():
    layer = build("da", dropout_rate=0.5)
    assert np.array_equal(layer(Y, X), X + Y)
    dropped = np.asarray(layer(Y, X, training=True)) - X
    assert set(np.round(dropped / Y, 6).ravel()) == {0.0, 2.0}


def test_unknown_step():
    with pytest.raises(InputError, match="Unknown step 'z' in processing sequence 'dza'"):
        build("dza")


def test_two_norms():
    with pytest.raises(InputError, match="'nan' normalises more than once"):
        build("nan")
