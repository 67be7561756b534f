"""Highway connection of a feed-forward sublayer (HighwayBlock of dl4mt-nonauto), by loops."""

import math

import numpy as np


def highway(x, y, hidden, hidden_bias, output, output_bias):
    """x g + y (1 - g), g = sigmoid(output^T relu(hidden^T x + b) + b'): float64[N, D]."""
    result = np.zeros_like(x)
    for row in range(x.shape[0]):
        inner = [max(x[row] @ hidden[:, f] + hidden_bias[f], 0.0) for f in range(hidden.shape[1])]
        for d in range(x.shape[1]):
            logit = sum(inner[f] * output[f, d] for f in range(len(inner))) + output_bias[d]
            gate = 1.0 / (1.0 + math.exp(-logit))
            result[row, d] = x[row, d] * gate + y[row, d] * (1.0 - gate)
    return result
