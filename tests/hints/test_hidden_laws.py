"""What must hold for the hint from hidden states whatever its value."""

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from t2t_hint_nart.hints import hidden
from t2t_hint_nart.hints.hidden import hidden_hint, pairwise_cosines
from t2t_hint_nart.losses.term import LossTerm
from tests.hints.hidden_cases import Case, call, random_case, rows
from tests.oracles.cosine_statistics import cosine_matrix


def test_no_gradient_reaches_the_teacher():
    case = random_case(13, (4, 3))
    student, teacher = tf.Variable(case.student), tf.Variable(case.teacher)
    with tf.GradientTape() as tape:
        result = hidden_hint(student, teacher, *case[2:])
        everything = result.term.total + sum(term.total for term in result[1:])
    gradients = tape.gradient(everything, [student, teacher])
    assert gradients[0] is not None and gradients[1] is None


def test_diagnostics_have_no_gradient():
    case = random_case(13, (4, 3))
    student = tf.Variable(case.student)
    with tf.GradientTape() as tape:
        result = hidden_hint(student, tf.constant(case.teacher), *case[2:])
        logged = result.gate.total + result.student_cosine.total + result.teacher_cosine.total
    assert tape.gradient(logged, student) is None


LAWS = {
    "seed": st.integers(0, 10**6),
    "lengths": st.lists(st.integers(0, 4), min_size=2, max_size=4),
}


@given(**LAWS)
@settings(max_examples=20)
def test_padding_is_slicing(seed, lengths):
    """Garbage after the mask, and more of it, changes nothing."""
    case = random_case(seed, lengths, similar=1.0)
    wider = [np.pad(x, [(0, 0), (0, 0), (0, 2), (0, 0)]) for x in case[:2]]
    mask = np.pad(case.mask, [(0, 0), (0, 2)])
    for states in wider:
        states[np.broadcast_to(~mask[:, None], states.shape[:3])] = 1e3
    got = call(hidden_hint, case._replace(student=wider[0], teacher=wider[1], mask=mask))
    for ours, theirs in zip(got, call(hidden_hint, case), strict=True):
        assert float(ours.total) == pytest.approx(float(theirs.total), rel=1e-10, abs=1e-12)
        assert float(ours.count) == float(theirs.count)


@given(**LAWS)
@settings(max_examples=20)
def test_adds_over_batches_in_any_order(seed, lengths):
    case = random_case(seed, lengths, similar=1.0)
    whole = call(hidden_hint, rows(case, slice(None, None, -1)))
    parts = [call(hidden_hint, rows(case, p)) for p in (slice(0, 1), slice(1, None))]
    for field in whole._fields:
        total, *summed = (getattr(result, field) for result in (whole, *parts))
        assert float(total.total) == pytest.approx(
            sum(float(t.total) for t in summed), rel=1e-10, abs=1e-12
        )
        assert float(total.count) == sum(float(t.count) for t in summed)


@given(**LAWS)
@settings(max_examples=20)
def test_lengths_of_states_do_not_matter(seed, lengths):
    case = random_case(seed, lengths, similar=1.0)
    scales = np.random.default_rng(seed).uniform(0.1, 10.0, size=(*case.student.shape[:3], 1))
    scaled = case._replace(student=case.student * scales, teacher=case.teacher / scales)
    got, expected = (call(hidden_hint, c).term.total for c in (scaled, case))
    assert float(got) == pytest.approx(float(expected), rel=1e-9, abs=1e-12)


def test_zero_if_the_teacher_is_similar_too():
    """Pairs that are alike in the teacher may be alike in the student."""
    rng = np.random.default_rng(14)
    teacher = np.ones((2, 2, 4, 3)) + rng.normal(scale=0.01, size=(2, 2, 4, 3))
    case = random_case(14, (4, 3), similar=3.0)._replace(teacher=teacher, gamma_tr=0.9)
    assert float(call(hidden_hint, case).term.total) == 0.0
    assert float(call(hidden_hint, case._replace(gamma_tr=1.0)).term.total) > 0.0


def test_swapping_teacher_and_student_changes_it():
    case = random_case(15, (4, 3), similar=1.0)
    other = case._replace(student=case.teacher, teacher=case.student)
    assert float(call(hidden_hint, case).term.total) != pytest.approx(
        float(call(hidden_hint, other).term.total)
    )


