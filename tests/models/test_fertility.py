"""Fertilities: their sum is the target's length, repetition is np.repeat, and equal to loops."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.data.word_alignment import FLOOR, WordAlignment
from t2t_hint_nart.models.fertility import (
    admitted,
    aligned_fertilities,
    aligned_sources,
    alignment_scores,
    attention_scores,
    fertility_loss,
    is_word,
    repeated,
)
from tests.central_differences import central_differences
from tests.oracles import fertilities as oracle
from tests.oracles.ibm_model_2 import viterbi

VOCAB = 12
# Without a word on either side, without EOS on either side (cut), much longer than each other.
INPUTS = np.array(
    [
        [5, 6, 7, 1, 0, 0],
        [8, 1, 0, 0, 0, 0],
        [1, 0, 0, 0, 0, 0],
        [4, 5, 9, 2, 3, 11],
        [4, 10, 9, 2, 3, 1],
        [7, 8, 1, 0, 0, 0],
    ],
    np.int32,
)
TARGETS = np.array(
    [
        [4, 9, 1, 0, 0, 0, 0],
        [9, 3, 2, 8, 5, 11, 1],
        [6, 7, 1, 0, 0, 0, 0],
        [3, 8, 10, 1, 0, 0, 0],
        [1, 0, 0, 0, 0, 0, 0],
        [2, 5, 4, 6, 7, 9, 3],
    ],
    np.int32,
)


@pytest.fixture(scope="module")
def alignment():
    """Two thirds of all pairs, with the probabilities of chance."""
    rng = np.random.default_rng(3)
    keys = np.sort(rng.permutation(VOCAB * VOCAB)[: VOCAB * VOCAB * 2 // 3])
    return WordAlignment(VOCAB, keys, np.log(rng.uniform(size=len(keys))).astype("f4"), 4.321)


@pytest.fixture(scope="module")
def scores(alignment):
    return alignment_scores(alignment, INPUTS, TARGETS)


def ids_of(row):
    return [int(token) for token in row if token]


def test_links_equal_the_loops(alignment, scores):
    stored = dict(zip(alignment.keys.tolist(), alignment.log_probs.tolist(), strict=True))

    def log_prob(x, y):
        return stored.get(x * VOCAB + y, np.log(FLOOR))

    links = np.array(aligned_sources(scores, INPUTS, TARGETS))
    for source, target, found in zip(INPUTS, TARGETS, links, strict=True):
        xs, ys = ([token for token in ids_of(row) if token != 1] for row in (source, target))
        if xs and ys:
            assert found[: len(ys)].tolist() == viterbi(xs, ys, log_prob, alignment.tension)
        if 1 in source and 1 in target:
            assert source[found[target.tolist().index(1)]] == 1


def test_fertilities_sum_to_the_length_of_the_target(scores):
    found = np.array(aligned_fertilities(scores, INPUTS, TARGETS))
    assert found.sum(axis=1).tolist() == (TARGETS != 0).sum(axis=1).tolist()
    assert not found[INPUTS == 0].any()
    # Each EOS of a target is its source's: words have none of it.
    both = (INPUTS == 1).any(axis=1) & (TARGETS == 1).any(axis=1)
    expected = np.where(is_word(INPUTS).numpy().any(axis=1), 1, (TARGETS != 0).sum(axis=1))
    assert found[INPUTS == 1].tolist() == np.where(both, expected, 0)[[0, 1, 2, 4, 5]].tolist()


def test_every_random_pair_is_aligned(alignment):
    rng = np.random.default_rng(4)

    def sentences(size):
        lengths = rng.integers(1, size + 1, (200, 1))
        ids = rng.integers(2, VOCAB, (200, size))
        ids[np.arange(size) == lengths - 1] = 1
        return np.where(np.arange(size) < lengths, ids, 0).astype(np.int32)

    inputs, targets = sentences(7), sentences(11)
    scores = alignment_scores(alignment, inputs, targets)
    found = np.array(aligned_fertilities(scores, inputs, targets))
    assert found.sum(axis=1).tolist() == (targets != 0).sum(axis=1).tolist()


def test_links_depend_on_the_sentence_alone(alignment, scores):
    together = np.array(aligned_fertilities(scores, INPUTS, TARGETS))
    for source, target, found in zip(INPUTS, TARGETS, together, strict=True):
        xs, ys = (np.array([ids_of(row)], np.int32) for row in (source, target))
        alone = np.array(aligned_fertilities(alignment_scores(alignment, xs, ys), xs, ys))[0]
        assert alone.tolist() == found[: xs.shape[1]].tolist()


def test_a_teachers_attention_aligns():
    """Of two layers and two heads; what most of it looks at is a word, even if EOS has more."""
    attention = np.full((1, 2, 2, 4, 4), 0.1)
    for target, source in ((0, 1), (1, 1), (2, 0), (3, 0)):
        attention[0, :, 0, target, source] = 0.5
    attention[0, 0, 1, 0, 2] = 0.45
    attention[0, :, :, :, 3] = 0.9
    inputs, targets = np.array([[5, 6, 7, 1]]), np.array([[8, 9, 4, 1]])
    links = aligned_sources(attention_scores(attention), inputs, targets)
    assert np.array(links).tolist() == [[1, 1, 0, 3]]
    found = aligned_fertilities(attention_scores(attention), inputs, targets)
    assert np.array(found).tolist() == [[1, 2, 0, 1]]


FERTILITIES = np.array([[2, 0, 1, 1], [0, 3, 1, 0], [0, 0, 1, 0], [60, 1, 0, 1]], np.int32)
SOURCE = np.random.default_rng(5).normal(size=(4, 4, 3))


def mask_of(lengths):
    return np.arange(max(lengths)) < np.array(lengths)[:, None]


def test_repetition_is_that_of_numpy():
    lengths = FERTILITIES.sum(axis=1)
    found = np.array(repeated(tf.constant(SOURCE), FERTILITIES, mask_of(lengths)))
    for row, times, length, got in zip(SOURCE, FERTILITIES, lengths, found, strict=True):
        np.testing.assert_array_equal(got[:length], np.repeat(row, times, axis=0))
        assert not got[length:].any()


@pytest.mark.parametrize("lengths", [[1, 2, 3, 9], [9, 5, 4, 30], [0, 7, 2, 62]])
def test_a_canvas_of_another_length_stretches_them(lengths):
    found = np.array(repeated(tf.constant(SOURCE), FERTILITIES, mask_of(lengths)))
    for row, times, length, got in zip(SOURCE, FERTILITIES, lengths, found, strict=True):
        if length:
            expected = oracle.repetition(row, times, length)
            np.testing.assert_array_equal(got[:length], expected)
            np.testing.assert_array_equal(got[length - 1], row[np.flatnonzero(times)[-1]])
        assert not got[length:].any()


def test_what_is_admitted_equals_the_loops():
    rng = np.random.default_rng(6)
    predicted = rng.integers(0, 5, (200, *INPUTS.shape)) * rng.integers(0, 2, (200, 6, 1))
    for fertilities in predicted.astype(np.int32):
        found = np.array(admitted(fertilities, is_word(INPUTS), INPUTS != 0))
        expected = [oracle.admitted(*row) for row in zip(fertilities, INPUTS.tolist(), strict=True)]
        assert found.tolist() == expected
        sums, most = found.sum(axis=1), 2 * (INPUTS != 0).sum(axis=1)
        assert (sums >= 1).all() and (sums <= most).all()


def test_the_loss_equals_the_loops():
    rng = np.random.default_rng(7)
    logits = rng.normal(size=(3, 4, 5))
    fertilities = rng.integers(0, 9, (3, 4)).astype(np.int32)
    words = rng.random((3, 4)) < 0.6
    variable = tf.Variable(logits)
    with tf.GradientTape() as tape:
        term = fertility_loss(variable, fertilities, words)
    total, count = oracle.cross_entropy(logits, fertilities, words)
    assert (float(term.total), float(term.count)) == pytest.approx((total, count), rel=1e-12)
    expected = central_differences(
        lambda values: oracle.cross_entropy(values, fertilities, words)[0], logits
    )
    gradient = tape.gradient(term.total, variable).numpy()
    np.testing.assert_allclose(gradient, expected, 1e-6, 1e-8)
    assert not gradient[~words].any()


def test_masking_is_slicing():
    logits = np.random.default_rng(8).normal(size=(1, 4, 5))
    fertilities, words = np.array([[1, 7, 0, 3]]), np.array([[True, True, False, False]])
    term = fertility_loss(logits, fertilities, words)
    sliced = fertility_loss(logits[:, :2], fertilities[:, :2], words[:, :2])
    assert (float(term.total), float(term.count)) == (float(sliced.total), float(sliced.count))
