"""Beam search against exhaustive search, against T2T's algorithm, and on cases worked by hand."""

import itertools

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.beam_search import STOPPING_RULES, beam_search
from t2t_hint_nart.decoding.greedy_search import greedy_search
from t2t_hint_nart.decoding.search import repeat_sentences
from t2t_hint_nart.errors import InputError
from tests.decoding.fake_models import EOS, HistoryModel, PrefixModel
from tests.oracles import beam_search as oracle

A, B, C = 2, 3, 4
ORACLE_RULES = {
    "1.2.9": oracle.worst_finished,
    "best_finished": oracle.best_finished,
    "full_beam": oracle.all_finished,
}


def start(batch):
    return tf.zeros([batch], tf.int32)


def search(model, keys, beam_size, max_steps, alpha, **options):
    return beam_search(
        model,
        start(len(keys)),
        beam_size,
        max_steps,
        model.vocab_size,
        alpha,
        model.states(keys),
        **options,
    )


def search_table(model, beam_size, max_steps, alpha, **options):
    states = model.states(1, max_steps)
    result = beam_search(
        model, start(1), beam_size, max_steps, model.vocab_size, alpha, states, **options
    )
    return result.ids[0].numpy().tolist(), result.scores[0].numpy()


def brute_force(log_probs, vocab_size, max_steps, alpha):
    """Every sequence with its one EOS at the end: [(score, ids padded with 0)], best first."""
    tokens = [v for v in range(vocab_size) if v != EOS]
    found = []
    for length in range(1, max_steps + 1):
        for prefix in itertools.product(tokens, repeat=length - 1):
            ids = [*prefix, EOS]
            total = sum(log_probs(tuple(ids[:t]))[ids[t]] for t in range(length))
            score = total / ((5 + length) / 6) ** alpha
            found.append((score, ids + [0] * (max_steps - length)))
    return sorted(found, key=lambda pair: -pair[0])


@pytest.mark.parametrize("vocab_size, max_steps", [(2, 4), (3, 3), (4, 4)])
@pytest.mark.parametrize("alpha", [0.0, 0.6, 1.5])
def test_a_full_beam_finds_what_exhaustive_search_finds(vocab_size, max_steps, alpha):
    model, keys = HistoryModel(vocab_size), [3, 4, 5]
    beam_size = vocab_size**max_steps
    result = search(model, keys, beam_size, max_steps, alpha, stopping="full_beam")
    for b, key in enumerate(keys):
        expected = brute_force(model.log_probs(key), vocab_size, max_steps, alpha)
        scores = [score for score, _ in expected]
        count = len(expected)
        np.testing.assert_allclose(result.scores[b, :count], scores, rtol=1e-5, atol=1e-5)
        assert result.ids[b, :count].numpy().tolist() == [ids for _, ids in expected]
        # Slots for which no sequence exists are empty.
        np.testing.assert_array_equal(result.scores[b, count:], -1e7)
        assert not result.ids[b, count:].numpy().any()


@pytest.mark.parametrize("stopping", STOPPING_RULES)
def test_every_stopping_rule_keeps_the_best_hypothesis(stopping):
    model, keys = HistoryModel(3), list(range(12))
    result = search(model, keys, 81, 4, 0.6, stopping=stopping)
    for b, key in enumerate(keys):
        score, ids = brute_force(model.log_probs(key), 3, 4, 0.6)[0]
        assert result.ids[b, 0].numpy().tolist() == ids
        np.testing.assert_allclose(result.scores[b, 0], score, rtol=1e-5)


@pytest.mark.parametrize("stopping", STOPPING_RULES)
@pytest.mark.parametrize(
    "beam_size, alpha, eos_bias", [(2, 0.6, 2.0), (3, 0.0, 0.0), (5, 1.2, -2.0)]
)
def test_narrow_beams_equal_the_reference_sentence_by_sentence(
    beam_size, stopping, alpha, eos_bias
):
    model, keys = HistoryModel(7, eos_bias), [11, 12, 13, 14, 15]
    limits = np.array([3, 7, 1, 5, 7], np.int32)
    result = search(model, keys, beam_size, limits, alpha, stopping=stopping)
    ids, scores = oracle.batch_search(
        [model.log_probs(key) for key in keys],
        beam_size,
        limits.tolist(),
        alpha,
        stopping=ORACLE_RULES[stopping],
    )
    np.testing.assert_array_equal(result.ids, ids)
    np.testing.assert_allclose(result.scores, scores, rtol=1e-5, atol=1e-5)


def test_a_wide_vocabulary_equals_the_reference():
    # Wide enough for the blocks of top_k.
    model, keys = HistoryModel(1000, eos_bias=3.0), [1, 2]
    result = search(model, keys, 3, 5, 0.6)
    ids, scores = oracle.batch_search([model.log_probs(k) for k in keys], 3, [5, 5], 0.6)
    np.testing.assert_array_equal(result.ids, ids)
    np.testing.assert_allclose(result.scores, scores, rtol=1e-5)


