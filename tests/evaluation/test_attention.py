import math

import numpy as np
import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.attention import AttentionAccumulator, entropy, kl_divergence


def random_attention(seed, shape=(2, 2, 3, 4, 5)):
    weights = np.random.default_rng(seed).random(shape)
    return weights / weights.sum(axis=-1, keepdims=True)


MASK = np.array([[True, True, True, False], [True, False, False, False]])


def loop_means(student, teacher):
    """Mean entropy and divergence over real target tokens, layers and heads, by loops."""
    entropies, divergences = [], []
    for b, t in zip(*np.nonzero(MASK), strict=True):
        for layer in range(student.shape[1]):
            for head in range(student.shape[2]):
                st, tr = student[b, layer, head, t], teacher[b, layer, head, t]
                entropies.append(-sum(p * math.log(p) for p in st))
                divergences.append(sum(q * math.log(q / p) for q, p in zip(tr, st, strict=True)))
    return np.mean(entropies), np.mean(divergences)


def test_means_equal_loops():
    student, teacher = random_attention(0), random_attention(1)
    accumulator = AttentionAccumulator()
    accumulator.update(student[:1], MASK[:1], teacher=teacher[:1])
    accumulator.update(student[1:], MASK[1:], teacher=teacher[1:])
    result = accumulator.result()
    assert (result.entropy, result.kl_to_teacher) == pytest.approx(loop_means(student, teacher))
    assert result.tokens == 4


def test_known_values():
    assert entropy([0.25] * 4) == pytest.approx(math.log(4))
    assert entropy([1.0, 0.0]) == 0.0
    assert kl_divergence([0.5, 0.5], [0.5, 0.5]) == 0.0
    assert kl_divergence([1.0, 0.0], [0.25, 0.75]) == pytest.approx(math.log(4))


def test_a_student_that_looks_elsewhere_is_finitely_far():
    assert kl_divergence([1.0, 0.0], [0.0, 1.0]) == pytest.approx(-math.log(1e-9))


def test_divergence_is_not_symmetric():
    teacher, student = [0.9, 0.1], [0.5, 0.5]
    assert kl_divergence(teacher, student) != pytest.approx(kl_divergence(student, teacher))


def test_padding_is_never_read():
    student = random_attention(0)
    dirty = np.where(MASK[:, None, None, :, None], student, np.nan)
    results = []
    for weights in (student, dirty):
        accumulator = AttentionAccumulator()
        accumulator.update(weights, MASK, teacher=weights)
        results.append(accumulator.result().to_dict())
    assert results[0] == results[1]


def test_sharpest_head():
    weights = np.full((1, 2, 3, 1, 4), 0.25)
    weights[0, 1, 2, 0] = [1, 0, 0, 0]
    accumulator = AttentionAccumulator()
    accumulator.update(weights, np.array([[True]]))
    assert accumulator.result().sharpest_head() == (1, 2)
    assert accumulator.result().kl_to_teacher is None


def test_refusals():
    accumulator = AttentionAccumulator()
    with pytest.raises(InputError, match="at least 1 target token"):
        accumulator.result()
    with pytest.raises(InputError, match=r"\[B, N, H, T, S\]"):
        accumulator.update(random_attention(0)[0], MASK)
    with pytest.raises(InputError, match="the teacher's is"):
        accumulator.update(random_attention(0), MASK, teacher=random_attention(0)[:, :1])
    with pytest.raises(InputError, match="at least 1 target token"):
        accumulator.result()
