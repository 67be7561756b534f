"""The hint from word alignments against its oracle, its laws, and mutants that must be noticed."""

from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from t2t_hint_nart.hints.alignment import AVERAGED_AXES, TINY, alignment_hint
from t2t_hint_nart.losses.term import LossTerm
from tests.central_differences import central_differences
from tests.oracles import alignment_hint as oracle

# (average, reverse): the oracle.
FORMS = {
    ("none", False): oracle.alignment_hint,
    ("head", False): oracle.alignment_hint_head_average,
    ("layer_head", False): oracle.alignment_hint_layer_head_average,
    ("all", False): oracle.alignment_hint_full_average,
    ("none", True): oracle.reverse_alignment_hint,
    ("head", True): oracle.reverse_alignment_hint_head_average,
    ("layer_head", True): oracle.reverse_alignment_hint_layer_head_average,
    ("all", True): oracle.reverse_alignment_hint_full_average,
}


class Case(NamedTuple):
    """Arguments of alignment_hint, as NumPy arrays."""

    student: np.ndarray
    teacher: np.ndarray
    target_mask: np.ndarray
    source_mask: np.ndarray
    average: str = "none"
    reverse: bool = False


def attention(rng, source_mask, size, zeros, garbage):
    """Distributions over real columns, `zeros` of the weights exactly 0; garbage in padding."""
    weights = rng.exponential(size=(*size, source_mask.shape[1]))
    weights[rng.random(weights.shape) < zeros] = 0.0
    weights[..., 0] += 0.01
    columns = np.broadcast_to(source_mask[:, None, None, None], weights.shape)
    weights = np.where(columns, weights, 0.0)
    return np.where(columns, weights / weights.sum(-1, keepdims=True), garbage)


def random_case(seed, lengths, layers=2, heads=2, zeros=0.0, **choices):
    """Attention of sentences with (source, target) lengths; sources of at least one token."""
    rng = np.random.default_rng(seed)
    source, target = (np.array(side)[:, None] for side in zip(*lengths, strict=True))
    source_mask = np.arange(source.max()) < source
    target_mask = np.arange(max(target.max(), 1)) < target
    size = (len(lengths), layers, heads, target_mask.shape[1])
    student, teacher = (attention(rng, source_mask, size, zeros, g) for g in (0.2, 0.3))
    return Case(student, teacher, target_mask, source_mask, **choices)


def call(hint, case, dtype="float64"):
    return hint(tf.constant(case.student, dtype), tf.constant(case.teacher, dtype), *case[2:])


def compare(hint, case, dtype="float64"):
    """The hint equals the oracle, summed over sentences, and counts sentences."""
    term = call(hint, case, dtype)
    expected = FORMS[case.average, case.reverse](*case[:4], epsilon=TINY).sum()
    rtol = 1e-10 if dtype == "float64" else 2e-4
    assert float(term.total) == pytest.approx(expected, rel=rtol, abs=rtol)
    assert float(term.count) == case.target_mask.any(1).sum()
    assert term.total.dtype == dtype


LENGTHS = st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4)), min_size=1, max_size=4)


@given(
    seed=st.integers(0, 10**6),
    lengths=LENGTHS,
    layers=st.integers(1, 2),
    heads=st.integers(1, 3),
    zeros=st.sampled_from([0.0, 0.3]),
    average=st.sampled_from(list(AVERAGED_AXES)),
    reverse=st.booleans(),
)
def test_equals_the_oracle(**drawn):
    case = random_case(**drawn)
    compare(alignment_hint, case)
    compare(alignment_hint, case, "float32")


# What the comparison must notice. Each takes the arguments of alignment_hint.


def reversed_divergence(*arguments):
    return alignment_hint(*arguments[:5], not arguments[5])


def swapped(student, teacher, *rest):
    return alignment_hint(teacher, student, *rest)


def student_as_teacher(student, teacher, *rest):
    del teacher
    return alignment_hint(student, student, *rest)


def cross_entropy(student, teacher, target_mask, source_mask, *rest):
    """The authors' "kl": no entropy of the teacher; same gradient, another number."""
    term = alignment_hint(student, teacher, target_mask, source_mask, *rest)
    uniform = tf.ones_like(teacher)
    minus_entropy = alignment_hint(uniform, teacher, target_mask, source_mask, *rest)
    return LossTerm(term.total - minus_entropy.total, term.count)