def test_a_sentence_does_not_depend_on_the_batch():
    keys, limits = [21, 22, 23, 24, 25], np.array([7, 2, 7, 5, 7], np.int32)
    model = HistoryModel(6, eos_bias=1.0)
    together = search(model, keys, 3, limits, 0.6)
    for b, key in enumerate(keys):
        alone = search(model, [key], 3, limits[b : b + 1], 0.6)
        length = int(limits[b])
        np.testing.assert_array_equal(together.ids[b, :, :length], alone.ids[0])
        assert not together.ids[b, :, length:].numpy().any()
        np.testing.assert_allclose(together.scores[b], alone.scores[0], rtol=1e-6)
    # Not all of them end at the same step.
    assert len(set(np.argmax(together.ids[:, 0] == EOS, axis=1).tolist())) > 1


def test_a_finished_sentence_keeps_its_list_while_others_go_on():
    # Sentence 0 stops after one step with one hypothesis; further steps would fill its list.
    ends, goes_on = [0.05, 0.8, 0.1, 0.05], [0.02, 1e-9, 0.9, 0.08]
    probabilities = tf.constant([[ends, goes_on]] * 3 + [[ends, ends]], tf.float32)

    def model(last_ids, step, sentence):
        return tf.math.log(tf.gather(probabilities[step], sentence)), sentence

    result = beam_search(model, start(2), 2, 4, 4, 0.0, tf.range(2))
    assert result.ids[0].numpy().tolist() == [[EOS, 0, 0, 0], [0, 0, 0, 0]]
    np.testing.assert_allclose(result.scores[0], [np.log(0.8), -1e7], rtol=1e-6)
    assert result.ids[1, 0].numpy().tolist() == [A, A, A, EOS]


def test_the_stopping_rules_differ():
    # After "a": "a EOS" has 0.54, "EOS" 0.1, and "a b" is alive with 0.36.
    table = {(): {EOS: 0.1, A: 0.9}, (A,): {EOS: 0.6, B: 0.4}, (A, B): {EOS: 0.9, A: 0.1}}
    first, second = [A, EOS, 0, 0, 0], [A, B, EOS, 0, 0]

    model = PrefixModel(4, table)
    ids, scores = search_table(model, 2, 5, 0.0, stopping="best_finished")
    assert (ids, model.calls) == ([first, [EOS, 0, 0, 0, 0]], 2)
    np.testing.assert_allclose(np.exp(scores), [0.54, 0.1], rtol=1e-5)

    model = PrefixModel(4, table)
    ids, scores = search_table(model, 2, 5, 0.0, stopping="1.2.9")
    assert (ids, model.calls) == ([first, second], 3)
    np.testing.assert_allclose(np.exp(scores), [0.54, 0.324], rtol=1e-5)


def test_only_the_full_beam_rule_fills_the_list():
    table = {(): {EOS: 0.8, A: 0.2}, (A,): {EOS: 0.9, A: 0.1}}
    assert search_table(PrefixModel(3, table), 2, 3, 0.0)[0] == [[EOS, 0, 0], [0, 0, 0]]
    ids, _ = search_table(PrefixModel(3, table), 2, 3, 0.0, stopping="full_beam")
    assert ids == [[EOS, 0, 0], [A, EOS, 0]]


def test_the_bound_takes_the_penalty_of_the_limit():
    # At alpha 1 "EOS" scores log 0.5; "a" could still reach log 0.45 / 2 at length 7, so it lives.
    table = {(): {EOS: 0.5, A: 0.45}, (A,): {B: 1.0}, (A, B): {C: 1.0}}
    ids, scores = search_table(PrefixModel(5, table), 2, 7, 1.0, stopping="best_finished")
    assert ids[0] == [A, B, C, EOS, 0, 0, 0]
    np.testing.assert_allclose(scores[0], np.log(0.45) / (9 / 6), rtol=1e-5)


def test_alpha_prefers_length():
    table = {(): {EOS: 0.4, A: 0.3}, (A,): {B: 0.9}, (A, B): {EOS: 1.0}}
    short, long = [EOS, 0, 0, 0], [A, B, EOS, 0]
    assert search_table(PrefixModel(4, table), 2, 4, 0.0)[0][0] == short
    ids, scores = search_table(PrefixModel(4, table), 2, 4, 2.0)
    assert ids[0] == long
    np.testing.assert_allclose(scores[0], np.log(0.27) / (8 / 6) ** 2, rtol=1e-5)


def test_a_beam_leaves_a_garden_path():
    # Greedily "a" leads nowhere; the states of "b" must move to the first place with it.
    table = {(): {A: 0.6, B: 0.4}, (A,): {A: 0.3, B: 0.3, C: 0.3}, (B,): {C: 1.0}}
    model = PrefixModel(5, table)
    assert search_table(model, 1, 4, 0.0)[0][0][0] == A
    ids, scores = search_table(PrefixModel(5, table), 2, 4, 0.0)
    assert ids[0] == [B, C, EOS, 0]
    np.testing.assert_allclose(np.exp(scores[0]), 0.4, rtol=1e-5)


