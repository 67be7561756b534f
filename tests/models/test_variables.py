"""Names of variables: every weight once, by the attributes that lead to it."""

import keras
import pytest

from t2t_hint_nart import registry
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
    named = named_variables(pair, prefix="top/")
    assert list(named) == ["top/scale", "top/left/kernel", "top/left/bias", "top/right/kernel"]
    assert named["top/left/kernel"] is pair.alias.kernel


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


def test_a_layer_in_a_list_is_an_error():
    """tf.train.Checkpoint would leave it out in silence."""
    layer = keras.layers.Layer()
    layer.first = keras.layers.Dense(1)
    layer.more = [keras.layers.Dense(1)]
    for dense in (layer.first, *layer.more):
        dense.build((None, 3))
    layer.built = True
    with pytest.raises(RuntimeError, match="4 weights, but attributes lead to 2"):
        named_variables(layer)
