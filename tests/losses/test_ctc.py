"""Connectionist temporal classification against sums over all paths."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.losses import ctc
from t2t_hint_nart.losses.term import Step
from t2t_hint_nart.losses.viterbi import best_alignment, said
from t2t_hint_nart.models.network import Output
from tests.central_differences import central_differences
from tests.oracles import ctc as oracle

# Labels and positions: repetitions that need a blank, a full output, none, one too many.
SENTENCES = (
    ([2], 6),
    ([2, 2], 6),
    ([2, 3, 2], 6),
    ([2, 2, 3], 4),
    ([2, 2, 2], 5),
    ([], 3),
    ([3, 2], 2),
    ([3], 1),
    ([2, 2, 2], 4),
    ([2, 2], 2),
)
FEASIBLE = [index for index, (y, length) in enumerate(SENTENCES) if index < 8]
VOCAB = 4


@pytest.fixture(scope="module")
def batch():
    """Logits float64[B, 6, V], mask and labels of all sentences, padded alike."""
    rng = np.random.default_rng(7)
    logits = 2 * rng.normal(size=(len(SENTENCES), 6, VOCAB))
    labels = np.zeros((len(SENTENCES), 3), np.int32)
    mask = np.zeros(logits.shape[:2], bool)
    for row, (y, length) in enumerate(SENTENCES):
        labels[row, : len(y)] = y
        mask[row, :length] = True
    return logits, mask, labels


def total(logits, mask, labels, smoothing=0.0):
    term = ctc.ctc(tf.constant(logits), tf.constant(mask), tf.constant(labels), smoothing)
    return float(term.total), float(term.count)


def gradient(logits, mask, labels, smoothing=0.0):
    logits = tf.constant(logits)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = ctc.ctc(logits, tf.constant(mask), tf.constant(labels), smoothing).total
    return tape.gradient(loss, logits).numpy()


@pytest.mark.parametrize("row", FEASIBLE)
def test_the_loss_is_the_sum_over_all_paths(batch, row):
    y, length = SENTENCES[row]
    log_probs = oracle.log_probs_of(batch[0][row, :length])
    got, count = total(*(part[row : row + 1] for part in batch))
    assert got == pytest.approx(oracle.ctc_brute_force(log_probs, y), abs=1e-12)
    assert count == len(y)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_a_padded_batch_is_the_sum_of_its_sentences(batch, smoothing):
    alone = [
        oracle.smoothed(batch[0][row, : SENTENCES[row][1]], SENTENCES[row][0], smoothing)
        for row in FEASIBLE
    ]
    got, count = total(*batch, smoothing)
    assert got == pytest.approx(sum(alone), abs=1e-12)
    # Those that no path fits add nothing.
    assert count == sum(len(SENTENCES[row][0]) for row in FEASIBLE)


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
def test_gradients_are_the_oracles_and_central_differences(batch, smoothing):
    logits, mask, labels = batch
    got = gradient(logits, mask, labels, smoothing)
    for row, (y, length) in enumerate(SENTENCES):
        if row in FEASIBLE:
            wanted = oracle.smoothed_gradient(logits[row, :length], y, smoothing)
            np.testing.assert_allclose(got[row, :length], wanted, atol=1e-12)
        else:
            assert not got[row].any()
        assert not got[row, length:].any()
    some = slice(1, 5)
    # One graph: eagerly its 192 calls take ten times as long.
    loss = tf.function(
        lambda x: ctc.ctc(x, mask[some], labels[some], smoothing).total, autograph=False
    )
    numbers = central_differences(lambda x: float(loss(tf.constant(x))), logits[some])
    np.testing.assert_allclose(got[some], numbers, atol=1e-8)


def test_what_stands_in_padding_changes_nothing(batch):
    logits, mask, labels = batch
    other = np.where(mask[:, :, None], logits, 1e4)
    wider = np.pad(other, [(0, 0), (0, 3), (0, 0)], constant_values=-50.0)
    longer = np.pad(mask, [(0, 0), (0, 3)])
    more = np.pad(labels, [(0, 0), (0, 2)])
    assert total(wider, longer, more, 0.1) == pytest.approx(total(*batch, 0.1), abs=1e-12)
    got = gradient(wider, longer, more, 0.1)
    np.testing.assert_allclose(got[:, :6], gradient(*batch, 0.1), atol=1e-12)
    assert not got[:, 6:].any()
    paths = best_alignment(*map(tf.constant, (wider, longer, more))).numpy()
    np.testing.assert_array_equal(paths[:, :6], best_alignment(*map(tf.constant, batch)).numpy())


def test_a_gradient_weighs_with_what_comes_from_above(batch):
    logits, mask, labels = map(tf.constant, batch)
    with tf.GradientTape() as tape:
        tape.watch(logits)
        loss = -3.0 * ctc.ctc(logits, mask, labels).mean()
    got = tape.gradient(loss, logits).numpy()
    count = sum(len(SENTENCES[row][0]) for row in FEASIBLE)
    np.testing.assert_allclose(got, -3.0 / count * gradient(*batch), atol=1e-12)


def test_more_logits_than_32_bits_can_count_have_places():
    symbols, length, vocab_size = np.array([[0, 5, 0], [0, 7, 2]]), 2, 2**30
    places = ctc._places(tf.constant(symbols, tf.int32), length, vocab_size)
    rows = vocab_size * np.arange(4).reshape(2, 2, 1)
    assert places.numpy().ravel().tolist() == (rows + symbols[:, None]).ravel().tolist()


def test_single_precision_in_a_graph_of_unknown_sizes(batch):
    logits, mask, labels = batch

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, VOCAB]),
            tf.TensorSpec([None, None], tf.bool),
            tf.TensorSpec([None, None], tf.int32),
        ]
    )
    def both(logits, mask, labels):
        with tf.GradientTape() as tape:
            tape.watch(logits)
            loss = ctc.ctc(logits, mask, labels, 0.1).total
        return loss, tape.gradient(loss, logits), best_alignment(logits, mask, labels)

    loss, slope, path = both(logits.astype(np.float32), mask, labels)
    assert float(loss) == pytest.approx(total(*batch, 0.1)[0], rel=1e-6)
    np.testing.assert_allclose(slope, gradient(*batch, 0.1), atol=1e-5)
    np.testing.assert_array_equal(path, best_alignment(*map(tf.constant, batch)))


def test_best_alignments_are_the_best_of_all_paths(batch):
    logits, _, labels = batch
    path = best_alignment(*map(tf.constant, batch))
    symbols = said(path, tf.constant(labels)).numpy()
    for row, (y, length) in enumerate(SENTENCES):
        best, _ = oracle.viterbi_brute_force(oracle.log_probs_of(logits[row, :length]), y)
        if best is None:
            assert (path[row].numpy() == -1).all()
            continue
        assert symbols[row, :length].tolist() == best
        assert path[row, :length].numpy().tolist() == oracle.path_states(best)
        assert (path[row, length:].numpy() == -1).all()


def test_among_equal_paths_the_later_state_is_chosen():
    length, y = 5, [2, 3]
    zeros = np.zeros([1, length, VOCAB])
    path = best_alignment(*map(tf.constant, (zeros, np.ones([1, length], bool), [y])))
    best, _ = oracle.viterbi_brute_force(oracle.log_probs_of(zeros[0]), y)
    assert path.numpy()[0].tolist() == oracle.path_states(best)


def step_of(batch):
    """A step whose targets are the labels and EOS, as data have them."""
    logits, mask, labels = batch
    targets = np.pad(labels, [(0, 0), (0, 1)])
    for row, (y, _) in enumerate(SENTENCES):
        targets[row, len(y)] = 1
    return Step(None, None, tf.constant(targets), Output(tf.constant(logits), tf.constant(mask)))


@pytest.mark.parametrize("share", [0.0, 0.4])
def test_hints_compare_where_a_label_is_most_probable_and_all_that_says_it(batch, share):
    """Of positions that weren't shown what to say."""
    shown = np.random.default_rng(1).random(batch[1].shape) < share
    step = step_of(batch)
    found = ctc.Ctc().alignment(step._replace(shown=tf.constant(shown)) if share else step)
    others = set()
    for row, (y, length) in enumerate(SENTENCES):
        positions, runs = found.positions[row].numpy(), found.runs[row].numpy()
        # EOS and padding have none.
        assert (positions[len(y) :] == -1).all() and not runs[len(y) :].any()
        if row not in FEASIBLE:
            assert (positions == -1).all() and not runs.any()
            continue
        log_probs = oracle.log_probs_of(batch[0][row, :length])
        best, _ = oracle.viterbi(log_probs, y)
        states = oracle.path_states(best)
        wanted = oracle.label_runs(states, len(y), np.flatnonzero(shown[row]))
        assert [np.flatnonzero(run).tolist() for run in runs[: len(y)]] == wanted
        represented = oracle.representative(log_probs, wanted, y)
        assert positions[: len(y)].tolist() == represented
        whole = oracle.representative(log_probs, oracle.label_runs(states, len(y)), y)
        others |= {"gone" if t < 0 else "moved" for t in set(represented) - set(whole)}
    assert others == ({"gone", "moved"} if share else set())


def test_what_is_wanted_is_the_best_path_where_there_is_one(batch):
    wanted = ctc.Ctc().wanted(step_of(batch)).numpy()
    for row, (y, length) in enumerate(SENTENCES):
        best, _ = oracle.viterbi(oracle.log_probs_of(batch[0][row, :length]), y)
        assert wanted[row, :length].tolist() == ([-1] * length if best is None else best)
