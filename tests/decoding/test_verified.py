"""Verified drafts are greedy search's output, whatever is drafted."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.verified import Choices, verified_search
from tests.oracles import verified as oracle

VOCAB, EOS = 6, 1


def fake_model(seed):
    """Logits that depend on the sentence and all tokens before."""

    def next_logits(sentence, prefix):
        rng = np.random.default_rng([seed, sentence, *prefix])
        logits = rng.normal(size=VOCAB)
        logits[0] = -1e3
        # Ends become likely.
        logits[EOS] += 0.4 * len(prefix) - 2
        return logits

    return next_logits


def choose_by(next_logits):
    """The parallel pass over targets, position by position."""

    def choices(targets):
        ids, log_probs, gaps = (np.zeros(targets.shape, kind) for kind in ("i4", "f4", "f4"))
        for b, row in enumerate(targets):
            for t in range(len(row)):
                logits = next_logits(b, tuple(int(i) for i in row[:t]))
                log_p = logits - np.log(np.exp(logits).sum())
                ids[b, t], log_probs[b, t] = int(np.argmax(log_p)), log_p.max()
                gaps[b, t] = log_p.max() - log_p[row[t]]
        return ids, log_probs, gaps

    def choose(source, targets):
        del source
        made = tf.numpy_function(choices, [targets], [tf.int32, tf.float32, tf.float32])
        return Choices(*(tf.ensure_shape(part, targets.shape) for part in made))

    return choose


def search(seed, drafts, limits, tolerance=0.0):
    found = verified_search(
        choose_by(fake_model(seed)), (), tf.constant(drafts), tf.constant(limits), tolerance
    )
    return [[int(i) for i in row if i] for row in found.ids.numpy()], found


@pytest.mark.parametrize("seed", range(6))
def test_the_output_is_greedy_searchs_whatever_is_drafted(seed):
    rng = np.random.default_rng(seed)
    limits = np.array([1, 5, 12, 30, 0], np.int32)
    wanted = [
        list(oracle.greedy(lambda prefix, b=b: fake_model(seed)(b, prefix), limit))
        for b, limit in enumerate(limits)
    ]
    drafts = rng.integers(0, VOCAB, size=(5, 9)).astype(np.int32)
    for draft in (drafts, np.zeros((5, 0), np.int32), np.full((5, 3), EOS, np.int32)):
        got, found = search(seed, draft, limits)
        assert got == wanted
        assert (found.passes.numpy() <= [len(ids) for ids in wanted]).all()
        for b, ids in enumerate(wanted):
            total = 0.0
            for t in range(len(ids)):
                logits = fake_model(seed)(b, tuple(ids[:t]))
                total += logits[ids[t]] - np.log(np.exp(logits).sum())
            assert float(found.log_probs[b]) == pytest.approx(total, abs=1e-4)


def test_a_draft_that_is_right_takes_one_pass_and_a_wrong_token_few():
    limits = np.array([30], np.int32)
    right = list(oracle.greedy(lambda prefix: fake_model(0)(0, prefix), 30))
    assert len(right) > 4
    got, found = search(0, np.array([right], np.int32), limits)
    assert got == [right] and found.passes.numpy().tolist() == [1]
    half = [*right[:3], *[2] * (len(right) - 3)]
    _, found = search(0, np.array([half], np.int32), limits)
    assert 1 < int(found.passes[0]) <= len(right) - 3


def test_batches_change_nothing():
    drafts = np.random.default_rng(1).integers(0, VOCAB, size=(4, 6)).astype(np.int32)
    limits = np.array([9, 3, 20, 6], np.int32)
    together, found = search(2, drafts, limits)
    next_logits = fake_model(2)
    for b in range(4):
        alone = verified_search(
            choose_by(lambda _, prefix, b=b: next_logits(b, prefix)),
            (),
            tf.constant(drafts[b : b + 1]),
            tf.constant(limits[b : b + 1]),
        )
        assert [int(i) for i in alone.ids.numpy()[0] if i] == together[b]
        assert int(alone.passes[0]) == int(found.passes[b])


def test_a_tolerance_keeps_what_is_nearly_as_good():
    drafts, limits = np.array([[2, 3, 4, 2, EOS]], np.int32), np.array([20], np.int32)
    assert search(5, drafts, limits, tolerance=100.0)[0] == [[2, 3, 4, 2, EOS]]
    greedy = search(5, drafts, limits)[0]
    assert search(5, drafts, limits, tolerance=1e-9)[0] == greedy != [[2, 3, 4, 2, EOS]]
    some, found = search(5, drafts, limits, tolerance=1.0)
    next_logits = fake_model(5)
    for t, token in enumerate(some[0]):
        logits = next_logits(0, tuple(some[0][:t]))
        assert logits.max() - logits[token] <= 1.0
    assert int(found.passes[0]) >= 1


def test_in_a_graph_of_unknown_sizes():
    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.int32),
            tf.TensorSpec([None], tf.int32),
        ]
    )
    def both(draft, limits):
        return verified_search(choose_by(fake_model(4)), (), draft, limits)

    drafts = np.array([[2, 2, EOS], [3, 0, 0]], np.int32)
    limits = np.array([10, 15], np.int32)
    np.testing.assert_array_equal(both(drafts, limits).ids, search(4, drafts, limits)[1].ids)