def identical_states(kind):
    """Students whose cosines are 1, with teachers that gate all pairs in, or out."""
    rng = np.random.default_rng(16)
    student = np.repeat(rng.normal(size=(8, 2, 1, 5)), 4, axis=2)
    teacher = student if kind == "gated out" else np.eye(4)[None, None] * np.ones((8, 2, 1, 1))
    return Case(student, teacher, np.ones((8, 4), bool))


def check_finite(hint, case, dtype):
    student = tf.Variable(case.student, dtype=dtype)
    with tf.GradientTape() as tape:
        result = hint(student, tf.constant(case.teacher, dtype), *case[2:])
        mean = result.term.mean()
    gradient = tape.gradient(mean, student).numpy()
    assert all(np.isfinite(float(term.total)) for term in result)
    assert np.isfinite(gradient).all()
    return float(mean)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_identical_states_are_finite(dtype):
    everything = check_finite(hidden_hint, identical_states("gated in"), dtype)
    assert everything == pytest.approx(-np.log(hidden.EPSILON), rel=1e-5)
    assert check_finite(hidden_hint, identical_states("gated out"), dtype) == 0.0


def test_pairs_without_penalty_are_finite_whatever_the_penalty(monkeypatch):
    """The selects alone protect them, without the cut-off."""
    monkeypatch.setattr(hidden, "EPSILON", 0.0)
    assert check_finite(hidden_hint, identical_states("gated out"), "float64") == 0.0


def unguarded(select_before, select_after):
    """−log(1−d) without the cut-off, with one or both selects, or multiplied by the gate."""

    def hint(student, teacher, mask, gamma_st, gamma_tr, penalty, neighbors_only):
        result = hidden_hint(student, teacher, mask, gamma_st, gamma_tr, penalty, neighbors_only)
        cosine, other = pairwise_cosines(student), pairwise_cosines(teacher)
        gate = (cosine >= gamma_st) & (other <= gamma_tr)
        before = tf.where(gate, cosine, 0.0) if select_before else cosine
        phi = -tf.math.log(1.0 - before)
        value = tf.where(gate, phi, 0.0) if select_after else phi * tf.cast(gate, phi.dtype)
        return result._replace(term=LossTerm(tf.reduce_sum(value), result.term.count))

    return hint


@pytest.mark.parametrize("select_before, select_after", [(False, False), (False, True)])
def test_the_check_notices_a_missing_select(select_before, select_after):
    with pytest.raises(AssertionError):
        check_finite(
            unguarded(select_before, select_after), identical_states("gated out"), "float32"
        )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("penalty", ["nlog", "exp", "identity"])
def test_degenerate_sentences_are_finite(dtype, penalty):
    """Zero vectors, a single token, nothing but padding, tiny and huge states."""
    case = random_case(17, (3, 1, 0, 3, 3), penalty=penalty, gamma_st=-1.0, gamma_tr=1.0)
    case.student[0] = 0.0
    case.teacher[0] = 0.0
    case.student[3] *= 1e-10
    case.student[4] *= 1e10
    check_finite(hidden_hint, case, dtype)
    nothing = case._replace(mask=np.zeros_like(case.mask))
    assert check_finite(hidden_hint, nothing, dtype) == 0.0


def test_a_sentence_of_one_token_counts_and_adds_nothing():
    case = random_case(18, (4, 1), gamma_st=-1.0, gamma_tr=1.0)
    both = call(hidden_hint, case).term
    first = call(hidden_hint, rows(case, slice(0, 1))).term
    assert float(both.total) == pytest.approx(float(first.total), rel=1e-12)
    assert (float(both.count), float(first.count)) == (2.0, 1.0)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_open_thresholds_let_every_pair_pass(dtype):
    """γ_st = −1 and γ_tr = 1 are no thresholds, also where rounding puts a cosine beyond ±1."""
    rng = np.random.default_rng(19)
    states = rng.normal(size=(50, 1, 1, 7)) * np.array([1.0, 1.0, -1.0])[:, None]
    case = Case(states, states, np.ones((50, 3), bool), -1.0, 1.0, "identity")
    result = call(hidden_hint, case, dtype)
    assert float(result.gate.total) == float(result.gate.count) == 150


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_pairwise_cosines(dtype):
    states = np.random.default_rng(20).normal(size=(2, 2, 4, 3))
    states[1, 0, 2] = 0.0
    got = pairwise_cosines(tf.constant(states, dtype)).numpy()
    expected = np.array([[cosine_matrix(layer) for layer in sentence] for sentence in states])
    rtol = 1e-10 if dtype == "float64" else 2e-4
    np.testing.assert_allclose(got, expected, rtol, rtol)
    assert not got[1, 0, 2].any()
