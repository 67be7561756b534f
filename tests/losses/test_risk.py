"""Expected cost of candidates and the BLEU that it counts, against loops."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.losses.risk import SCORES, expected_cost, first_of_equals
from t2t_hint_nart.losses.sentence_bleu import sentence_bleu
from tests.central_differences import central_differences
from tests.oracles import risk as oracle

RNG = np.random.default_rng(1)


def words(ids):
    return [int(token) for token in ids if token > 1]


def test_sentence_bleu_equals_the_oracle():
    """Few words, so that n-grams repeat; lengths from nothing to 9."""
    candidates, references = RNG.integers(2, 5, (2, 300, 9)).astype(np.int32)
    for ids in (candidates, references):
        lengths = RNG.integers(0, 10, len(ids))
        places = np.arange(9)
        ids[places == lengths[:, None]] = 1
        ids[places > lengths[:, None]] = 0
    references[:, 0] = np.maximum(references[:, 0], 2)
    got = sentence_bleu(candidates, np.pad(references, [[0, 0], [0, 2]]))
    expected = [
        oracle.sentence_bleu(words(c), words(r))
        for c, r in zip(candidates, references, strict=True)
    ]
    assert len(set(np.round(expected, 3))) > 50 and min(expected) == 0.0
    np.testing.assert_allclose(got, expected, rtol=1e-4)


def test_sentences_of_a_token():
    one = np.array([[5], [1], [6]], np.int32)
    np.testing.assert_allclose(sentence_bleu(one, one[[0, 0, 0]]), [100.0, 0.0, 0.0])


@pytest.mark.parametrize("scores", SCORES)
def test_expected_cost_and_gradient(scores):
    log_probs = tf.Variable(-RNG.uniform(0, 4, (3, 5)))
    costs, distinct = RNG.uniform(0, 100, (3, 5)), RNG.random((3, 5)) < 0.6
    distinct[:, 0] = True

    def loops(u):
        return oracle.expected_cost(u, costs, distinct, scores == "probability")

    with tf.GradientTape() as tape:
        term = expected_cost(log_probs, costs, distinct, scores)
    assert float(term.count) == 3.0
    np.testing.assert_allclose(term.total, loops(log_probs.numpy()), rtol=1e-12)
    expected = central_differences(loops, log_probs.numpy())
    gradient = tape.gradient(term.total, log_probs)
    np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-6)
    # To say what costs more than is expected becomes less probable, and the other way round.
    values = log_probs.numpy() if scores == "log_probability" else np.exp(log_probs.numpy())
    shares = np.where(distinct, np.exp(values), 0)
    shares /= np.sum(shares, axis=1, keepdims=True)
    above = np.where(distinct, costs - np.sum(shares * costs, axis=1, keepdims=True), 0)
    np.testing.assert_array_equal(np.sign(gradient), np.sign(above))


def test_what_is_left_out_could_as_well_be_absent():
    log_probs, costs = -RNG.uniform(0, 4, (1, 4)), RNG.uniform(0, 100, (1, 4))
    distinct = np.array([[True, False, True, False]])
    kept = [0, 2]
    whole = expected_cost(log_probs, costs, distinct)
    sliced = expected_cost(log_probs[:, kept], costs[:, kept], distinct[:, kept])
    np.testing.assert_allclose(whole.total, sliced.total, rtol=1e-12)


def test_first_of_equals():
    candidates = RNG.integers(1, 3, (6, 5, 2))
    expected = [oracle.first_of_equals(sentences.tolist()) for sentences in candidates]
    assert np.array_equal(first_of_equals(candidates), expected)
    assert not np.all(expected)
