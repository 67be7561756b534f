"""One-pass decoding over fake logits."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.one_pass import candidate_lengths, one_pass

EOS = 1
VOCAB = 12


def random_logits(inputs, mask):
    """Logits of a position depend on the row's input, its length and the position."""
    key = tf.reduce_sum(tf.cast(inputs, tf.float64) * [1.0, 3.0, 7.0], axis=1)[:, None, None]
    length = tf.reduce_sum(tf.cast(mask, tf.float64), axis=1)[:, None, None]
    t = tf.range(tf.shape(mask)[1], dtype=tf.float64)[None, :, None]
    v = tf.range(VOCAB, dtype=tf.float64)
    return tf.cast(4.0 * tf.sin(key * 1.7 + length * 2.3 + t * 3.1 + v * (5.9 + t)), tf.float32)


def spelled(*rows):
    """Logits that say the given ids in every candidate, whatever its length."""
    table = tf.constant(rows, tf.int32)

    def logits_fn(inputs, mask):
        ids = tf.gather(table, inputs[:, 0])[:, : mask.shape[1]]
        return 5.0 * tf.one_hot(ids, VOCAB)

    return logits_fn


def expected_candidate(logits, length):
    """A candidate by hand: (ids, log probability)."""
    log_probs = logits - np.log(np.exp(logits.astype(np.float64)).sum(axis=1, keepdims=True))
    ids, total = [], 0.0
    for t in range(length):
        best = 1 + int(np.argmax(logits[t, 1:]))
        ids.append(best)
        total += log_probs[t, best]
        if best == EOS:
            break
    return ids, total


INPUTS = tf.constant([[5, 2, 0], [3, 4, 6], [9, 1, 2], [2, 2, 8]])


def test_a_halfwidth_of_zero_is_plain_argmax():
    lengths = candidate_lengths(tf.constant([3, 5, 2, 4]), 1, 0)
    result = one_pass(random_logits, INPUTS, lengths)
    mask = tf.sequence_mask(lengths[:, 0])
    logits = random_logits(INPUTS, mask).numpy()
    assert result.ids.shape == (4, 1, 6)
    for b in range(4):
        ids, total = expected_candidate(logits[b], int(lengths[b, 0]))
        assert result.ids[b, 0].numpy().tolist() == ids + [0] * (6 - len(ids))
        np.testing.assert_allclose(result.scores[b, 0], total, rtol=1e-5)


def test_all_candidates_come_from_one_call_and_equal_their_own_pass():
    calls = []

    def counted(inputs, mask):
        calls.append((tuple(inputs.shape), tuple(mask.shape)))
        return random_logits(inputs, mask)

    lengths = candidate_lengths(tf.constant([3, 5, 2, 4]), 0, 2)
    result = one_pass(counted, INPUTS, lengths)
    assert calls == [((20, 3), (20, 7))]
    for c in range(5):
        single = one_pass(random_logits, INPUTS, lengths[:, c : c + 1])
        width = single.ids.shape[2]
        np.testing.assert_array_equal(result.ids[:, c, :width], single.ids[:, 0])
        assert not result.ids[:, c, width:].numpy().any()
        np.testing.assert_allclose(result.scores[:, c], single.scores[:, 0], rtol=1e-5)


def test_a_sentence_does_not_depend_on_the_batch_or_its_padding():
    lengths = tf.constant([[3], [6], [2], [5]])
    together = one_pass(random_logits, INPUTS, lengths, max_length=9)
    for b in range(4):
        alone = one_pass(random_logits, INPUTS[b : b + 1], lengths[b : b + 1])
        width = alone.ids.shape[2]
        np.testing.assert_array_equal(together.ids[b, :, :width], alone.ids[0])
        assert not together.ids[b, :, width:].numpy().any()
        np.testing.assert_allclose(together.scores[b], alone.scores[0], rtol=1e-6)


def test_the_first_eos_cuts_and_is_kept():
    result = one_pass(spelled([7, EOS, 8, 9, EOS]), tf.constant([[0]]), tf.constant([[5, 1, 2]]))
    expected = [[7, EOS, 0, 0, 0], [7, 0, 0, 0, 0], [7, EOS, 0, 0, 0]]
    assert result.ids[0].numpy().tolist() == expected


def test_without_eos_the_tokens_stand_up_to_the_length():
    result = one_pass(spelled([7, 8, 9, 7, 8]), tf.constant([[0]]), tf.constant([[4, 5]]))
    assert result.ids[0].numpy().tolist() == [[7, 8, 9, 7, 0], [7, 8, 9, 7, 8]]


def test_tokens_behind_the_eos_do_not_count_in_the_log_prob():
    logits_fn = spelled([7, EOS, 8, 9])
    log_prob = one_pass(logits_fn, tf.constant([[0]]), tf.constant([[4]])).scores[0, 0]
    each = 5.0 - np.log(np.exp(5.0) + VOCAB - 1)
    np.testing.assert_allclose(log_prob, 2 * each, rtol=1e-5)


@pytest.mark.parametrize("vocab_size", [5, 300])
def test_pad_is_never_emitted_inside_a_candidate(vocab_size):
    preference = np.zeros([vocab_size], np.float32)
    preference[[0, 3, 4]] = [9.0, 5.0, 4.0]

    def logits_fn(inputs, mask):
        return tf.zeros([*mask.shape, vocab_size]) + preference

    result = one_pass(logits_fn, tf.zeros([2, 1]), tf.constant([[2, 3], [1, 2]]))
    assert result.ids.numpy().tolist() == [[[3, 3, 0], [3, 3, 3]], [[3, 0, 0], [3, 3, 0]]]
    # The model's own probability of the token, PAD's share not redistributed.
    each = 5.0 - np.log(np.exp(preference.astype(np.float64)).sum())
    np.testing.assert_allclose(result.scores[0], [2 * each, 3 * each], rtol=1e-5)


def test_inputs_may_be_encoder_outputs():
    memory = {"states": tf.cast(INPUTS, tf.float32), "mask": INPUTS != 0}

    def logits_fn(rows, mask):
        assert rows["mask"].shape == (8, 3)
        return random_logits(rows["states"], mask)

    lengths = tf.constant([[2, 3], [4, 5], [1, 2], [3, 4]])
    result = one_pass(logits_fn, memory, lengths)
    plain = one_pass(random_logits, INPUTS, lengths)
    np.testing.assert_array_equal(result.ids, plain.ids)


def test_max_length_clips_the_candidates():
    result = one_pass(
        spelled([7, 8, 9, 7]), tf.constant([[0]]), tf.constant([[2, 9]]), max_length=3
    )
    assert result.ids[0].numpy().tolist() == [[7, 8, 0], [7, 8, 9]]


def test_compiled_with_lengths_known_only_at_run_time():
    compiled = tf.function(
        lambda inputs, lengths: tuple(one_pass(random_logits, inputs, lengths, max_length=7)),
        jit_compile=True,
        autograph=False,
    )
    lengths = tf.constant([[2, 3], [6, 7], [1, 2], [3, 4]])
    for got, expected in zip(
        compiled(INPUTS, lengths), one_pass(random_logits, INPUTS, lengths), strict=True
    ):
        np.testing.assert_allclose(got, expected, rtol=1e-4, atol=1e-4)
