"""Gradients by central differences, of the oracles."""

import numpy as np


def central_differences(function, x, step=1e-6):
    """Gradient of a scalar function at float64 array x, one entry at a time."""
    gradient = np.zeros_like(x)
    for index in np.ndindex(x.shape):
        above, below = x.copy(), x.copy()
        above[index] += step
        below[index] -= step
        gradient[index] = (function(above) - function(below)) / (2.0 * step)
    return gradient
