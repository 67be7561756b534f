"""Along sequences: a loop in a graph, the ends of sentences, and their reversal."""

import numpy as np
import tensorflow as tf

from t2t_hint_nart.layers.recurrence import last_states, reverse_sentences, scan

MASK = np.array([[1, 1, 1, 1], [1, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]], bool)
STATES = np.random.default_rng(0).normal(size=(4, 4, 2))


def test_a_scan_of_unknown_length_goes_step_by_step():
    def running(x, states):
        total = states[0] + x
        return tf.concat([total, states[1]], 1), [total, states[1] + 1.0]

    starts = [tf.ones((4, 2), tf.float64), tf.zeros((4, 1), tf.float64)]
    graph = tf.function(
        lambda x: scan(running, x, starts),
        input_signature=[tf.TensorSpec([None, None, 2], tf.float64)],
    )
    for found in (graph(STATES).numpy(), scan(running, tf.constant(STATES), starts).numpy()):
        np.testing.assert_allclose(found[..., :2], 1.0 + np.cumsum(STATES, axis=1))
        np.testing.assert_array_equal(found[..., 2], [[0.0, 1.0, 2.0, 3.0]] * 4)


def test_last_states_are_those_of_the_last_real_tokens():
    last = last_states(tf.constant(STATES), tf.constant(MASK)).numpy()
    np.testing.assert_array_equal(last[:3], [STATES[0, 3], STATES[1, 1], STATES[2, 0]])
    assert not last[3].any()


def test_reversed_sentences_are_reversed_back():
    mask = tf.constant(MASK)
    turned = reverse_sentences(tf.constant(STATES), mask)
    np.testing.assert_array_equal(turned[0], STATES[0, ::-1])
    np.testing.assert_array_equal(turned[1, :2], STATES[1, 1::-1])
    assert not turned.numpy()[~MASK].any()
    back = reverse_sentences(turned, mask).numpy()
    np.testing.assert_array_equal(back, STATES * MASK[:, :, None])
