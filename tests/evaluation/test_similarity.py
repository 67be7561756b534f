import numpy as np
import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.similarity import CosineAccumulator, cosine_matrix
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


def test_padding_is_never_read(batch):
    hidden, mask = batch
    dirty = np.where(mask[:, None, :, None], hidden, np.nan)
    assert accumulate((dirty, mask)) == accumulate((hidden, mask))


def test_thresholds_are_strict_and_named():
    hidden = np.array([[[[1.0, 0.0], [1.0, 0.0]]]])
    result = accumulate((hidden, np.ones((1, 2), bool)), thresholds=(1.0,))
    assert result.overall.to_dict() == {"mean": 1.0, "below": {"1": 0.0}, "pairs": 1}


def test_no_pairs_have_no_mean():
    result = accumulate((np.ones((1, 1, 1, 2)), np.ones((1, 1), bool)))
    assert result.overall.pairs == 0
    assert np.isnan(result.overall.mean)


def test_refusals(batch):
    hidden, mask = batch
    accumulator = CosineAccumulator()
    with pytest.raises(InputError, match="at least 1 batch"):
        accumulator.result()
    with pytest.raises(InputError, match=r"\[B, N, T, D\]"):
        accumulator.update(hidden, mask[:, :-1])
    accumulator.update(hidden, mask)
    with pytest.raises(InputError, match="2 layers after batches of 3"):
        accumulator.update(hidden[:, :2], mask)