def without_target_mask(student, teacher, target_mask, *rest):
    return alignment_hint(student, teacher, np.ones_like(target_mask), *rest)


def without_source_mask(student, teacher, target_mask, source_mask, *rest):
    return alignment_hint(student, teacher, target_mask, np.ones_like(source_mask), *rest)


def sentence_by_sentence(student, teacher, target_mask, source_mask, *rest):
    parts = (slice(b, b + 1) for b in range(len(target_mask)))
    return [
        alignment_hint(student[p], teacher[p], target_mask[p], source_mask[p], *rest).total
        for p in parts
    ]


def mean_over_padding(student, teacher, target_mask, *rest):
    """The authors' reduce_mean over the padded length."""
    totals = sentence_by_sentence(student, teacher, target_mask, *rest)
    lengths = target_mask.sum(1) / target_mask.shape[1]
    count = alignment_hint(student, teacher, target_mask, *rest).count
    return LossTerm(sum(t * n for t, n in zip(totals, lengths, strict=True)), count)


def mean_over_all_tokens(student, teacher, target_mask, *rest):
    """Long sentences count more."""
    totals = sentence_by_sentence(student, teacher, target_mask, *rest)
    lengths = target_mask.sum(1)
    count = alignment_hint(student, teacher, target_mask, *rest).count
    share = lengths / lengths.sum() * target_mask.any(1).sum()
    return LossTerm(sum(t * n for t, n in zip(totals, share, strict=True)), count)


def sum_over_heads(student, teacher, *rest):
    term = alignment_hint(student, teacher, *rest)
    return LossTerm(term.total * student.shape[2], term.count)


def averaged_over_heads(student, teacher, target_mask, source_mask, average, reverse):
    del average
    return alignment_hint(student, teacher, target_mask, source_mask, "head", reverse)


def cut_off_at_1e_9(student, teacher, *rest):
    """The authors' tf.maximum(a, 1e-9)."""
    return alignment_hint(tf.maximum(student, 1e-9), teacher, *rest)


MUTANTS = [
    reversed_divergence,
    swapped,
    student_as_teacher,
    cross_entropy,
    without_target_mask,
    without_source_mask,
    mean_over_padding,
    mean_over_all_tokens,
    sum_over_heads,
    averaged_over_heads,
    cut_off_at_1e_9,
]


@pytest.mark.parametrize("mutant", MUTANTS)
def test_mutants_are_noticed(mutant):
    case = random_case(21, [(4, 3), (2, 4), (3, 1), (1, 0)], zeros=0.2)
    compare(alignment_hint, case)
    with pytest.raises(AssertionError):
        compare(mutant, case)


@pytest.mark.parametrize("average, reverse", FORMS)
def test_gradient_equals_central_differences(average, reverse):
    case = random_case(22, [(3, 2), (2, 3), (1, 1)], average=average, reverse=reverse)
    variable = tf.Variable(case.student)
    with tf.GradientTape() as tape:
        total = alignment_hint(variable, tf.constant(case.teacher), *case[2:]).total
    gradient = tape.gradient(total, variable).numpy()
    loss = FORMS[average, reverse]
    expected = central_differences(lambda x: loss(x, *case[1:4], epsilon=TINY).sum(), case.student)
    np.testing.assert_allclose(gradient, expected, 1e-6, 1e-8)
    padding = ~(case.target_mask[:, :, None] & case.source_mask[:, None, :])[:, None, None]
    assert gradient.any() and not gradient[np.broadcast_to(padding, gradient.shape)].any()


@pytest.mark.parametrize("reverse", [False, True])
def test_no_gradient_reaches_the_teacher(reverse):
    case = random_case(23, [(3, 2), (2, 3)], reverse=reverse)
    student, teacher = tf.Variable(case.student), tf.Variable(case.teacher)
    with tf.GradientTape() as tape:
        total = alignment_hint(student, teacher, *case[2:]).total
    gradients = tape.gradient(total, [student, teacher])
    assert gradients[0] is not None and gradients[1] is None


LAWS = {
    "seed": st.integers(0, 10**6),
    "lengths": st.lists(st.tuples(st.integers(1, 4), st.integers(0, 4)), min_size=2, max_size=4),
}


