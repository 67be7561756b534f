"""Timing signal of tensor2tensor (common_attention.get_timing_signal_1d).

    inv_timescale_i = min * exp(-i ln(max / min) / (d/2 - 1)),  i = 0 .. d/2 - 1
    signal[p] = [sin(p inv_0), ..., sin(p inv_{d/2-1}), cos(p inv_0), ..., cos(p inv_{d/2-1})]

All sines, then all cosines; positions from 0; the last channel is zero if d is odd.
"""

import numpy as np


def timing_signal(length, channels, min_timescale=1.0, max_timescale=1.0e4):
    """float64[length, channels]."""
    count = channels // 2
    increment = np.log(max_timescale / min_timescale) / max(count - 1, 1)
    signal = np.zeros((length, channels), np.float64)
    for position in range(length):
        for i in range(count):
            angle = position * min_timescale * np.exp(-i * increment)
            signal[position, i] = np.sin(angle)
            signal[position, count + i] = np.cos(angle)
    return signal
