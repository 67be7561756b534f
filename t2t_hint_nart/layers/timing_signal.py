"""The sinusoidal timing signal of tensor2tensor: all sines, then all cosines."""

import math

import numpy as np
from keras import ops

from t2t_hint_nart.layers.precision import wide

MIN_TIMESCALE = 1.0
MAX_TIMESCALE = 1.0e4


def timing_signal(positions, channels: int, dtype: str = "float32"):
    """Return the timing signal of the given positions.

    signal[t, i] = sin(t / τ_i) for i < ⌊channels/2⌋, then cos(t / τ_i), with τ_i geometric from 1
    to 10⁴ (T2T common_attention.get_timing_signal_1d; the exponent is i/(channels/2 − 1), not the
    paper's 2i/channels). The last channel is zero when `channels` is odd.

    Args:
        positions: int[T], counted from 0.
        channels: width D of the signal.
        dtype: floating type of the result.

    Returns:
        dtype[T, channels].

    Example:
        >>> [round(float(x), 4) for x in timing_signal([1], 8)[0]]
        [0.8415, 0.0464, 0.0022, 0.0001, 0.5403, 0.9989, 1.0, 1.0]
    """
    num_timescales = channels // 2
    increment = math.log(MAX_TIMESCALE / MIN_TIMESCALE) / max(num_timescales - 1, 1)
    inverse_timescales = MIN_TIMESCALE * np.exp(-increment * np.arange(num_timescales))
    # A position is no bfloat16: of these there are but 256 for the numbers from 256 to 65,536.
    exact = wide(dtype)
    angles = ops.expand_dims(ops.cast(positions, exact), 1) * ops.cast(inverse_timescales, exact)
    signal = ops.cast(ops.concatenate([ops.sin(angles), ops.cos(angles)], axis=1), dtype)
    return ops.pad(signal, [[0, 0], [0, channels % 2]]) if channels % 2 else signal
