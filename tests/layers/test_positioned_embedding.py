"""Symbols with learned positions."""

import random

import numpy as np

from t2t_hint_nart.layers.positioned_embedding import PositionedEmbedding


def test_symbols_and_positions_are_added_and_padding_is_zero():
    random.seed(1)
    layer = PositionedEmbedding(30, 40, 3)
    table, positions = layer.table.numpy(), layer.positions.numpy()
    assert abs(table.std() - 0.1) < 0.01 and abs(positions.std() - 0.1) < 0.02
    ids = np.array([[5, 0, 7, 9, 0]])
    mask = np.array([[True, True, True, True, False]])
    got = np.asarray(layer(ids, np.arange(5), mask))[0]
    np.testing.assert_allclose(got[0], table[5] + positions[0], rtol=1e-6)
    # A PAD that has a position, as the decoder's first.
    np.testing.assert_allclose(got[1], positions[1], rtol=1e-6)
    # Beyond the table the last row holds.
    np.testing.assert_allclose(got[3], table[9] + positions[2], rtol=1e-6)
    assert not got[4].any()
    np.testing.assert_allclose(layer(ids[:, 2], np.array(2))[0], table[7] + positions[2], rtol=1e-6)
