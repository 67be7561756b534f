"""Cutting at EOS and completing sentences."""

import numpy as np
import tensorflow as tf

from t2t_hint_nart.decoding.reading import complete_sentences, until_eos


def test_the_mask_ends_with_the_first_eos():
    mask = until_eos(tf.constant([[5, 6, 7], [1, 1, 5], [5, 1, 0]]))
    np.testing.assert_array_equal(mask, [[1, 1, 1], [1, 0, 0], [1, 1, 0]])


def test_another_eos_id():
    mask = until_eos(tf.constant([1, 9, 5]), eos_id=9)
    np.testing.assert_array_equal(mask, [True, True, False])


def test_every_sentence_gets_exactly_one_eos():
    ids = tf.constant([[[5, 6, 7], [5, 6, 0]], [[5, 1, 7], [0, 0, 0]], [[1, 0, 0], [5, 6, 1]]])
    expected = [
        [[5, 6, 7, 1], [5, 6, 1, 0]],
        [[5, 1, 0, 0], [1, 0, 0, 0]],
        [[1, 0, 0, 0], [5, 6, 1, 0]],
    ]
    np.testing.assert_array_equal(complete_sentences(ids), expected)


def test_completing_twice_changes_nothing_but_the_width():
    once = complete_sentences(tf.constant([[5, 6, 7], [5, 0, 0]]))
    twice = complete_sentences(once)
    np.testing.assert_array_equal(twice[:, :-1], once)
    assert not twice[:, -1].numpy().any()