@given(**LAWS)
@settings(max_examples=20)
def test_padding_is_slicing(seed, lengths):
    """More target rows and source columns, full of garbage, change nothing."""
    case = random_case(seed, lengths)
    pads = [(0, 0), (0, 0), (0, 0), (0, 2), (0, 1)]
    student, teacher = (np.pad(x, pads, constant_values=7.0) for x in case[:2])
    target_mask = np.pad(case.target_mask, [(0, 0), (0, 2)])
    source_mask = np.pad(case.source_mask, [(0, 0), (0, 1)])
    got = call(alignment_hint, Case(student, teacher, target_mask, source_mask))
    expected = call(alignment_hint, case)
    assert float(got.total) == pytest.approx(float(expected.total), rel=1e-10, abs=1e-12)
    assert float(got.count) == float(expected.count)


@given(**LAWS)
@settings(max_examples=20)
def test_adds_over_batches_in_any_order(seed, lengths):
    case = random_case(seed, lengths)
    arrays = case[:4]
    whole = call(alignment_hint, Case(*(x[::-1] for x in arrays)))
    parts = [
        call(alignment_hint, Case(*(x[p] for x in arrays))) for p in (slice(0, 1), slice(1, None))
    ]
    summed = sum(float(term.total) for term in parts)
    assert float(whole.total) == pytest.approx(summed, rel=1e-10, abs=1e-12)
    assert float(whole.count) == sum(float(term.count) for term in parts)


@pytest.mark.parametrize("average, reverse", FORMS)
def test_zero_if_and_only_if_alike(average, reverse):
    case = random_case(24, [(4, 3), (3, 4)], zeros=0.2, average=average, reverse=reverse)
    alike = case._replace(student=case.teacher)
    assert abs(float(call(alignment_hint, alike).total)) < 1e-15
    assert float(call(alignment_hint, case).total) > 0.1


def test_swapping_teacher_and_student_changes_it():
    case = random_case(25, [(4, 3), (3, 4)])
    other = case._replace(student=case.teacher, teacher=case.student)
    assert float(call(alignment_hint, case).total) != pytest.approx(
        float(call(alignment_hint, other).total)
    )


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("average, reverse", FORMS)
def test_degenerate_sentences_are_finite(dtype, average, reverse):
    """Attention of exactly 0 and 1 on opposite columns, one token each side, padding alone."""
    case = random_case(26, [(3, 3), (1, 1), (2, 0)], average=average, reverse=reverse)
    case.student[0], case.teacher[0] = [1.0, 0.0, 0.0], [0.0, 0.5, 0.5]
    masks = (case.target_mask, np.zeros_like(case.target_mask))
    for mask in masks:
        student = tf.Variable(case.student, dtype=dtype)
        with tf.GradientTape() as tape:
            teacher = tf.constant(case.teacher, dtype)
            term = alignment_hint(student, teacher, mask, *case[3:])
            mean = term.mean()
        assert np.isfinite(float(mean))
        assert np.isfinite(tape.gradient(mean, student).numpy()).all()
    assert (float(mean), float(term.count)) == (0.0, 0.0)


def test_gradient_reaches_small_attention():
    """A weight below 1e-9 still has its gradient −p/q; the authors' cut-off removes it."""
    case = random_case(27, [(2, 1)], layers=1, heads=1)
    case.student[:], case.teacher[:] = [1e-12, 1.0], [0.5, 0.5]
    student = tf.Variable(case.student, dtype="float32")
    with tf.GradientTape() as tape:
        total = alignment_hint(student, tf.constant(case.teacher, "float32"), *case[2:]).total
    gradient = tape.gradient(total, student).numpy().ravel()
    np.testing.assert_allclose(gradient, [-0.5e12, -0.5], 1e-5)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_logits_behind_a_vanished_weight_have_a_finite_gradient(dtype):
    """Through the softmax that made it, the gradient of a weight of 0 stays finite."""
    case = random_case(28, [(3, 2)], layers=1, heads=1)
    logits = tf.Variable(np.array([0.0, 300.0, -1e4]) * np.ones((1, 1, 1, 2, 1)), dtype=dtype)
    with tf.GradientTape() as tape:
        student = tf.nn.softmax(logits)
        total = alignment_hint(student, tf.constant(case.teacher, dtype), *case[2:]).total
    assert np.isfinite(float(total))
    assert np.isfinite(tape.gradient(total, logits).numpy()).all()
