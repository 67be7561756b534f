"""Forward pass of the non-autoregressive student in NumPy float64.

Sources: section 2 of arXiv 1909.06708, Gu et al. 2018 and the authors' models/transformer_nat.py.
Parameters are named as in tests.oracles.transformer, with one more block a decoder layer,
`positional_attention`; the student has no target embedding.

Decoder input: source embeddings (no timing, no space embedding) copied uniformly, plus timing. Each
layer: self-attention over the real target positions but the query's own (a sentence of one token
attends to itself), positional attention (q, k from the timing signal, v from the states, same
mask), encoder-decoder attention, feed forward. Rows at target padding are of no meaning.
"""

import numpy as np

from tests.oracles.hard_copy import hard_copy
from tests.oracles.timing_signal import timing_signal
from tests.oracles.transformer import (
    attend,
    attention_block,
    collect,
    embed,
    encdec_block,
    encode,
    feed_forward_block,
    layer_count,
    postprocess,
    preprocess,
)


def self_attention_mask(target_mask, without_self=True):
    """bool[B, T, T]: key j is real, and not the query's own unless the sentence has one token."""
    target_mask = np.asarray(target_mask, bool)
    batch, length = target_mask.shape
    allowed = np.zeros((batch, length, length), bool)
    for b in range(batch):
        tokens = int(target_mask[b].sum())
        for i in range(length):
            for j in range(length):
                own = without_self and i == j and tokens > 1
                allowed[b, i, j] = target_mask[b, j] and not own
    return allowed


def positional_block(params, name, x, allowed, num_heads, pre_norm):
    """Positional attention block: q and k are projections of the bare timing signal."""
    batch, length, width = x.shape
    timing = np.repeat(timing_signal(length, width)[None], batch, axis=0)
    y = preprocess(params, name, x, pre_norm)
    y, _ = attend(params, name, timing, timing, y, allowed, num_heads)
    return postprocess(params, name, x, y, pre_norm)


def coverage_bias(source_lengths, target_lengths, source_size, length, alpha, shape):
    """Fork's attention coverage: alpha * shape(t Tx / Ty - j), float64[B, T, S]."""
    bias = np.zeros((len(source_lengths), length, source_size), np.float64)
    for b, (tx, ty) in enumerate(zip(source_lengths, target_lengths, strict=True)):
        for t in range(int(ty)):
            for j in range(int(tx)):
                bias[b, t, j] = alpha * shape(t * int(tx) / int(ty) - j)
    return bias


def square_coverage(distance):
    """`soft_bias_square`: -distance^2."""
    return -(distance**2)


def log_coverage(distance):
    """`soft_bias_log`: -ln(|distance| + 1)."""
    return -np.log(abs(distance) + 1.0)


def student_forward(
    params,
    inputs,
    target_mask,
    num_heads,
    pre_norm,
    target_space_id=0,
    copy=hard_copy,
    copy_encoder_output=False,
    attention_without_self=True,
    coverage_alpha=0.0,
    coverage=square_coverage,
    timing=True,
):
    """inputs int[B, S], target_mask bool[B, T] (True = real, from the left) -> Forward.

    copy: hard_copy (hard_uniform) or soft_copy (soft_uniform), functions of the modules so named;
    with copy_encoder_output the encoder's output is copied in place of the embeddings
    (`*_encoder_output`). Layers without positional_attention parameters skip that block.
    """
    inputs, target_mask = np.asarray(inputs), np.asarray(target_mask, bool)
    memory = encode(params, inputs, num_heads, pre_norm, target_space_id, timing)
    source = memory if copy_encoder_output else embed(params["source_embedding"], inputs)
    source_lengths, target_lengths = (inputs != 0).sum(1), target_mask.sum(1)
    length = target_mask.shape[1]
    x = copy(source, source_lengths, target_lengths, length)
    if timing:
        x = x + timing_signal(length, x.shape[2])
    allowed = self_attention_mask(target_mask, attention_without_self)
    readable = np.repeat((inputs != 0)[:, None, :], length, axis=1)
    bias = None
    if coverage_alpha > 0.0:
        size = inputs.shape[1]
        bias = coverage_bias(source_lengths, target_lengths, size, length, coverage_alpha, coverage)
    hidden, weights = [], []
    for layer in range(layer_count(params, "decoder")):
        name = f"decoder/{layer}"
        x = attention_block(params, f"{name}/self_attention", x, allowed, num_heads, pre_norm)
        if f"{name}/positional_attention/output/kernel" in params:
            positional = f"{name}/positional_attention"
            x = positional_block(params, positional, x, allowed, num_heads, pre_norm)
        encdec = f"{name}/encdec_attention"
        x, attention = encdec_block(params, encdec, x, memory, readable, num_heads, pre_norm, bias)
        x = feed_forward_block(params, f"{name}/ffn", x, pre_norm)
        hidden.append(x)
        weights.append(attention)
    return collect(params, hidden, weights, memory, pre_norm)
