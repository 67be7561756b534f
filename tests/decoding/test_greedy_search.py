"""Greedy search against the reference and on spelled words."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.greedy_search import greedy_search
from tests.decoding.fake_models import EOS, HistoryModel
from tests.oracles import beam_search as oracle

LETTERS = "abcdefghijklmnopqrstuvwxyz"


def ids_of(word):
    return [2 + LETTERS.index(letter) for letter in word] + [EOS]


def speller(words):
    """Step function that spells one word per sentence, each letter with probability near 1."""
    width = max(len(word) for word in words) + 1
    table = np.array([ids_of(word) + [0] * (width - len(word) - 1) for word in words], np.int32)

    def step_function(last_ids, step, calls):
        if tf.executing_eagerly():
            step_function.calls += 1
        column = tf.gather(tf.constant(table), tf.minimum(step, width - 1), axis=1)
        return 30.0 * tf.one_hot(column, 28), calls

    step_function.calls = 0
    return step_function


def test_it_spells_and_stops_when_all_words_end():
    spell = speller(["cat", "a", "horse"])
    result = greedy_search(spell, tf.zeros([3], tf.int32), 20)
    assert result.ids.shape == (3, 1, 20)
    for row, word in zip(result.ids[:, 0].numpy().tolist(), ["cat", "a", "horse"], strict=True):
        assert row == ids_of(word) + [0] * (20 - len(word) - 1)
    assert spell.calls == len("horse") + 1


@pytest.mark.parametrize("alpha", [0.0, 0.6, 2.0])
def test_tokens_and_score_equal_the_reference(alpha):
    model, keys, limits = HistoryModel(7, eos_bias=1.0), [1, 2, 3, 4, 5], [8, 8, 2, 8, 5]
    states = model.states(keys)
    result = greedy_search(model, tf.zeros([5], tf.int32), np.array(limits), alpha, states)
    finished = 0
    for b, key in enumerate(keys):
        ids, total = oracle.greedy_search(model.log_probs(key), limits[b])
        assert result.ids[b, 0].numpy().tolist() == [*ids, *[0] * (8 - len(ids))]
        # Only what has ended is normalised.
        penalty = ((5 + len(ids)) / 6) ** alpha if ids[-1] == EOS else 1.0
        finished += ids[-1] == EOS
        np.testing.assert_allclose(result.scores[b, 0], total / penalty, rtol=1e-5)
    assert 0 < finished < len(keys)


def test_the_score_is_finite_for_large_logits():
    def model(last_ids, step, states):
        return tf.constant([[0.0, 1e4, 1e4]]), states

    result = greedy_search(model, tf.zeros([1], tf.int32), 1)
    np.testing.assert_allclose(result.scores, [[np.log(0.5)]], rtol=1e-6)


def test_a_limit_of_zero_gives_nothing():
    result = greedy_search(speller(["ab", "ab"]), tf.zeros([2], tf.int32), np.array([0, 3]))
    assert result.ids[:, 0].numpy().tolist() == [[0, 0, 0], ids_of("ab")]
    assert result.scores[0, 0] == 0.0
