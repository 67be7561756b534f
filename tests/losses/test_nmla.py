"""Expected bigrams against sums over all paths, and mutants that must be noticed."""

import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from t2t_hint_nart.losses import nmla as module
from t2t_hint_nart.losses.nmla import NmlaTerm, nmla
from t2t_hint_nart.losses.term import LossTerm, Step
from t2t_hint_nart.models.network import Output
from tests.central_differences import central_differences
from tests.oracles import nmla as oracle
from tests.oracles.ctc import log_probs_of

# Labels and positions: a bigram twice, equal labels, more labels than positions, no bigram.
SENTENCES = (
    ([2, 3], 5),
    ([2, 3, 2, 3], 6),
    ([3, 3, 3], 6),
    ([2, 2, 3, 1], 4),
    ([2, 3, 4, 2, 3], 3),
    ([2, 4], 1),
    ([3], 4),
    ([], 2),
)
WITH_BIGRAMS = range(6)
VOCAB = 5


@pytest.fixture(scope="module")
def batch():
    """Logits float64[B, 6, V], mask and labels of all sentences, padded alike."""
    rng = np.random.default_rng(11)
    logits = 2 * rng.normal(size=(len(SENTENCES), 6, VOCAB))
    # The first says the second's target with almost no doubt: minima are at the reference.
    logits[1, range(6), [2, 3, 0, 2, 3, 0]] += 9.0
    labels = np.zeros((len(SENTENCES), 5), np.int32)
    mask = np.zeros(logits.shape[:2], bool)
    for row, (y, length) in enumerate(SENTENCES):
        labels[row, : len(y)] = y
        mask[row, :length] = True
    return logits, mask, labels


def probabilities(logits, row):
    return np.exp(log_probs_of(logits[row, : SENTENCES[row][1]]))


def total(logits, mask, labels, loss=nmla):
    term = loss(tf.constant(logits), tf.constant(mask), tf.constant(labels))
    return float(term.total), float(term.count)


def gradient(logits, mask, labels):
    logits = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = nmla(logits, tf.constant(mask), tf.constant(labels)).total
    return tape.gradient(loss, logits).numpy()


@pytest.mark.parametrize("row", range(len(SENTENCES)))
def test_a_sentence_is_the_oracles(batch, row):
    got, count = total(*(part[row : row + 1] for part in batch))
    probs = probabilities(batch[0], row)
    assert got == pytest.approx(oracle.nmla_exact_bigrams(probs, SENTENCES[row][0]), abs=1e-12)
    assert count == (row in WITH_BIGRAMS)


def test_the_papers_is_the_same_where_no_sentence_is_empty(batch):
    logits = batch[0][:1].copy()
    logits[:, :, 0] -= 40.0
    got, _ = total(logits, batch[1][:1], batch[2][:1])
    wanted = oracle.nmla(probabilities(logits, 0), SENTENCES[0][0])
    assert got == pytest.approx(wanted, abs=1e-12)


def compare(loss, batch):
    """A padded batch is the sum of its sentences, each as the sums over all paths say."""
    got, count = total(*batch, loss)
    wanted = 0.0
    for row in WITH_BIGRAMS:
        y, probs = SENTENCES[row][0], probabilities(batch[0], row)
        found = sum(
            min(oracle.bigram_count_brute_force(probs, *g), n)
            for g, n in sorted(oracle.bigrams(y).items())
        )
        wanted -= 2.0 * found / (len(y) - 1 + oracle.bigrams_brute_force(probs))
    assert got == pytest.approx(wanted, abs=1e-12)
    assert count == len(WITH_BIGRAMS)


def test_a_padded_batch_is_what_all_paths_say(batch):
    compare(nmla, batch)


def without_merging(first, second, blanks, is_repeated):
    return expected(first, second, blanks, ops.zeros_like(is_repeated))


def neighbours_alone(first, second, blanks, is_repeated):
    return expected(first, second, ops.zeros_like(blanks), is_repeated)


def the_other_way_round(first, second, blanks, is_repeated):
    return expected(second, first, blanks, is_repeated)


def the_papers_number(probs, blanks, mask):
    return number(probs, blanks, mask) - ops.prod(blanks, axis=1)


