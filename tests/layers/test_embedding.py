"""The symbol modality."""

import keras
import numpy as np
import tensorflow as tf

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


class Both(keras.layers.Layer):
    """Bottom and top in a call, where Keras casts variables."""

    def __init__(self):
        super().__init__()
        self.symbols = SymbolEmbedding(5, 3)
        self.symbols.table.assign(np.random.default_rng(1).normal(size=(5, 3)))

    def call(self, ids):
        vectors = self.symbols(ids)
        return vectors, self.symbols.logits(vectors)


def test_vectors_are_of_16_bits_and_logits_are_not():
    with dtype_policy("mixed_bfloat16"):
        layer = Both()
    table = layer.symbols.table.numpy()
    with tf.GradientTape() as tape:
        vectors, logits = layer(IDS)
        total = tf.reduce_sum(logits)
    exact = tf.cast(vectors, tf.float32).numpy()
    assert (vectors.dtype, logits.dtype) == (tf.bfloat16, tf.float32)
    np.testing.assert_allclose(exact, embed(table, IDS), rtol=0.01)
    np.testing.assert_allclose(logits, exact @ table.T, 1e-6, 1e-6)
    gradient = tf.convert_to_tensor(tape.gradient(total, layer.symbols.table.value))
    # Of the top, and of the bottom where an id that isn't PAD is used.
    expected = np.tile(exact.sum((0, 1)), (5, 1))
    for symbol in IDS[IDS != 0]:
        expected[symbol] += 3**0.5 * table.sum(0)
    np.testing.assert_allclose(gradient, expected, rtol=0.01)


def test_top_is_the_same_table_without_bias():
    layer, table = build()
    states = np.random.default_rng(2).normal(size=(2, 4, 3))
    got = layer.logits(keras.ops.convert_to_tensor(states))
    np.testing.assert_allclose(got, states @ table.T, 1e-12)
    assert len(layer.weights) == 1
