"""The convolutional model of Gehring et al. 2017 as fairseq's fconv has it, by loops.

Parameters are a dict with the model's names: "<part>/kernel/direction" [..., out] and
"<part>/kernel/length" [out] of a weight-normed kernel, "<part>/bias" [out], and the tables of
embeddings. One sentence at a time, without padding.
"""

import numpy as np

HALF = np.sqrt(0.5)


def kernel(direction, length):
    """W[..., o] = length[o] direction[..., o] / sqrt(sum of squares over all but o)."""
    normed = np.zeros_like(direction)
    for o in range(direction.shape[-1]):
        squares = 0.0
        for value in direction[..., o].flat:
            squares += value * value
        normed[..., o] = direction[..., o] * length[o] / np.sqrt(squares)
    return normed


def linear(params, part, x):
    """x W + b for x[T, D]."""
    weights = kernel(params[f"{part}/kernel/direction"], params[f"{part}/kernel/length"])
    return x @ weights + params[f"{part}/bias"]


def gated_convolution(weights, bias, x, causal):
    """GLU of a convolution: weights [k, D, 2c], x [T, D] -> [T, c]."""
    taps, width, channels = weights.shape
    first = -(taps - 1) if causal else -((taps - 1) // 2)
    result = np.zeros((len(x), channels // 2))
    for t in range(len(x)):
        made = bias.copy()
        for j in range(taps):
            place = t + first + j
            if not 0 <= place < len(x):
                continue
            for d in range(width):
                made += x[place, d] * weights[j, d]
        for c in range(channels // 2):
            result[t, c] = made[c] / (1.0 + np.exp(-made[channels // 2 + c]))
    return result


def attention(params, part, h, target, keys, embedded):
    """Multi-step attention: h [T, c], target [T, D], keys and embedded [S, D].

    Returns:
        [T, c] and weights [T, S].
    """
    asked = (linear(params, f"{part}/query", h) + target) * HALF
    weights = np.zeros((len(h), len(keys)))
    mixed = np.zeros((len(h), keys.shape[1]))
    for t in range(len(h)):
        scores = np.array([sum(asked[t] * keys[s]) for s in range(len(keys))])
        exponentials = np.exp(scores - scores.max())
        weights[t] = exponentials / exponentials.sum()
        for s in range(len(keys)):
            mixed[t] += weights[t, s] * (keys[s] + embedded[s]) * HALF
    # S sqrt(1 / S): as if the sum were of S independent values.
    mixed = mixed * len(keys) * np.sqrt(1.0 / len(keys))
    return (linear(params, f"{part}/output_transform", mixed) + h) * HALF, weights


def embed(params, side, ids):
    """Tokens, PAD being zero, plus positions."""
    rows = []
    for t, token in enumerate(ids):
        row = params[f"{side}positions"][min(t, len(params[f"{side}positions"]) - 1)].copy()
        rows.append(row + params[f"{side}table"][token] if token else row)
    return np.array(rows)


def _layer(params, part, x, causal, attended=None):
    name = f"{part}/convolution"
    weights = kernel(params[f"{name}/kernel/direction"], params[f"{name}/kernel/length"])
    made, seen = gated_convolution(weights, params[f"{name}/bias"], x, causal), None
    if attended is not None:
        made, seen = attention(params, f"{part}/attention", made, *attended)
    residual = linear(params, f"{part}/projection", x) if f"{part}/projection/bias" in params else x
    return (made + residual) * HALF, seen


def _depth(params, prefix):
    count = 0
    while f"{prefix}layer_{count}/convolution/bias" in params:
        count += 1
    return count


def forward(params, inputs, targets):
    """Logits [T, V] and attention [N, T, S] of one pair of id lists."""
    embedded = embed(params, "encoder/embedding/", inputs)
    x = linear(params, "encoder/input_transform", embedded)
    for index in range(_depth(params, "encoder/")):
        x, _ = _layer(params, f"encoder/layer_{index}", x, False)
    keys = linear(params, "encoder/output_transform", x)
    target = embed(params, "embedding/", [0, *targets[:-1]])
    x, seen = linear(params, "input_transform", target), []
    for index in range(_depth(params, "")):
        x, weights = _layer(params, f"layer_{index}", x, True, (target, keys, embedded))
        seen.append(weights)
    logits = linear(params, "softmax", linear(params, "output_transform", x))
    return logits, np.array(seen)
