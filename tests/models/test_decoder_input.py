"""The copies of the source onto target positions."""

import keras
import numpy as np
import pytest

from t2t_hint_nart.models.decoder_input import hard_endpoints, hard_uniform, soft_uniform
from tests.oracles import hard_endpoints as endpoints_oracle
from tests.oracles.hard_copy import hard_copy, hard_copy_indices
from tests.oracles.soft_copy import soft_copy

COPIES = [
    (hard_uniform, hard_copy),
    (soft_uniform, soft_copy),
    (hard_endpoints, endpoints_oracle.hard_endpoints),
]


def compare(copy, oracle, source_lengths, target_lengths, size, length, dtype="float64"):
    """The copy of random vectors equals the oracle's; garbage beyond a source is not read."""
    source = np.random.default_rng(3).normal(size=(len(source_lengths), size, 3))
    source_mask = np.arange(size) < np.array(source_lengths)[:, None]
    target_mask = np.arange(length) < np.array(target_lengths)[:, None]
    source[~source_mask] = 1e3
    got = copy(keras.ops.convert_to_tensor(source.astype(dtype)), source_mask, target_mask)
    expected = oracle(source, source_lengths, target_lengths, length)
    rtol = 1e-10 if dtype == "float64" else 2e-4
    np.testing.assert_allclose(got, expected, rtol, rtol)


@pytest.mark.parametrize("copy, oracle", COPIES)
@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_every_pair_of_lengths(copy, oracle, dtype):
    """Sources of 1 to 9 tokens, targets of 0 to 19: more than twice as long among them."""
    pairs = [(tx, ty) for tx in range(1, 10) for ty in range(20)]
    source_lengths, target_lengths = zip(*pairs, strict=True)
    compare(copy, oracle, source_lengths, target_lengths, 9, 20, dtype)


@pytest.mark.parametrize("copy, oracle", COPIES)
def test_long_sentences_in_float32(copy, oracle):
    """t·Tx/Ty in float32 rounds to the same positions as it does in float64."""
    pairs = [(256, 255), (255, 256), (86, 172), (43, 128), (172, 86), (253, 3), (3, 253)]
    source_lengths, target_lengths = zip(*pairs, strict=True)
    compare(copy, oracle, source_lengths, target_lengths, 256, 256, "float32")


@pytest.mark.parametrize("copy, oracle", COPIES)
def test_the_comparison_notices_a_wrong_copy(copy, oracle):
    def without_padding(source, source_mask, target_mask):
        return copy(source, source_mask, np.ones_like(target_mask))

    def of_padded_source(source, source_mask, target_mask):
        return copy(source, np.ones_like(source_mask), target_mask)

    for wrong in (without_padding, of_padded_source):
        with pytest.raises(AssertionError):
            compare(wrong, oracle, (3, 5), (6, 2), 5, 6)


def test_halves_round_to_even_and_stay_in_the_sentence():
    """Tx = 3, Ty = 6: 0, ½, 1, 1½, 2, 2½ → 0, 0, 1, 2, 2, 2."""
    source = keras.ops.reshape(keras.ops.arange(4, dtype="float32"), (1, 4, 1))
    source_mask = np.array([[True, True, True, False]])
    copied = hard_uniform(source, source_mask, np.ones((1, 6), bool))
    expected = [0, 0, 1, 2, 2, 2]
    assert np.asarray(copied)[0, :, 0].tolist() == expected
    assert hard_copy_indices([3], [6], 6)[0].tolist() == expected


@pytest.mark.parametrize("copy", [hard_uniform, soft_uniform])
def test_rows_of_padding_are_zero(copy):
    source = keras.ops.ones((2, 3, 2))
    nothing = np.zeros((2, 4), bool)
    assert not np.asarray(copy(source, np.zeros((2, 3), bool), nothing)).any()
