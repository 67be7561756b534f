"""Caches that grow while a search runs."""

import numpy as np
import tensorflow as tf

from t2t_hint_nart.decoding.beam_search import beam_search
from t2t_hint_nart.decoding.greedy_search import greedy_search
from t2t_hint_nart.decoding.growing_cache import make_room
from tests.decoding.fake_models import HistoryModel


def growing(model, rooms):
    def step_function(last_ids, step, states):
        cache = make_room(states["cache"], step, axis=1, block=3)
        rooms.append(cache[0].shape[1])
        return model(last_ids, step, {**states, "cache": cache})

    return step_function


def test_what_is_cached_stays_and_the_rest_is_zero():
    cache = (tf.constant([[1, 2]]), {"v": tf.constant([[3, 4]])})
    longer = make_room(cache, tf.constant(2), axis=1, block=2)
    np.testing.assert_array_equal(longer[0], [[1, 2, 0, 0]])
    np.testing.assert_array_equal(longer[1]["v"], [[3, 4, 0, 0]])
    np.testing.assert_array_equal(make_room(cache, tf.constant(1), axis=1)[0], cache[0])


def test_searches_find_the_same_with_a_growing_cache():
    model, keys, start = HistoryModel(6, eos_bias=-1.0), [1, 2, 3], tf.zeros([3], tf.int32)
    rooms = []
    for search in (
        lambda f, states: beam_search(f, start, 3, 8, 6, 0.6, states),
        lambda f, states: greedy_search(f, start, 8, 0.6, states),
    ):
        fixed = search(model, model.states(keys))
        grown = search(growing(model, rooms), model.states(keys, room=2))
        np.testing.assert_array_equal(grown.ids, fixed.ids)
        np.testing.assert_array_equal(grown.scores, fixed.scores)
    assert set(rooms) == {2, 5, 8}
