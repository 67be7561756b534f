import math

import numpy as np
import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.probes import (
    AttentionAccumulator,
    CosineAccumulator,
    PairStatistics,
    cosine_matrix,
    entropy,
    kl_divergence,
)
from tests.oracles import cosine_statistics as oracle


@pytest.fixture
def batch():
    generator = np.random.default_rng(0)
    hidden = generator.normal(size=(4, 3, 6, 2)) + 0.5
    mask = np.arange(6) < np.array([[6], [3], [1], [0]])
    return hidden, mask


def accumulate(*batches, **kwargs):
    accumulator = CosineAccumulator(**kwargs)
    for hidden, mask in batches:
        accumulator.update(hidden, mask)
    return accumulator.result()


def test_matrix_equals_loops(batch):
    states = batch[0][0, 0]
    np.testing.assert_allclose(cosine_matrix(states), oracle.cosine_matrix(states), atol=1e-12)


def test_a_zero_state_is_like_no_other():
    assert cosine_matrix([[0.0, 0.0], [1.0, 0.0]]).tolist() == [[0.0, 0.0], [0.0, 1.0]]


def test_equal_states_never_exceed_one():
    states = np.random.default_rng(3).normal(size=(50, 7)).astype(np.float32)
    assert cosine_matrix(np.stack([states, states], axis=1)).max() <= 1.0


def test_statistics_equal_loops(batch):
    result = accumulate(batch)
    pairs = [result.overall, *result.layers]
    expected = [oracle.cosine_statistics(*batch), *oracle.layer_cosine_statistics(*batch)]
    for found, (mean, shares, count) in zip(pairs, expected, strict=True):
        assert found.mean == pytest.approx(mean)
        assert tuple(found.below.values()) == pytest.approx(shares)
        assert found.pairs == count
    assert result.overall.pairs == 3 * (15 + 3)


def test_batches_add_up(batch):
    hidden, mask = batch
    split = accumulate((hidden[:1], mask[:1]), (hidden[1:, :, :3], mask[1:, :3]))
    for found, expected in zip(split.layers, accumulate(batch).layers, strict=True):
        assert found.mean == pytest.approx(expected.mean)
        assert (found.below, found.pairs) == (expected.below, expected.pairs)


def test_padding_of_states_is_never_read(batch):
    hidden, mask = batch
    dirty = np.where(mask[:, None, :, None], hidden, np.nan)
    assert accumulate((dirty, mask)) == accumulate((hidden, mask))


def test_thresholds_are_strict_and_named():
    hidden = np.array([[[[1.0, 0.0], [1.0, 0.0]]]])
    result = accumulate((hidden, np.ones((1, 2), bool)), thresholds=(1.0,))
    assert result.overall == PairStatistics(mean=1.0, below={1.0: 0.0}, pairs=1)


def test_no_pairs_have_no_mean():
    result = accumulate((np.ones((1, 1, 1, 2)), np.ones((1, 1), bool)))
    assert result.overall.pairs == 0
    assert np.isnan(result.overall.mean)


def test_refusals_of_states(batch):
    hidden, mask = batch
    accumulator = CosineAccumulator()
    with pytest.raises(InputError, match="at least 1 batch"):
        accumulator.result()
    with pytest.raises(InputError, match=r"\[B, N, T, D\]"):
        accumulator.update(hidden, mask[:, :-1])
    accumulator.update(hidden, mask)
    with pytest.raises(InputError, match="2 layers after batches of 3"):
        accumulator.update(hidden[:, :2], mask)


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


def test_padding_of_attention_is_never_read():
    student = random_attention(0)
    dirty = np.where(MASK[:, None, None, :, None], student, np.nan)
    results = []
    for weights in (student, dirty):
        accumulator = AttentionAccumulator()
        accumulator.update(weights, MASK, teacher=weights)
        result = accumulator.result()
        per_head = result.entropy_per_head.tolist()
        results.append((result.entropy, result.kl_to_teacher, per_head, result.tokens))
    assert results[0] == results[1]


def test_sharpest_head():
    weights = np.full((1, 2, 3, 1, 4), 0.25)
    weights[0, 1, 2, 0] = [1, 0, 0, 0]
    accumulator = AttentionAccumulator()
    accumulator.update(weights, np.array([[True]]))
    assert accumulator.result().sharpest_head() == (1, 2)
    assert accumulator.result().kl_to_teacher is None


def test_refusals_of_attention():
    accumulator = AttentionAccumulator()
    with pytest.raises(InputError, match="at least 1 target token"):
        accumulator.result()
    with pytest.raises(InputError, match=r"\[B, N, H, T, S\]"):
        accumulator.update(random_attention(0)[0], MASK)
    with pytest.raises(InputError, match="the teacher's is"):
        accumulator.update(random_attention(0), MASK, teacher=random_attention(0)[:, :1])
    with pytest.raises(InputError, match="at least 1 target token"):
        accumulator.result()
