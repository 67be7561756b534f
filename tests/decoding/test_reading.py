"""How rows of ids and logits are read as sentences."""

import itertools

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from t2t_hint_nart.decoding.reading import (
    complete_sentences,
    dedup,
    read_collapsed,
    read_until_eos,
    until_eos,
)


def test_the_mask_ends_with_the_first_eos():
    mask = until_eos(tf.constant([[5, 6, 7], [1, 1, 5], [5, 1, 0]]))
    np.testing.assert_array_equal(mask, [[1, 1, 1], [1, 0, 0], [1, 1, 0]])


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


@settings(max_examples=25)
@given(st.lists(st.lists(st.integers(1, 4), max_size=6), min_size=1, max_size=4))
def test_every_run_becomes_one_token(sentences):
    ids = np.zeros([len(sentences), 6], np.int32)
    expected = np.zeros_like(ids)
    for row, sentence in enumerate(sentences):
        ids[row, : len(sentence)] = sentence
        runs = [token for token, _ in itertools.groupby(sentence)]
        expected[row, : len(runs)] = runs
    np.testing.assert_array_equal(dedup(tf.constant(ids)), expected)


def test_merging_before_or_after_the_cut_is_the_same():
    ids = tf.constant([[5, 5, 1, 1, 5, 5, 6], [1, 1, 6, 6, 6, 2, 2]])
    cut_first = dedup(tf.where(until_eos(ids), ids, 0))
    merged = dedup(ids)
    np.testing.assert_array_equal(cut_first, tf.where(until_eos(merged), merged, 0))


@pytest.mark.parametrize("rank", [1, 3])
def test_any_number_of_leading_dimensions(rank):
    ids = np.array([7, 7, 8, 1, 0]).reshape([1] * (rank - 1) + [5])
    assert dedup(tf.constant(ids)).numpy().reshape(-1).tolist() == [7, 8, 1, 0, 0]


VOCAB = 5
# Sentences of ids, 0 being the blank of a collapsed reading, whose lengths differ.
PATHS = st.lists(
    st.lists(st.integers(0, VOCAB - 1), min_size=1, max_size=7), min_size=1, max_size=4
)


def spelled(paths, width, seed):
    """Logits whose argmax at every position is the path's id, and a mask; padding is garbage."""
    rng = np.random.default_rng(seed)
    logits = rng.normal(size=(len(paths), width, VOCAB)).astype(np.float32)
    mask = np.zeros(logits.shape[:2], bool)
    for row, path in enumerate(paths):
        mask[row, : len(path)] = True
        for position, id_ in enumerate(path):
            logits[row, position, id_] = logits[row, position].max() + rng.uniform(0.1, 2.0)
    return tf.constant(logits), tf.constant(mask)


def log_softmax(logits):
    logits = logits.numpy().astype(np.float64)
    return logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))


def collapse(path):
    """Graves et al. 2006: merge runs, then drop blanks."""
    return [id_ for id_, _ in itertools.groupby(path) if id_]


@given(paths=PATHS, seed=st.integers(0, 99))
def test_a_collapsed_reading_equals_a_collapse_by_hand(paths, seed):
    logits, mask = spelled(paths, 7, seed)
    ids, log_probs = read_collapsed(logits, mask)
    rows = log_softmax(logits)
    for row, path in enumerate(paths):
        # EOS is never said: what comes next is.
        without = np.where(np.arange(VOCAB) == 1, -np.inf, rows[row])
        path = without[: len(path)].argmax(axis=1).tolist()
        sentence = collapse(path)
        assert ids[row].numpy().tolist() == sentence + [0] * (7 - len(sentence))
        # The probability is that of the path, its blanks and repeats included.
        total = sum(rows[row, position, id_] for position, id_ in enumerate(path))
        np.testing.assert_allclose(log_probs[row], total, rtol=1e-5)


@given(paths=PATHS, seed=st.integers(0, 99))
def test_reading_until_eos_takes_the_best_but_pad(paths, seed):
    logits, mask = spelled(paths, 7, seed)
    ids, log_probs = read_until_eos(logits, mask)
    rows = log_softmax(logits)
    for row, path in enumerate(paths):
        best = [1 + int(np.argmax(rows[row, position, 1:])) for position in range(len(path))]
        sentence = best[: best.index(1) + 1] if 1 in best else best
        assert ids[row].numpy().tolist() == sentence + [0] * (7 - len(sentence))
        total = sum(rows[row, position, id_] for position, id_ in enumerate(sentence))
        np.testing.assert_allclose(log_probs[row], total, rtol=1e-5)


@pytest.mark.parametrize("reading", [read_collapsed, read_until_eos])
def test_a_sentence_does_not_depend_on_the_batch_or_its_padding(reading):
    paths = [[3, 3, 0, 3, 4], [0, 2], [4, 1, 1, 4, 0, 2, 2], [0]]
    logits, mask = spelled(paths, 9, seed=5)
    together = reading(logits, mask)
    for row, path in enumerate(paths):
        alone = reading(logits[row : row + 1, : len(path)], mask[row : row + 1, : len(path)])
        np.testing.assert_array_equal(together[0][row, : len(path)], alone[0][0])
        assert not together[0][row, len(path) :].numpy().any()
        np.testing.assert_allclose(together[1][row], alone[1][0], rtol=1e-6)
