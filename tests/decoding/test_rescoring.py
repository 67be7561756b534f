"""Ranking of candidates by a fake teacher."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.strategy import rank_candidates

EOS = 1


class Teacher:
    """Log probability of a target given its source, token by token; remembers what it was asked."""

    def __init__(self, end=-1.0):
        self.end = end
        self.targets = None

    def log_prob(self, source, target):
        total = 0.0
        for t, token in enumerate(target):
            if token == EOS:
                total += self.end
            elif token:
                total += -0.1 - abs(np.sin(float(np.sum(source)) + 3.0 * token + t))
        return total

    def __call__(self, inputs, targets):
        self.targets = targets.numpy()
        pairs = zip(inputs.numpy(), self.targets, strict=True)
        return tf.constant([self.log_prob(*pair) for pair in pairs], tf.float32)


def candidates(batch=5, count=4, width=6, seed=0):
    """Random candidates: some end in EOS, some don't, some have tokens behind it."""
    rng = np.random.default_rng(seed)
    ids = rng.integers(2, 9, [batch, count, width]).astype(np.int32)
    for row in ids.reshape(-1, width):
        length = rng.integers(1, width + 1)
        row[length:] = 0
        if rng.random() < 0.5:
            row[rng.integers(0, length)] = EOS
    return ids


def complete(row):
    sentence = [token for token in row.tolist() if token]
    if EOS in sentence:
        sentence = sentence[: sentence.index(EOS)]
    return [*sentence, EOS]


INPUTS = np.array([[3, 4], [5, 6], [7, 0], [8, 1], [2, 2]], np.int32)


@pytest.mark.parametrize("alpha", [0.0, 0.6])
def test_the_best_candidate_is_the_teachers_best(alpha):
    teacher, ids = Teacher(), candidates()
    result = rank_candidates(tf.constant(INPUTS), tf.constant(ids), teacher, alpha)
    assert result.ids.shape == (5, 4, 7)
    for b in range(5):
        sentences = [complete(row) for row in ids[b]]
        scores = [
            teacher.log_prob(INPUTS[b], sentence) / ((5 + len(sentence)) / 6) ** alpha
            for sentence in sentences
        ]
        order = np.argsort(-np.array(scores), kind="stable")
        np.testing.assert_allclose(result.scores[b], np.array(scores)[order], rtol=1e-5)
        for k, c in enumerate(order):
            expected = sentences[c] + [0] * (7 - len(sentences[c]))
            assert result.ids[b, k].numpy().tolist() == expected


def test_rescoring_never_lowers_the_teachers_score():
    teacher = Teacher()
    for seed in range(5):
        ids = candidates(seed=seed)
        best = rank_candidates(tf.constant(INPUTS), tf.constant(ids), teacher).scores[:, 0]
        for c in range(ids.shape[1]):
            single = rank_candidates(
                tf.constant(INPUTS), tf.constant(ids[:, c : c + 1]), teacher
            ).scores[:, 0]
            assert np.all(best.numpy() >= single.numpy() - 1e-6)


def test_a_missing_eos_is_asked_of_the_teacher():
    # Token for token the first is better by 2 nats, but it stops where nothing ends.
    def teacher(inputs, targets):
        asked = [tuple(row) for row in targets.numpy().tolist()]
        log_probs = {(5, 6, EOS): -1.0 - 9.0, (5, 7, EOS): -3.0 - 0.5}
        return tf.constant([log_probs[row] for row in asked])

    ids = tf.constant([[[5, 6], [5, 7]]])
    result = rank_candidates(tf.zeros([1, 1], tf.int32), ids, teacher)
    assert result.ids[0, 0].numpy().tolist() == [5, 7, EOS]
    np.testing.assert_allclose(result.scores, [[-3.5, -10.0]])


def test_an_own_eos_and_an_appended_one_score_alike():
    ids = tf.constant([[[5, 6, EOS], [5, 6, 0]]])
    result = rank_candidates(tf.zeros([1, 1], tf.int32), ids, Teacher(), 0.6)
    assert result.scores[0, 0] == result.scores[0, 1]
    np.testing.assert_array_equal(result.ids[0, 0], result.ids[0, 1])


def test_tokens_behind_the_eos_are_not_scored():
    teacher = Teacher()
    ids = tf.constant([[[5, EOS, 7, 8], [5, EOS, 0, 0]]])
    result = rank_candidates(tf.zeros([1, 1], tf.int32), ids, teacher, 0.6)
    assert teacher.targets.tolist() == [[5, EOS, 0, 0, 0]] * 2
    assert result.scores[0, 0] == result.scores[0, 1]


def test_alpha_decides_between_short_and_long():
    def teacher(inputs, targets):
        return tf.where(tf.reduce_sum(tf.cast(targets != 0, tf.int32), 1) == 2, -2.0, -2.5)

    ids = tf.constant([[[5, EOS, 0, 0], [5, 6, 7, EOS]]])
    inputs = tf.zeros([1, 1], tf.int32)
    short = rank_candidates(inputs, ids, teacher, 0.0)
    assert short.ids[0, 0].numpy().tolist() == [5, EOS, 0, 0, 0]
    long = rank_candidates(inputs, ids, teacher, 1.0)
    assert long.ids[0, 0].numpy().tolist() == [5, 6, 7, EOS, 0]
    np.testing.assert_allclose(long.scores[0], [-2.5 / 1.5, -2.0 / (7 / 6)], rtol=1e-6)


def test_duplicates_do_no_harm():
    ids = candidates()
    twice = np.concatenate([ids, ids[:, ::-1]], axis=1)
    once = rank_candidates(tf.constant(INPUTS), tf.constant(ids), Teacher())
    doubled = rank_candidates(tf.constant(INPUTS), tf.constant(twice), Teacher())
    np.testing.assert_array_equal(doubled.ids[:, 0], once.ids[:, 0])
    np.testing.assert_array_equal(doubled.scores[:, ::2], once.scores)


def test_a_sentence_does_not_depend_on_the_batch_or_its_padding():
    ids = candidates()
    together = rank_candidates(
        tf.constant(INPUTS), tf.constant(np.pad(ids, [[0, 0], [0, 0], [0, 3]])), Teacher(), 0.6
    )
    for b in range(5):
        alone = rank_candidates(
            tf.constant(INPUTS[b : b + 1]), tf.constant(ids[b : b + 1]), Teacher(), 0.6
        )
        np.testing.assert_array_equal(together.ids[b, :, :7], alone.ids[0])
        assert not together.ids[b, :, 7:].numpy().any()
        np.testing.assert_array_equal(together.scores[b], alone.scores[0])


def test_inputs_may_be_a_structure():
    def teacher(memory, targets):
        assert memory[1].shape == (20,)
        return Teacher()(memory[0], targets)

    ids = tf.constant(candidates())
    memory = (tf.constant(INPUTS), tf.range(5))
    result = rank_candidates(memory, ids, teacher)
    plain = rank_candidates(memory[0], ids, Teacher())
    np.testing.assert_array_equal(result.ids, plain.ids)
