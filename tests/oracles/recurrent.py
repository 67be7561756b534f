"""Recurrent cells and their attention, number by number.

TensorFlow's BasicLSTMCell has i, j, f, o in this order and adds 1 to f; a state is c, then h.
"""

import numpy as np


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def affine(vector, kernel, column):
    """Sum over rows of vector · kernel[:, column]."""
    return sum(vector[row] * kernel[row, column] for row in range(len(vector)))


def lstm_step(x, state, kernel, recurrent_kernel, bias, forget_bias=1.0):
    """One step of one sentence: x float64[I], state float64[2H] -> float64[2H]."""
    size = len(state) // 2
    memory, hidden = state[:size], state[size:]
    total = [
        affine(x, kernel, k) + affine(hidden, recurrent_kernel, k) + bias[k]
        for k in range(4 * size)
    ]
    result = np.zeros(2 * size, np.float64)
    for n in range(size):
        i, j, f, o = (total[gate * size + n] for gate in range(4))
        result[n] = memory[n] * sigmoid(f + forget_bias) + sigmoid(i) * np.tanh(j)
        result[size + n] = np.tanh(result[n]) * sigmoid(o)
    return result


def gru_step(x, state, kernel, recurrent_kernel, bias):
    """One step of one sentence: update and reset gate, then the new state: float64[H]."""
    size = len(state)
    given = [affine(x, kernel, k) + bias[k] for k in range(3 * size)]
    update = [sigmoid(given[n] + affine(state, recurrent_kernel, n)) for n in range(size)]
    reset = [
        sigmoid(given[size + n] + affine(state, recurrent_kernel, size + n)) for n in range(size)
    ]
    kept = [reset[n] * state[n] for n in range(size)]
    new = [
        np.tanh(given[2 * size + n] + affine(kept, recurrent_kernel, 2 * size + n))
        for n in range(size)
    ]
    return np.array([update[n] * new[n] + (1.0 - update[n]) * state[n] for n in range(size)])


def luong_scores(query, memory, memory_kernel):
    """query · (memory_s · W) for every s of one sentence."""
    size = len(query)
    return np.array(
        [
            sum(query[k] * affine(memory[s], memory_kernel, k) for k in range(size))
            for s in range(len(memory))
        ]
    )


def bahdanau_scores(query, memory, memory_kernel, query_kernel, vector, scale=None, bias=None):
    """v · tanh(query · U + memory_s · W [+ b]); with a scale g, v is g v / |v|."""
    size = len(vector)
    if scale is not None:
        vector = [scale * v / np.sqrt(sum(u * u for u in vector)) for v in vector]
    scores = []
    for s in range(len(memory)):
        score = 0.0
        for k in range(size):
            inside = affine(query, query_kernel, k) + affine(memory[s], memory_kernel, k)
            inside += 0.0 if bias is None else bias[k]
            score += vector[k] * np.tanh(inside)
        scores.append(score)
    return np.array(scores)


def attend(scores, memory, length):
    """Softmax over the first `length` positions: context float64[M] and weights float64[S]."""
    weights = np.zeros(len(memory), np.float64)
    total = sum(np.exp(scores[s]) for s in range(length))
    for s in range(length):
        weights[s] = np.exp(scores[s]) / total
    context = np.zeros(memory.shape[1], np.float64)
    for s in range(length):
        context += weights[s] * memory[s]
    return context, weights