def test_nothing_finished_gives_the_alive_with_plain_log_probs():
    def model(last_ids, step, states):
        row = tf.constant([[0.0, -1e9, np.log(3.0), np.log(2.0)]], tf.float32)
        return tf.repeat(row, tf.shape(last_ids)[0], axis=0), states

    result = beam_search(model, start(2), 2, np.array([3, 2]), 4, alpha=0.6)
    assert result.ids[0, 0].numpy().tolist() == [A, A, A]
    assert result.ids[1, 0].numpy().tolist() == [A, A, 0]
    np.testing.assert_allclose(result.scores[:, 0], np.log(0.5) * np.array([3, 2]), rtol=1e-5)
    np.testing.assert_allclose(result.scores[1, 1], np.log(0.5 / 3), rtol=1e-5)


def test_a_limit_holds_for_each_sentence():
    model, keys = HistoryModel(5, eos_bias=-3.0), [31, 31, 31]
    result = search(model, keys, 2, np.array([0, 3, 6]), 0.6)
    assert result.ids.shape == (3, 2, 6)
    lengths = np.count_nonzero(np.cumsum(result.ids.numpy()[:, :, ::-1], axis=2), axis=2)
    assert lengths[0].max() == 0 and lengths[1].max() <= 3 and lengths[2].max() <= 6
    for b, limit in [(1, 3), (2, 6)]:
        alone = search(model, keys[:1], 2, limit, 0.6)
        np.testing.assert_array_equal(result.ids[b, :, :limit], alone.ids[0])


def test_max_length_sets_the_width_and_clips():
    model = HistoryModel(5)
    wide = search(model, [7, 8], 3, 4, 0.6, max_length=9)
    plain = search(model, [7, 8], 3, 4, 0.6)
    assert wide.ids.shape == (2, 3, 9)
    np.testing.assert_array_equal(wide.ids[:, :, :4], plain.ids)
    np.testing.assert_array_equal(wide.scores, plain.scores)
    clipped = search(model, [7, 8], 3, 9, 0.6, max_length=4)
    np.testing.assert_array_equal(clipped.ids, plain.ids)


@pytest.mark.parametrize("alpha", [0.0, 0.6])
def test_a_beam_of_one_is_greedy_search(alpha):
    model, keys, limits = HistoryModel(6), [41, 42, 43, 44], np.array([8, 3, 8, 8])
    one = search(model, keys, 1, limits, alpha)
    greedy = greedy_search(model, start(4), limits, alpha, model.states(keys))
    np.testing.assert_array_equal(one.ids, greedy.ids)
    np.testing.assert_array_equal(one.scores, greedy.scores)


def test_constants_are_tiled_once_and_row_by_row():
    bias = np.array([[0.0, 0.0, 9.0, 0.0], [0.0, 0.0, 0.0, 9.0]], np.float32)
    tiled = repeat_sentences({"bias": tf.constant(bias)}, 3)["bias"]

    def model(last_ids, step, states):
        ending = tf.where(step == 2, 20.0, -20.0) * tf.constant([0.0, 1.0, 0.0, 0.0])
        return tiled + ending, states

    result = beam_search(model, start(2), 3, 5, 4, 0.6)
    assert result.ids[:, 0].numpy().tolist() == [[A, A, EOS, 0, 0], [B, B, EOS, 0, 0]]


def test_half_precision_logits_are_summed_in_float32():
    def model(last_ids, step, states):
        row = tf.constant([[0.0, 1.0, 2.0]], tf.float16)
        return tf.repeat(row, tf.shape(last_ids)[0], axis=0), states

    result = beam_search(model, start(1), 2, 2, 3, 0.0)
    assert result.scores.dtype == tf.float32
    total = np.log(np.exp([0.0, 1.0, 2.0]).sum())
    np.testing.assert_allclose(result.scores[0, 0], 1.0 - total, rtol=1e-6)


def test_an_empty_batch_gives_an_empty_result():
    model = HistoryModel(4)
    result = search(model, np.zeros([0], np.int32), 2, np.zeros([0], np.int32), 0.6)
    assert result.ids.shape[:2] == (0, 2) and result.scores.shape == (0, 2)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"beam_size": 0}, "beam_size must be at least 1, got 0"),
        ({"vocab_size": 1}, "vocab_size must be at least 2, got 1"),
        ({"alpha": -0.5}, "alpha must not be negative, got -0.5"),
        ({"stopping": "best_finish"}, "Did you mean 'best_finished'?"),
        ({"max_steps": [[3]]}, r"max_steps must be .* got shape \(1, 1\)"),
        ({"vocab_size": 9}, "logits have 4 entries, vocab_size is 9"),
    ],
)
def test_bad_arguments_are_named(options, message):
    model = HistoryModel(4)
    arguments = {"beam_size": 2, "max_steps": 3, "vocab_size": 4, "alpha": 0.6, **options}
    with pytest.raises(InputError, match=message):
        beam_search(model, start(1), states=model.states([1]), **arguments)
