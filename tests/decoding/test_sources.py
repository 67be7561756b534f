"""Sources that are longer than is accepted, or have no word."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.decoding.search import Hypotheses
from t2t_hint_nart.decoding.sources import cut, keep_empty
from t2t_hint_nart.decoding.strategy import Strategy
from t2t_hint_nart.hparam import HParams


def padded(rows, width):
    return tf.constant([row + [0] * (width - len(row)) for row in rows], tf.int32)


@pytest.mark.parametrize("limit", range(1, 9))
@pytest.mark.parametrize("width", [6, 9])
def test_as_many_tokens_as_t2t_keeps(limit, width):
    rows = [[*range(2, 2 + n), 1] for n in range(6)]
    found = cut(padded(rows, width), limit)
    expected = [row if len(row) <= limit else [*row[: limit - 1], 1] for row in rows]
    assert found.numpy().tolist() == padded(expected, min(limit, width)).numpy().tolist()


def test_the_empty_sentence_is_certain():
    found = Hypotheses(tf.fill([4, 2, 3], 7), tf.fill([4, 2], -0.5))
    inputs = tf.constant([[1, 0], [3, 1], [0, 0], [3, 0]])
    ids, scores = keep_empty(found, inputs)
    for place in (0, 2):
        assert ids[place].numpy().tolist() == [[1, 0, 0], [0, 0, 0]]
        assert scores[place].numpy().tolist() == [0.0, -1e7]
    for place in (1, 3):
        np.testing.assert_array_equal(ids[place], found.ids[place])
        np.testing.assert_array_equal(scores[place], found.scores[place])


@pytest.mark.parametrize(
    ("settings", "hparams", "expected"),
    [
        ("", {}, 1024),
        ("", {"max_length": 256}, 1024),
        ("", {"max_length": 2000, "batch_size": 4096}, 2000),
        ("", {"max_length": 0, "batch_size": 4096}, 4096),
        ("max_input_size=0", {"max_length": 256}, 1024),
        ("max_input_size=9", {"max_length": 2000}, 9),
    ],
)
def test_the_size_of_an_exports_sources(settings, hparams, expected):
    strategy = Strategy(decode_hparams(settings), HParams(**hparams))
    assert strategy.exported_input_size == expected
