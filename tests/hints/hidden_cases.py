"""Cases of the hint from hidden states, and their comparison with the oracle."""

from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from tests.oracles import hidden_hint as oracle
from tests.oracles.cosine_statistics import pair_cosines

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
