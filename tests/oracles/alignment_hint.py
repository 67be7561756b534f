"""Hints from word alignments, section 2.2 of Li et al., EMNLP 2019 (arXiv 1909.06708).

    L_align = 1 / (Ty N H) sum_{t=1}^{Ty} sum_{l=1}^N sum_{h=1}^H D_KL(a^tr_{t,l,h} || a^st_{t,l,h})
    D_KL(p || q) = sum_j p_j (log p_j - log q_j),  0 log 0 = 0

Shapes: student, teacher float[B, N, H, T, S]; target_mask bool[B, T] and source_mask bool[B, S],
True = real token. Every loss is returned per sentence, float64[B]; a sentence without target tokens
gives 0. Padded source columns are left out, without renormalising. q is kept at or above `epsilon`
inside its logarithm; p is not.

The averaged forms are those of the released code (`distill_encdec_type`): the distributions of
teacher and student are averaged first, then compared.
"""

import numpy as np


def kl_divergence(p, q, epsilon=1e-9):
    """D_KL(p || q) over the entries given, in nats."""
    total = 0.0
    for p_j, q_j in zip(p, q, strict=True):
        if p_j > 0.0:
            total += p_j * (np.log(p_j) - np.log(max(q_j, epsilon)))
    return total


def _forward(teacher, student, epsilon):
    return kl_divergence(teacher, student, epsilon)


def _reverse(teacher, student, epsilon):
    return kl_divergence(student, teacher, epsilon)


def _per_head(attention):
    """[N, H, Ty, Tx] -> the N * H * Ty distributions."""
    layers, heads, length, _ = attention.shape
    rows = []
    for t in range(length):
        for layer in range(layers):
            for h in range(heads):
                rows.append(attention[layer, h, t])
    return rows


def _head_average(attention):
    """[N, H, Ty, Tx] -> N * Ty distributions, each the mean over the heads."""
    layers, heads, length, _ = attention.shape
    rows = []
    for t in range(length):
        for layer in range(layers):
            rows.append(sum(attention[layer, h, t] for h in range(heads)) / heads)
    return rows


def _layer_head_average(attention):
    """[N, H, Ty, Tx] -> Ty distributions, each the mean over layers and heads."""
    layers, heads, length, _ = attention.shape
    rows = []
    for t in range(length):
        total = 0.0
        for layer in range(layers):
            for h in range(heads):
                total = total + attention[layer, h, t]
        rows.append(total / (layers * heads))
    return rows


def _full_average(attention):
    """[N, H, Ty, Tx] -> one distribution, the mean over layers, heads and target positions."""
    rows = _layer_head_average(attention)
    return [sum(rows) / len(rows)]


def _loss(student, teacher, target_mask, source_mask, epsilon, distributions, divergence):
    student = np.asarray(student, np.float64)
    teacher = np.asarray(teacher, np.float64)
    losses = np.zeros(student.shape[0], np.float64)
    for b in range(student.shape[0]):
        rows = [t for t in range(len(target_mask[b])) if target_mask[b][t]]
        columns = [s for s in range(len(source_mask[b])) if source_mask[b][s]]
        if not rows:
            continue
        p = distributions(teacher[b][:, :, rows][:, :, :, columns])
        q = distributions(student[b][:, :, rows][:, :, :, columns])
        total = 0.0
        for p_i, q_i in zip(p, q, strict=True):
            total += divergence(p_i, q_i, epsilon)
        losses[b] = total / len(p)
    return losses


def alignment_hint(student, teacher, target_mask, source_mask, epsilon=1e-9):
    """The printed loss: KL(teacher || student) of every position, layer and head. float64[B]."""
    return _loss(student, teacher, target_mask, source_mask, epsilon, _per_head, _forward)


def alignment_hint_head_average(student, teacher, target_mask, source_mask, epsilon=1e-9):
    """`average_head`: heads averaged before KL; 1 / (Ty N). float64[B]."""
    return _loss(student, teacher, target_mask, source_mask, epsilon, _head_average, _forward)


def alignment_hint_layer_head_average(student, teacher, target_mask, source_mask, epsilon=1e-9):
    """`average_layer_head`: layers and heads averaged before KL; 1 / Ty. float64[B]."""
    return _loss(student, teacher, target_mask, source_mask, epsilon, _layer_head_average, _forward)


def alignment_hint_full_average(student, teacher, target_mask, source_mask, epsilon=1e-9):
    """`average_all`: layers, heads and real target positions averaged before KL. float64[B]."""
    return _loss(student, teacher, target_mask, source_mask, epsilon, _full_average, _forward)


def reverse_alignment_hint(student, teacher, target_mask, source_mask, epsilon=1e-9):
    """`reverse_kl`: KL(student || teacher) of every position, layer and head. float64[B]."""
    return _loss(student, teacher, target_mask, source_mask, epsilon, _per_head, _reverse)


def reverse_alignment_hint_head_average(student, teacher, target_mask, source_mask, epsilon=1e-9):
    """`reverse_kl` with `average_head`. float64[B]."""
    return _loss(student, teacher, target_mask, source_mask, epsilon, _head_average, _reverse)


def reverse_alignment_hint_layer_head_average(
    student, teacher, target_mask, source_mask, epsilon=1e-9
):
    """`reverse_kl` with `average_layer_head`. float64[B]."""
    return _loss(student, teacher, target_mask, source_mask, epsilon, _layer_head_average, _reverse)


def reverse_alignment_hint_full_average(student, teacher, target_mask, source_mask, epsilon=1e-9):
    """`reverse_kl` with `average_all`. float64[B]."""
    return _loss(student, teacher, target_mask, source_mask, epsilon, _full_average, _reverse)
