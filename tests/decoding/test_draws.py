"""Draws and samples: a function of the sentence alone, uniform, and of the right distribution."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.draws import sample, sentence_draws

SENTENCES = tf.constant([[5, 6, 1, 0, 0], [6, 5, 1, 0, 0], [5, 6, 7, 7, 1]], tf.int32)


@pytest.fixture(scope="module")
def draws():
    return sentence_draws(SENTENCES, 500, 40).numpy()


def test_they_are_uniform(draws):
    assert draws.min() >= 0 and draws.max() < 1
    for of_sentence in draws:
        shares, _ = np.histogram(of_sentence, 20, (0, 1))
        expected = of_sentence.size / 20
        # 36.2 is what chi-squared with 19 degrees of freedom exceeds once in 100 times.
        assert np.sum((shares - expected) ** 2 / expected) < 36.2


def test_sentences_candidates_and_steps_know_nothing_of_each_other(draws):
    pairs = [
        (draws[0], draws[1]),
        (draws[0], draws[2]),
        (draws[:, :-1], draws[:, 1:]),
        (draws[..., :-1], draws[..., 1:]),
    ]
    for first, second in pairs:
        correlation = np.corrcoef(first.ravel(), second.ravel())[0, 1]
        assert abs(correlation) < 4 / np.sqrt(first.size)


def test_neither_batch_nor_padding_nor_more_of_them_change_them(draws):
    alone = sentence_draws(SENTENCES[1:2, :3], 3, 7).numpy()
    np.testing.assert_array_equal(alone, draws[1:2, :3, :7])


def test_samples_have_the_distribution():
    probabilities = np.array([[0.1, 0.2, 0.7], [0.6, 0.0, 0.4]])
    draws = np.linspace(0, 1, 1000, endpoint=False, dtype=np.float32)[:, None].repeat(2, axis=1)
    with np.errstate(divide="ignore"):
        chosen = sample(np.log(probabilities).astype(np.float32), tf.constant(draws)).numpy()
    for row, wanted in enumerate(probabilities):
        shares = np.bincount(chosen[:, row], minlength=3) / len(draws)
        np.testing.assert_allclose(shares, wanted, atol=2e-3)


def test_a_temperature_sharpens_and_0_takes_the_best():
    logits = tf.constant([[0.0, 1.0, 0.5]])
    draws = tf.constant([[0.05, 0.5, 0.999]])
    assert sample(logits[:, None], draws).numpy().tolist() == [[0, 1, 2]]
    assert sample(logits[:, None], draws, 0.01).numpy().tolist() == [[1, 1, 1]]
    assert sample(logits[:, None], draws, 0).numpy().tolist() == [[1, 1, 1]]


def test_a_sum_that_rounding_left_below_1_is_no_category_of_its_own():
    logits = tf.zeros([1, 1000])
    assert int(tf.reduce_max(sample(logits, tf.constant([1 - 2.0**-24])))) == 999
