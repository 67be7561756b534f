"""The second stage of the fertility student: what a teacher reads, thinks and changes."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.losses.likelihood import token_log_probs
from t2t_hint_nart.models.fertility_tuning import judge, mean_fertilities, tuning_terms
from t2t_hint_nart.models.network import ATTENTION, Canvas, Output
from t2t_hint_nart.models.transformer_nat_fertility import Advice
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.training.learner import Learner
from t2t_hint_nart.training.objective import Objective
from tests.models.test_transformer_nat_fertility import INPUTS, NO_DROPOUT, PAIRS, TARGETS
from tests.models.tiny_networks import VOCAB, tiny_network
from tests.oracles import fertility_tuning as oracle
from tests.training.toy_training import trained

SAMPLED = np.array([[2, 0, 3, 1, 0], [5, 1, 0, 0, 0], [0, 0, 0, 0, 1]], np.int32)
SET = "transformer_nat_fertility_tuned_multi30k"


def build(**changes):
    values = {**NO_DROPOUT, **changes}
    model = tiny_network("transformer_nat_fertility", SET, fertility_classes=6, **values)
    model.prepare(PAIRS, "")
    return model


@pytest.fixture(scope="module")
def student():
    return build()


class Teacher:
    """Thinks of the next token what a table says of the one before; notes what it reads."""

    def __init__(self):
        table = np.random.default_rng(3).normal(0, 2, (VOCAB, VOCAB))
        self.table = tf.Variable(table)
        self.read = []

    def hints(self, inputs, targets):
        if tf.executing_eagerly():
            self.read.append(targets.numpy())
        before = tf.pad(targets[:, :-1], [[0, 0], [1, 0]])
        shape = tf.shape(inputs), tf.shape(targets)
        attention = tf.ones([shape[0][0], 2, 2, shape[1][1], shape[0][1]], tf.float64)
        return Output(tf.gather(self.table, before), targets != 0, {ATTENTION: attention})


def centred(values):
    return tf.reduce_mean(values)


def judged(student, teacher, inputs=INPUTS, sampled=SAMPLED):
    return judge(student, teacher.hints, inputs, lambda logits: tf.constant(sampled), centred)


def test_the_teacher_reads_what_is_said(student):
    teacher = Teacher()
    judgement = judged(student, teacher)
    sampled, means = teacher.read
    # A sentence without fertility has a word; one has at most twice its source.
    assert (sampled != 0).sum(axis=1).tolist() == [6, 4, 2]
    np.testing.assert_array_equal(judgement.mask, sampled != 0)
    source = student.encode(INPUTS)
    expected = [
        [oracle.mean_fertility(row.tolist()) for row in rows] for rows in source.logits.numpy()
    ]
    assert np.array(mean_fertilities(source.logits)).tolist() == expected
    _, lengths = student.with_fertilities(source, np.array(expected, np.int32))
    assert (means != 0).sum(axis=1).tolist() == np.array(lengths).tolist()


def test_terms_and_advantages_equal_the_loops(student):
    teacher = Teacher()
    judgement = judged(student, teacher)
    costs, positions = [], []
    source = student.encode(INPUTS)
    for read, fertilities in zip(
        teacher.read, (SAMPLED, mean_fertilities(source.logits)), strict=True
    ):
        chosen, _ = student.with_fertilities(source, fertilities)
        logits = student.decode(chosen, Canvas(tf.constant(read != 0))).logits.numpy()
        of_rows = []
        for row, said in enumerate(read):
            before, of_positions = 0, []
            for place in np.flatnonzero(said):
                q = teacher.table.numpy()[before].tolist()
                of_positions.append(oracle.reverse_cross_entropy(logits[row, place].tolist(), q))
                assert said[place] == 1 + np.argmax(logits[row, place, 1:])
                before = said[place]
            of_rows.append(of_positions)
        positions.append(of_rows)
        costs.append(np.array([np.mean(row) for row in of_rows]))
    gains = costs[1] - costs[0]
    advantages = judgement.advantages.numpy()
    np.testing.assert_allclose(advantages, gains - gains.mean(), rtol=1e-9, atol=1e-12)
    assert abs(advantages.sum()) < 1e-12 < np.abs(advantages).max()
    terms = tuning_terms(student, INPUTS, source, source.words, judgement)
    cost, reward = terms["reverse_kl"], terms["fertility_reward"]
    assert float(cost.total) == pytest.approx(sum(map(sum, positions[0])), rel=1e-9)
    assert (float(cost.count), float(reward.count)) == (12.0, 8.0)
    mask = (INPUTS > 1).tolist()
    rows = (source.logits.numpy().tolist(), SAMPLED.tolist(), advantages.tolist(), mask)
    assert float(reward.total) == pytest.approx(oracle.score_function(*rows), rel=1e-9)


def test_what_is_rewarded_is_what_was_drawn_from():
    """The distribution without dropout: that of a pass with it has other chances."""
    student, drawn_from = build(layer_prepostprocess_dropout=0.5), []

    def sampled(logits):
        drawn_from.append(logits)
        return tf.constant(SAMPLED)

    judgement = judge(student, Teacher().hints, INPUTS, sampled, centred)
    with tf.GradientTape() as tape:
        output = student(INPUTS, TARGETS, training=True, advice=Advice(judgement=judgement))
        reward = output.terms["fertility_reward"].total
    (logits,), mask = drawn_from, (INPUTS > 1).tolist()
    advantages = judgement.advantages.numpy()
    rows = (logits.numpy().tolist(), SAMPLED.tolist(), advantages.tolist(), mask)
    assert float(reward) == pytest.approx(oracle.score_function(*rows), rel=1e-9)
    gradient = tape.gradient(reward, student.fertility.bias.value)
    surprise = tf.nn.softmax(logits).numpy() - np.eye(6)[SAMPLED]
    expected = np.einsum("bsk,bs,b->k", surprise, mask, advantages)
    np.testing.assert_allclose(gradient, expected, rtol=1e-9)


def test_padding_changes_nothing(student):
    teacher = Teacher()
    wide = [np.pad(ids, [[0, 0], [0, 2]]) for ids in (INPUTS, SAMPLED)]
    terms = []
    for inputs, sampled in ((INPUTS, SAMPLED), wide):
        source, judgement = student.encode(inputs), judged(student, teacher, inputs, sampled)
        terms.append(tuning_terms(student, inputs, source, source.words, judgement))
    for name, term in terms[0].items():
        assert float(terms[1][name].total) == pytest.approx(float(term.total), rel=1e-9)
        assert float(terms[1][name].count) == float(term.count)


def test_a_row_of_padding_spoils_nothing(student):
    teacher = Teacher()
    inputs, sampled = (np.pad(ids, [[0, 1], [0, 0]]) for ids in (INPUTS, SAMPLED))
    source, judgement = student.encode(inputs), judged(student, teacher, inputs, sampled)
    assert np.isfinite(judgement.advantages).all()
    for term in tuning_terms(student, inputs, source, source.words, judgement).values():
        assert np.isfinite(float(term.total))


def learner_of(network, teacher):
    learner = Learner(network, Objective(registry.hparams(SET)), teacher)
    learner.optimizer = keras.optimizers.Adam(0.003)
    return learner


def test_a_step_trains_the_student_alone():
    network, teacher = build(), Teacher()
    learner = learner_of(network, teacher)
    before = {name: variable.numpy() for name, variable in named_variables(network).items()}
    table = teacher.table.numpy()
    told = learner.train_step({"inputs": tf.constant(INPUTS), "targets": tf.constant(TARGETS)})
    assert {"nll", "fertility", "reverse_kl", "fertility_reward"} <= set(told)
    weighted = 0.75 * (told["nll"] + told["fertility"]) + 0.25 * told["reverse_kl"]
    assert float(told["loss"]) == pytest.approx(float(weighted + 0.025 * told["fertility_reward"]))
    np.testing.assert_array_equal(teacher.table, table)
    moved = {
        name
        for name, old in before.items()
        if (named_variables(network)[name].numpy() != old).any()
    }
    assert "fertility/kernel" in moved


def test_the_student_comes_to_say_what_the_teacher_would():
    """Alone, the terms draw its words and lengths towards what the teacher objects to least."""
    random.seed(5)
    weights = {"nll_weight": 1e-6, "fertility_weight": 0.0, "reverse_kl_weight": 1.0}
    hparams = registry.hparams(SET).override_from_dict(weights)
    adam = keras.optimizers.Adam(0.003)
    told = trained(build(), hparams, [(INPUTS, TARGETS)] * 100, Teacher(), adam)
    costs = [row["reverse_kl"] for row in told]
    assert np.mean(costs[-5:]) < 0.7 * np.mean(costs[:5])


def test_attention_may_align_in_place_of_a_model():
    network, teacher = (
        build(fertility_alignment="attention", reverse_kl_weight=0.0, fertility_reward_weight=0.0),
        Teacher(),
    )
    assert network.word_alignment is None and network.asks_teacher
    advice = network.ask(teacher.hints, tf.constant(INPUTS), tf.constant(TARGETS), centred)
    assert advice.judgement is None
    output = network(INPUTS, TARGETS, training=True, advice=advice)
    # All attention is equal: the first word has every word of the target.
    chances = tf.nn.log_softmax(network.encode(INPUTS).logits)
    expected = -sum(
        float(chances[row, place, fertility])
        for row, place, fertility in (
            (0, 0, 2),
            (0, 1, 0),
            (0, 2, 0),
            (1, 0, 5),
            (2, 0, 1),
            (2, 1, 0),
            (2, 2, 0),
            (2, 3, 0),
        )
    )
    assert float(output.terms["fertility"].total) == pytest.approx(expected)
    assert token_log_probs(output.logits, TARGETS).shape == TARGETS.shape


def test_a_teacher_that_aligns_and_gives_hints_reads_a_batch_once():
    alone = {"reverse_kl_weight": 0.0, "fertility_reward_weight": 0.0}
    network, teacher = build(fertility_alignment="attention", **alone), Teacher()
    hparams = registry.hparams(SET).override_from_dict({"hint_align_weight": 1.0, **alone})
    objective = Objective(hparams)
    objective.leave_out(["hint_hidden"])
    learner = Learner(network, objective, teacher)
    learner.optimizer = keras.optimizers.Adam(0.003)
    told = learner.train_step({"inputs": tf.constant(INPUTS), "targets": tf.constant(TARGETS)})
    assert {"fertility", "hint_align"} <= set(told) and len(teacher.read) == 1


def test_without_weights_no_teacher_is_asked():
    assert not build(reverse_kl_weight=0.0, fertility_reward_weight=0.0).asks_teacher
