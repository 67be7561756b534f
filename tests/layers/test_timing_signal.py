"""The timing signal: T2T's golden value, the oracle, odd widths."""

import numpy as np
import pytest

from t2t_hint_nart.layers.timing_signal import timing_signal
from tests.oracles import timing_signal as oracle


def test_golden_value():
    expected = [0.8415, 0.0464, 0.0022, 0.0001, 0.5403, 0.9989, 1.0, 1.0]
    assert np.round(timing_signal([1], 8)[0], 4) == pytest.approx(expected)


@pytest.mark.parametrize("channels", [2, 3, 7, 8, 512])
def test_equals_the_oracle(channels):
    expected = oracle.timing_signal(40, channels)
    got = timing_signal(np.arange(40), channels, "float64")
    np.testing.assert_allclose(got, expected, 1e-10, 1e-12)
    # float32 angles of up to 39 radians are off by 39·6e-8.
    np.testing.assert_allclose(timing_signal(np.arange(40), channels), expected, 2e-4, 1e-5)


def test_any_positions():
    """A decoding step asks for one position, a tensor."""
    got = timing_signal(np.array([5, 0]), 8, "float64")
    np.testing.assert_allclose(got, oracle.timing_signal(6, 8)[[5, 0]], 1e-10)


def test_sines_come_before_cosines():
    """Interleaved signals (keras-hub) are another network's."""
    first = np.asarray(timing_signal([0], 8))[0]
    assert first.tolist() == [0, 0, 0, 0, 1, 1, 1, 1]
