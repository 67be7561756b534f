"""Names of variables: every weight once, by the attributes that lead to it."""

import keras
import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.models.variables import named_variables
from tests.models.tiny_networks import VOCAB, shapes_only, tiny_hparams


class Pair(keras.layers.Layer):
    """Two layers, one of them under two names."""

    def __init__(self):
        super().__init__()
        self.left = keras.layers.Dense(2)
        self.right = keras.layers.Dense(2, use_bias=False)
        self.alias = self.left
        self.left.build((None, 3))
        self.right.build((None, 3))
        self.scale = self.add_weight(name="scale", shape=(3,))
        self.built = True


def test_names_are_attribute_paths():
    pair = Pair()
    named = named_variables(pair)
    assert list(named) == ["scale", "left/kernel", "left/bias", "right/kernel"]
    assert named["left/kernel"] is pair.alias.kernel


@pytest.mark.parametrize(
    "model_name, set_name",
    [("transformer", "transformer_base_v1"), ("transformer_nat", "transformer_nat_base_v2")],
)
def test_every_weight_has_one_name(model_name, set_name):
    with shapes_only():
        model = registry.model(model_name)(tiny_hparams(set_name), VOCAB)
    named = named_variables(model)
    assert len(named) == len(model.weights)
    assert {id(v) for v in named.values()} == {id(v) for v in model.weights}
    assert "encoder/layer_0/ffn/conv1/kernel" in named


def test_names_do_not_depend_on_what_was_built_before():
    names = []
    for _ in range(2):
        with shapes_only():
            model = registry.model("transformer")(tiny_hparams("transformer_base_v2"), VOCAB)
        names.append(list(named_variables(model)))
    assert names[0] == names[1]


def test_layers_in_lists_and_dicts_are_named_by_their_place():
    layer = keras.layers.Layer()
    layer.first = keras.layers.Dense(1)
    layer.more = [keras.layers.Dense(1)]
    for dense in (layer.first, *layer.more):
        dense.build((None, 3))
    layer.built = True
    assert list(named_variables(layer)) == [
        "first/kernel",
        "first/bias",
        "more_0/kernel",
        "more_0/bias",
    ]


@pytest.mark.parametrize("shape", [None, (4, 3)])
def test_keras_own_composites_are_named(shape):
    """The same whether a Sequential is told its inputs or finds them out."""
    inputs = [keras.Input(shape)] if shape else []
    model = keras.Sequential([*inputs, keras.layers.LSTM(2), keras.layers.Dense(1)])
    model.build((None, 4, 3))
    expected = [
        "layers_0/cell/kernel",
        "layers_0/cell/recurrent_kernel",
        "layers_0/cell/bias",
        "layers_1/kernel",
        "layers_1/bias",
    ]
    assert list(named_variables(model)) == expected
    outer = keras.layers.Layer()
    outer.stack = model
    outer.built = True
    assert list(named_variables(outer)) == [f"stack/{name}" for name in expected]


def test_a_functional_model_is_named():
    inputs = keras.Input((3,))
    outputs = keras.layers.Dense(1)(keras.layers.Dense(2)(inputs))
    names = ["layers_0/kernel", "layers_0/bias", "layers_1/kernel", "layers_1/bias"]
    assert list(named_variables(keras.Model(inputs, outputs))) == names


def test_a_weight_that_no_attribute_leads_to_is_an_error():
    layer = keras.layers.Layer()
    layer.tables = [layer.add_weight(shape=(2,)), layer.add_weight(shape=(3,))]
    with pytest.raises(InputError, match="has 2 weights, but attributes lead to 0 of them"):
        named_variables(layer)
