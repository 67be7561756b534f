"""The hint from hidden states against its oracle, its laws, and mutants that must be noticed."""

from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from t2t_hint_nart.hints import hidden
from t2t_hint_nart.hints.hidden import hidden_hint, pairwise_cosines
from t2t_hint_nart.losses.loss_term import LossTerm
from tests.central_differences import central_differences
from tests.oracles import hidden_hint as oracle
from tests.oracles.cosine_statistics import cosine_matrix, pair_cosines

# (penalty, neighbors_only): the oracle.
FORMS = {
    ("nlog", False): oracle.hidden_hint,
    ("exp", False): oracle.hidden_hint_exp,
    ("identity", False): oracle.hidden_hint_identity,
    ("nlog", True): oracle.neighbor_hidden_hint,
    ("exp", True): oracle.neighbor_hidden_hint_exp,
    ("identity", True): oracle.neighbor_hidden_hint_identity,
}


class Case(NamedTuple):
    """Arguments of hidden_hint, as NumPy arrays."""

    student: np.ndarray
    teacher: np.ndarray
    mask: np.ndarray
    gamma_st: float = 0.1
    gamma_tr: float = 0.9
    penalty: str = "nlog"
    neighbors_only: bool = False


def random_case(
    seed, lengths, layers=2, width=3, teacher_width=3, similar=0.5, zeros=0.125, **choices
):
    """States of which some are alike, and `zeros` of the student's the zero vector."""
    rng = np.random.default_rng(seed)
    size = (len(lengths), layers, max(max(lengths), 1))
    student = rng.normal(size=(*size, width)) + similar * rng.normal(size=width)
    teacher = rng.normal(size=(*size, teacher_width)) + similar * rng.normal(size=teacher_width)
    student[rng.random(size) < zeros] = 0.0
    mask = np.arange(size[2]) < np.array(lengths)[:, None]
    return Case(student, teacher, mask, **choices)


def rows(case, part):
    """Some sentences of a case."""
    return Case(*(array[part] for array in case[:3]), *case[3:])


def call(hint, case, dtype="float64"):
    return hint(tf.constant(case.student, dtype), tf.constant(case.teacher, dtype), *case[2:])


def compare(hint, case, dtype="float64"):
    """The hint equals the oracle: loss, sentences, and what is logged beside it."""
    result = call(hint, case, dtype)
    arguments = case[:5]
    expected = FORMS[case.penalty, case.neighbors_only](*arguments)
    passed, pairs = oracle.gate_counts(*arguments, case.neighbors_only)
    rtol = 1e-10 if dtype == "float64" else 2e-4
    assert float(result.term.total) == pytest.approx(expected.sum(), rel=rtol, abs=rtol)
    assert float(result.term.count) == case.mask.any(1).sum()
    assert (float(result.gate.total), float(result.gate.count)) == (passed.sum(), pairs.sum())
    for term, states in (
        (result.student_cosine, case.student),
        (result.teacher_cosine, case.teacher),
    ):
        assert float(term.count) == pairs.sum()
        if not case.neighbors_only:
            cosines = np.sum([v for layer in pair_cosines(states, case.mask) for v in layer])
            assert float(term.total) == pytest.approx(cosines, rel=rtol, abs=10 * rtol)
    assert result.term.total.dtype == dtype


def distance_to_a_threshold(case):
    """How near any cosine is to where the hint is not smooth: its thresholds and 1."""
    distances = [1.0]
    for states, limits in (
        (case.student, (case.gamma_st, 1.0)),
        (case.teacher, (case.gamma_tr,)),
    ):
        cosines = np.array([v for layer in pair_cosines(states, case.mask) for v in layer])
        distances += [np.abs(cosines - limit).min(initial=1.0) for limit in limits]
    return min(distances)


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