def without_the_first_position(probs, blanks, mask):
    return number(probs, blanks, mask) - (1.0 - blanks[:, 0])


def all_repeated(probs, blanks, mask):
    return number(probs, blanks, mask) + ops.sum(probs[:, 1:, 2] * probs[:, :-1, 2], axis=1)


expected, number = module._expected, module._expected_bigrams


@pytest.mark.parametrize(
    ("name", "mutant"),
    [
        ("_expected", without_merging),
        ("_expected", neighbours_alone),
        ("_expected", the_other_way_round),
        ("_expected_bigrams", the_papers_number),
        ("_expected_bigrams", without_the_first_position),
        ("_expected_bigrams", all_repeated),
    ],
)
def test_mutants_are_noticed(batch, monkeypatch, name, mutant):
    monkeypatch.setattr(module, name, mutant)
    with pytest.raises(AssertionError):
        compare(nmla, batch)


@pytest.mark.parametrize(
    "mutant",
    [
        lambda logits, mask, labels: nmla(logits, ops.ones_like(mask), labels),
        lambda logits, mask, labels: nmla(logits, mask, labels[:, :-1]),
        lambda *batch: LossTerm(nmla(*batch).total, ops.shape(batch[0])[0]),
    ],
)
def test_mutants_of_masks_are_noticed(batch, mutant):
    with pytest.raises(AssertionError):
        compare(mutant, batch)


def test_the_gradient_is_central_differences(batch):
    logits, mask, labels = batch
    got = gradient(*batch)
    some = slice(1, 4)
    numbers = central_differences(lambda x: total(x, mask[some], labels[some])[0], logits[some])
    np.testing.assert_allclose(got[some], numbers, atol=1e-8)
    assert got[some].any() and not got[~mask].any() and not got[6:].any()


def test_what_stands_in_padding_changes_nothing(batch):
    logits, mask, labels = batch
    other = np.where(mask[:, :, None], logits, 1e4)
    wider = np.pad(other, [(0, 0), (0, 3), (0, 0)], constant_values=-50.0)
    padded = wider, np.pad(mask, [(0, 0), (0, 3)]), np.pad(labels, [(0, 0), (0, 2)])
    assert total(*padded) == pytest.approx(total(*batch), abs=1e-12)
    got = gradient(*padded)
    np.testing.assert_allclose(got[:, :6], gradient(*batch), atol=1e-12)
    assert not got[:, 6:].any()


def test_single_precision_in_a_long_output_of_certain_positions():
    """Positions whose blank has probability 0 or 1, and 400 of them; sizes unknown to the graph."""
    rng = np.random.default_rng(5)
    labels = np.array([np.resize([2, 3, 3, 4, 2, 5], 150), rng.integers(2, 6, 150)], np.int32)
    logits = rng.normal(size=(2, 400, 6))
    path = np.zeros((2, 400), np.int64)
    path[:, 1:301:2] = labels
    logits[0] += 200.0 * np.eye(6)[path[0]]
    logits[1] += 12.0 * np.eye(6)[path[1]]
    mask = np.ones((2, 400), bool)

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, 6]),
            tf.TensorSpec([None, None], tf.bool),
            tf.TensorSpec([None, None], tf.int32),
        ]
    )
    def both(logits, mask, labels):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = nmla(logits, mask, labels).total
        return loss, tape.gradient(loss, logits)

    loss, slope = both(logits.astype(np.float32), mask, labels)
    wanted = sum(
        oracle.nmla_exact_bigrams(np.exp(log_probs_of(row)), y)
        for row, y in zip(logits, labels.tolist(), strict=True)
    )
    assert float(loss) == pytest.approx(wanted, rel=2e-6)
    np.testing.assert_allclose(slope, gradient(logits, mask, labels), atol=1e-6)


def test_the_term_leaves_the_end_of_sentences_out(batch):
    logits, mask, labels = (part[:3] for part in batch)
    targets = np.pad(labels, [(0, 0), (0, 1)])
    for row, (y, _) in enumerate(SENTENCES[:3]):
        targets[row, len(y)] = 1
    output = Output(tf.constant(logits), tf.constant(mask))
    (term,) = NmlaTerm()(Step(None, None, tf.constant(targets), output))
    assert (float(term.total), float(term.count)) == pytest.approx(total(logits, mask, labels))
