"""Convolutions of T2T's conv_block in NumPy float64, position by position.

Source: T2T 1.15 layers/common_layers.py, conv_block_internal: relu, convolution without a bias,
layer norm; models/research/transformer_vae.py, residual_conv.
"""

import numpy as np


def layer_norm(x, scale, bias):
    """(x − mean)/√(variance + 1e-6)·scale + bias of a vector float64[D]."""
    mean = sum(x) / len(x)
    variance = sum((value - mean) ** 2 for value in x) / len(x)
    return (x - mean) / np.sqrt(variance + 1e-6) * scale + bias


def convolution(params, x, stride=1, relu=True):
    """One of a sentence alone, zeros around it: float64[L, D] → float64[L/stride, F].

    `params`: kernel [k, D, F], norm/gamma [F], norm/beta [F].
    """
    kernel = params["kernel"]
    width, left = len(kernel), (len(kernel) - 1) // 2 if stride == 1 else 0
    rows = []
    for start in range(0, len(x), stride):
        total = np.zeros(kernel.shape[2])
        for offset in range(width):
            place = start + offset - left
            if 0 <= place < len(x):
                seen = np.maximum(x[place], 0.0) if relu else x[place]
                total += seen @ kernel[offset]
        rows.append(layer_norm(total, params["norm/gamma"], params["norm/beta"]))
    return np.array(rows)


def residual(params, x):
    """X + three convolutions of norm(x)."""
    y = np.array([layer_norm(row, params["norm/gamma"], params["norm/beta"]) for row in x])
    for index in range(3):
        prefix = f"convolution_{index}/"
        own = {n.removeprefix(prefix): v for n, v in params.items() if n.startswith(prefix)}
        y = convolution(own, y)
    return x + y
