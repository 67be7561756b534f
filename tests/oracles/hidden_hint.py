"""Hints from hidden states, section 2.2 of Li et al., EMNLP 2019 (arXiv 1909.06708).

    L_hid = 2 / ((Ty-1) Ty N) sum_{s=1}^{Ty-1} sum_{t=s+1}^{Ty} sum_{l=1}^{N} phi(d_st, d_tr)
    d_st = cos(r^st_{s,l}, r^st_{t,l}),  d_tr = cos(r^tr_{s,l}, r^tr_{t,l})
    phi(d_st, d_tr) = -log(1 - d_st) if d_st >= gamma_st and d_tr <= gamma_tr, else 0

Shapes: student, teacher float[B, N, T, D]; mask bool[B, T], True = real token. Every loss is
returned per sentence, float64[B]; a sentence with fewer than two tokens has no pair and gives 0.
1 - d_st is kept at or above `epsilon`, so that equal states give a finite penalty.
"""

import numpy as np


def cosine(a, b):
    """cos = <a, b> / (|a| |b|), section 2.1; 0 where one of the two vectors is zero."""
    a = np.asarray(a, np.float64)
    b = np.asarray(b, np.float64)
    norm_a = np.sqrt(np.sum(a * a))
    norm_b = np.sqrt(np.sum(b * b))
    if norm_a == 0.0 or norm_b == 0.0:
        return 0.0
    return float(np.sum(a * b) / (norm_a * norm_b))


def _negative_log(d, epsilon):
    return -np.log(max(1.0 - d, epsilon))


def _exponential(d, epsilon):
    del epsilon
    return np.exp(d)


def _identity(d, epsilon):
    del epsilon
    return d


def _all_pairs(positions):
    """Every pair s < t; with the factor 2 / ((Ty-1) Ty)."""
    length = len(positions)
    pairs = []
    for i in range(length - 1):
        for j in range(i + 1, length):
            pairs.append((positions[i], positions[j]))
    return pairs, 2.0 / ((length - 1) * length)


def _neighbours(positions):
    """The pairs (s, s+1) only; with the factor 1 / (Ty-1)."""
    length = len(positions)
    pairs = []
    for i in range(length - 1):
        pairs.append((positions[i], positions[i + 1]))
    return pairs, 1.0 / (length - 1)


def _passes(d_st, d_tr, gamma_st, gamma_tr):
    return d_st >= gamma_st and d_tr <= gamma_tr


def _loss(student, teacher, mask, gamma_st, gamma_tr, epsilon, choose_pairs, penalty):
    student = np.asarray(student, np.float64)
    teacher = np.asarray(teacher, np.float64)
    batch, layers = student.shape[0], student.shape[1]
    losses = np.zeros(batch, np.float64)
    for b in range(batch):
        positions = [t for t in range(len(mask[b])) if mask[b][t]]
        if len(positions) < 2:
            continue
        pairs, factor = choose_pairs(positions)
        total = 0.0
        for s, t in pairs:
            for layer in range(layers):
                d_st = cosine(student[b, layer, s], student[b, layer, t])
                d_tr = cosine(teacher[b, layer, s], teacher[b, layer, t])
                if _passes(d_st, d_tr, gamma_st, gamma_tr):
                    total += penalty(d_st, epsilon)
        losses[b] = factor / layers * total
    return losses


def hidden_hint(student, teacher, mask, gamma_st, gamma_tr, epsilon=1e-6):
    """The printed loss: all pairs, phi = -log(max(1 - d_st, epsilon)). float64[B]."""
    return _loss(student, teacher, mask, gamma_st, gamma_tr, epsilon, _all_pairs, _negative_log)


def hidden_hint_exp(student, teacher, mask, gamma_st, gamma_tr):
    """All pairs with phi = exp(d_st), the other choice named in section 2.2. float64[B]."""
    return _loss(student, teacher, mask, gamma_st, gamma_tr, 0.0, _all_pairs, _exponential)


def hidden_hint_identity(student, teacher, mask, gamma_st, gamma_tr):
    """All pairs with phi = d_st, the released code's `identity`. float64[B]."""
    return _loss(student, teacher, mask, gamma_st, gamma_tr, 0.0, _all_pairs, _identity)


def neighbor_hidden_hint(student, teacher, mask, gamma_st, gamma_tr, epsilon=1e-6):
    """Pairs (s, s+1) only, divided by (Ty-1) N; phi = -log(max(1 - d_st, epsilon)). float64[B]."""
    return _loss(student, teacher, mask, gamma_st, gamma_tr, epsilon, _neighbours, _negative_log)


def neighbor_hidden_hint_exp(student, teacher, mask, gamma_st, gamma_tr):
    """Pairs (s, s+1) only, divided by (Ty-1) N; phi = exp(d_st). float64[B]."""
    return _loss(student, teacher, mask, gamma_st, gamma_tr, 0.0, _neighbours, _exponential)


def neighbor_hidden_hint_identity(student, teacher, mask, gamma_st, gamma_tr):
    """Pairs (s, s+1) only, divided by (Ty-1) N; phi = d_st. float64[B]."""
    return _loss(student, teacher, mask, gamma_st, gamma_tr, 0.0, _neighbours, _identity)


def gate_counts(student, teacher, mask, gamma_st, gamma_tr, neighbors_only=False):
    """(passed int[B], pairs int[B]): (pair, layer) combinations inside both thresholds, and all."""
    student = np.asarray(student, np.float64)
    teacher = np.asarray(teacher, np.float64)
    batch, layers = student.shape[0], student.shape[1]
    passed = np.zeros(batch, np.int64)
    total = np.zeros(batch, np.int64)
    for b in range(batch):
        positions = [t for t in range(len(mask[b])) if mask[b][t]]
        if len(positions) < 2:
            continue
        pairs, _ = _neighbours(positions) if neighbors_only else _all_pairs(positions)
        for s, t in pairs:
            for layer in range(layers):
                d_st = cosine(student[b, layer, s], student[b, layer, t])
                d_tr = cosine(teacher[b, layer, s], teacher[b, layer, t])
                total[b] += 1
                if _passes(d_st, d_tr, gamma_st, gamma_tr):
                    passed[b] += 1
    return passed, total


def gate_fraction(student, teacher, mask, gamma_st, gamma_tr, neighbors_only=False):
    """Share of all (pair, layer) combinations of the batch that are penalised; 0 without pairs."""
    passed, total = gate_counts(student, teacher, mask, gamma_st, gamma_tr, neighbors_only)
    return float(passed.sum()) / float(total.sum()) if total.sum() else 0.0
