"""The hint from hidden states against its oracle, and mutants that must be noticed."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given
from hypothesis import strategies as st

from t2t_hint_nart.hints.hidden import hidden_hint
from t2t_hint_nart.losses.term import LossTerm
from tests.central_differences import central_differences
from tests.hints.hidden_cases import (
    FORMS,
    Case,
    call,
    compare,
    distance_to_a_threshold,
    random_case,
)

CASES = {
    "lengths": st.lists(st.integers(0, 4), min_size=1, max_size=4),
    "seed": st.integers(0, 10**6),
    "layers": st.integers(1, 2),
    "width": st.integers(2, 4),
    "teacher_width": st.integers(2, 4),
    "similar": st.sampled_from([0.0, 1.0, 3.0]),
    "gamma_st": st.sampled_from([-1.0, -0.2, 0.0, 0.1, 0.7]),
    "gamma_tr": st.sampled_from([1.0, 0.9, 0.3, -0.3]),
    "penalty": st.sampled_from(["nlog", "exp", "identity"]),
    "neighbors_only": st.booleans(),
}


@given(**CASES)
def test_equals_the_oracle(**drawn):
    compare(hidden_hint, random_case(**drawn))


@given(**CASES)
def test_equals_the_oracle_in_float32(**drawn):
    case = random_case(**drawn)
    # A zero vector's cosine is 0 in any precision, others need room.
    assume(distance_to_a_threshold(case) > 1e-3 or case.gamma_st == 0.0)
    compare(hidden_hint, case, "float32")


# What the comparison must notice. Each takes the arguments of hidden_hint.


def student_as_teacher(student, teacher, *rest):
    """The authors' code: the teacher's similarities are the student's."""
    del teacher
    return hidden_hint(student, student, *rest)


def swapped(student, teacher, *rest):
    return hidden_hint(teacher, student, *rest)


def without_mask(student, teacher, mask, *rest):
    return hidden_hint(student, teacher, np.ones_like(mask), *rest)


def mean_over_padding(student, teacher, mask, *rest):
    """2/((T−1)T N) with the padded length T in place of Ty."""
    result = hidden_hint(student, teacher, mask, *rest)
    lengths, size = mask.sum(1), mask.shape[1]
    total = sum(
        hidden_hint(student[b : b + 1], teacher[b : b + 1], mask[b : b + 1], *rest).term.total
        * (n * (n - 1))
        / (size * (size - 1))
        for b, n in enumerate(lengths)
    )
    return result._replace(term=LossTerm(total, result.term.count))


def mean_over_all_pairs(student, teacher, mask, *rest):
    """Long sentences count more: all pairs of the batch are averaged alike."""
    result = hidden_hint(student, teacher, mask, *rest)
    lengths = mask.sum(1)
    pairs = lengths * (lengths - 1)
    total = sum(
        hidden_hint(student[b : b + 1], teacher[b : b + 1], mask[b : b + 1], *rest).term.total * n
        for b, n in enumerate(pairs)
    )
    return result._replace(
        term=LossTerm(total / pairs.sum() * result.term.count, result.term.count)
    )


def last_layer_over_all_layers(student, teacher, *rest):
    """The authors' code: only the last output, but divided by N."""
    result = hidden_hint(student, teacher, *rest)
    last = hidden_hint(student[:, -1:], teacher[:, -1:], *rest)
    return result._replace(term=LossTerm(last.term.total / student.shape[1], result.term.count))


def without_thresholds(student, teacher, mask, gamma_st, gamma_tr, *rest):
    del gamma_st, gamma_tr
    return hidden_hint(student, teacher, mask, -1.0, 1.0, *rest)


def neighbors_only(student, teacher, mask, gamma_st, gamma_tr, penalty, neighbors):
    return hidden_hint(student, teacher, mask, gamma_st, gamma_tr, penalty, not neighbors)


def another_penalty(student, teacher, mask, gamma_st, gamma_tr, penalty, neighbors):
    del penalty
    return hidden_hint(student, teacher, mask, gamma_st, gamma_tr, "exp", neighbors)


def raw_products(student, teacher, *rest):
    """The authors' code without normalisation: products, not cosines."""
    scaled = tf.concat([student, tf.ones_like(student[..., :1])], axis=-1)
    return hidden_hint(scaled, teacher, *rest)


def sum_over_sentences_of_one_token(student, teacher, mask, *rest):
    """Sentences without a pair left out of the count."""
    result = hidden_hint(student, teacher, mask, *rest)
    return result._replace(term=LossTerm(result.term.total, (mask.sum(1) > 1).sum()))


MUTANTS = [
    student_as_teacher,
    swapped,
    without_mask,
    mean_over_padding,
    mean_over_all_pairs,
    last_layer_over_all_layers,
    without_thresholds,
    neighbors_only,
    another_penalty,
    raw_products,
    sum_over_sentences_of_one_token,
]


@pytest.mark.parametrize("mutant", MUTANTS)
def test_mutants_are_noticed(mutant):
    case = random_case(11, (4, 3, 1, 0, 4), similar=1.0, gamma_st=0.1, gamma_tr=0.3)
    compare(hidden_hint, case)
    with pytest.raises(AssertionError):
        compare(mutant, case)


@pytest.mark.parametrize("by_st, by_tr", [(1e-9, 0.0), (0.0, -1e-9)])
def test_thresholds_include_their_value(by_st, by_tr):
    """Orthogonal states have a cosine of exactly 0."""
    axes = np.eye(3)[None, None]
    case = Case(axes, axes[..., ::-1], np.ones((1, 3), bool), 0.0, 0.0)
    compare(hidden_hint, case)
    assert float(call(hidden_hint, case).gate.total) == 3

    def nudged(student, teacher, mask, gamma_st, gamma_tr, *rest):
        return hidden_hint(student, teacher, mask, gamma_st + by_st, gamma_tr + by_tr, *rest)

    with pytest.raises(AssertionError):
        compare(nudged, case)


@pytest.mark.parametrize("penalty", ["nlog", "exp", "identity"])
@pytest.mark.parametrize("neighbors_only", [False, True])
def test_gradient_equals_central_differences(penalty, neighbors_only):
    case = random_case(
        12,
        (4, 3, 1),
        zeros=0.0,  # there is no gradient at a zero vector
        gamma_st=-0.2,
        penalty=penalty,
        neighbors_only=neighbors_only,
    )
    assert distance_to_a_threshold(case) > 1e-3
    variable = tf.Variable(case.student)
    with tf.GradientTape() as tape:
        total = hidden_hint(variable, tf.constant(case.teacher), *case[2:]).term.total
    gradient = tape.gradient(total, variable).numpy()
    loss = FORMS[penalty, neighbors_only]
    expected = central_differences(
        lambda x: loss(x, case.teacher, case.mask, case.gamma_st, case.gamma_tr).sum(), case.student
    )
    np.testing.assert_allclose(gradient, expected, 1e-6, 1e-8)
    padded = np.broadcast_to(~case.mask[:, None, :], gradient.shape[:3])
    assert gradient.any() and not gradient[padded].any()
