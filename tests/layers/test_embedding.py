"""The symbol modality."""

import keras
import numpy as np

from t2t_hint_nart.layers.embedding import SymbolEmbedding
from tests.dtype_policy import dtype_policy
from tests.oracles.transformer import embed

IDS = np.array([[3, 0, 1], [0, 4, 4]], np.int32)


def build():
    with dtype_policy("float64"):
        layer = SymbolEmbedding(5, 3)
    layer.table.assign(np.random.default_rng(1).normal(size=(5, 3)))
    return layer, layer.table.numpy()


def test_bottom_equals_the_oracle_and_is_zero_at_padding():
    layer, table = build()
    got = np.asarray(layer(IDS))
    np.testing.assert_allclose(got, embed(table, IDS), 1e-12)
    assert not got[IDS == 0].any() and table[0].any()


def test_top_is_the_same_table_without_bias():
    layer, table = build()
    states = np.random.default_rng(2).normal(size=(2, 4, 3))
    got = layer.logits(keras.ops.convert_to_tensor(states))
    np.testing.assert_allclose(got, states @ table.T, 1e-12)
    assert len(layer.weights) == 1
