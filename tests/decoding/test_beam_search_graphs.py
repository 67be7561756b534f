"""Beam search inside a tf.function of unknown shapes, compiled, and in a SavedModel.

With caches that grow: test_beam.
"""

import numpy as np
import tensorflow as tf

from t2t_hint_nart.decoding.beam_search import beam_search
from tests.decoding.fake_models import HistoryModel

KEYS = np.array([11, 12, 13], np.int32)
LIMITS = np.array([3, 8, 6], np.int32)


def search(keys, limits, **options):
    model = HistoryModel(6, eos_bias=1.0)
    states = model.states(keys)
    return beam_search(model, tf.zeros_like(keys), 3, limits, 6, 0.6, states, **options)


def assert_same(result, expected):
    np.testing.assert_array_equal(result[0], expected.ids)
    np.testing.assert_allclose(result[1], expected.scores, rtol=1e-5)


class Searcher(tf.Module):
    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32), tf.TensorSpec([None], tf.int32)])
    def search(self, keys, limits):
        return tuple(search(keys, limits))


def test_unknown_batch_and_limits_and_a_saved_model(tmp_path):
    # One function serves both, as tracing is what takes the time.
    searcher = Searcher()
    assert_same(searcher.search(KEYS, LIMITS), search(tf.constant(KEYS), LIMITS))
    tf.saved_model.save(searcher, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    assert_same(loaded.search(KEYS[:2], LIMITS[:2]), search(tf.constant(KEYS[:2]), LIMITS[:2]))


def test_compiled_with_limits_known_only_at_run_time():
    compiled = tf.function(
        lambda keys, limits: tuple(search(keys, limits, max_length=8)),
        jit_compile=True,
        autograph=False,
    )
    keys = tf.constant(KEYS)
    assert_same(compiled(keys, tf.constant(LIMITS)), search(keys, LIMITS))
