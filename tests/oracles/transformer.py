"""Forward pass of tensor2tensor's Transformer in NumPy float64: the autoregressive teacher.

Sources: T2T 1.2.9 models/transformer.py, layers/common_attention.py, common_layers.py; 1.15 where
it differs. No dropout. Inputs and targets are ids, 0 is padding.

Parameters are one flat dict of arrays. D width, F filter size, V vocabulary.
  source_embedding, target_embedding, softmax   [V, D]  (one array three times when shared)
  target_space                                  [32, D] (left out: nothing is added)
  <stack>/<i>/<block>/norm/{scale,bias}         [D]     the pre- or the post-norm of this block
  <stack>/norm/{scale,bias}                     [D]     final norm, pre-norm models only
where stack is `encoder` or `decoder`, i counts from 0, and block is one of
  self_attention        qkv [D, 3D], output [D, D]
  positional_attention  qk [D, 2D], v [D, D], output [D, D]    (student only)
  encdec_attention      q [D, D], kv [D, 2D], output [D, D]
  ffn                   hidden [D, F], output [F, D]
each projection being <stack>/<i>/<block>/<projection>/{kernel,bias}. Any attention block may
instead hold separate q, k, v (1.15). A missing bias is 0: 1.15 has none in attention. Queries and
keys may be K wide and values V wide instead of D: the projections' widths tell, and [V, D] of the
output's. Self- and positional attention with relative positions (Shaw et al. 2018) hold
  <block>/relative_positions_{keys,values}/embeddings
of [2k + 1, size] where heads share them (1.15), else [2k + 1, H size] (1.2.9).
"""

from typing import NamedTuple

import numpy as np

from tests.oracles.timing_signal import timing_signal


class Forward(NamedTuple):
    """What a forward pass returns, float64.

    logits [B, T, V]; hidden [B, N, T, D], each decoder layer's output after its feed-forward block;
    hidden_normed [B, N, T, D], the same after the norm which reads it (the next layer's first
    pre-norm, the final norm for the last layer; equal to hidden in post-norm models); attention
    [B, N, H, T, S], encoder-decoder weights; encoder_output [B, S, D].
    """

    logits: np.ndarray
    hidden: np.ndarray
    hidden_normed: np.ndarray
    attention: np.ndarray
    encoder_output: np.ndarray


def embed(table, ids):
    """table[id] * sqrt(D), exact zeros at padding. float64[B, T, D]."""
    table = np.asarray(table, np.float64)
    result = np.zeros((*np.shape(ids), table.shape[1]), np.float64)
    for index, token in np.ndenumerate(ids):
        if token != 0:
            result[index] = table[token] * np.sqrt(table.shape[1])
    return result


def project(params, name, x):
    """x kernel + bias."""
    y = x @ np.asarray(params[f"{name}/kernel"], np.float64)
    if f"{name}/bias" in params:
        y = y + np.asarray(params[f"{name}/bias"], np.float64)
    return y


def layer_norm(params, name, x, epsilon=1e-6):
    """scale (x - mean) / sqrt(variance + epsilon) + bias over the last axis, biased variance."""
    mean = x.mean(-1, keepdims=True)
    variance = ((x - mean) ** 2).mean(-1, keepdims=True)
    normed = (x - mean) / np.sqrt(variance + epsilon)
    return normed * params[f"{name}/norm/scale"] + params[f"{name}/norm/bias"]


def queries_keys_values(params, name, query_input, key_input, value_input):
    """q, k, v from fused or separate kernels, whichever the parameters hold.

    The output transform tells the width of the values; the rest of a kernel is queries and keys.
    """
    values = params[f"{name}/output/kernel"].shape[0]
    if f"{name}/qkv/kernel" in params:
        qkv = project(params, f"{name}/qkv", query_input)
        keys = (qkv.shape[-1] - values) // 2
        return qkv[..., :keys], qkv[..., keys : 2 * keys], qkv[..., 2 * keys :]
    if f"{name}/kv/kernel" in params:
        kv = project(params, f"{name}/kv", key_input)
        keys = kv.shape[-1] - values
        return project(params, f"{name}/q", query_input), kv[..., :keys], kv[..., keys:]
    if f"{name}/qk/kernel" in params:
        q, k = np.split(project(params, f"{name}/qk", query_input), 2, axis=-1)
        return q, k, project(params, f"{name}/v", value_input)
    return (
        project(params, f"{name}/q", query_input),
        project(params, f"{name}/k", key_input),
        project(params, f"{name}/v", value_input),
    )


def relative_embeddings(params, name, part, length, size, head):
    """a_ij of Shaw et al. 2018 for one head: float64[length, length, size], zeros without any.

    a_ij is row k + max(-k, min(k, j - i)) of the table.
    """
    result = np.zeros((length, length, size), np.float64)
    table = params.get(f"{name}/relative_positions_{part}/embeddings")
    if table is None:
        return result
    table = np.asarray(table, np.float64)
    if table.shape[1] > size:
        table = table[:, head * size : (head + 1) * size]
    most = len(table) // 2
    for i in range(length):
        for j in range(length):
            result[i, j] = table[most + max(-most, min(most, j - i))]
    return result


def attention_weights(q, k, allowed, bias=None, relative=None):
    """softmax_j(<q_i, k_j + relative_ij> + bias_ij) over the allowed j; zeros where none is."""
    weights = np.zeros((len(q), len(k)), np.float64)
    for i in range(len(q)):
        columns = [j for j in range(len(k)) if allowed[i, j]]
        if not columns:
            continue
        keys = k if relative is None else k + relative[i]
        scores = np.array([np.dot(q[i], keys[j]) for j in columns])
        if bias is not None:
            scores = scores + np.array([bias[i, j] for j in columns])
        exponentials = np.exp(scores - scores.max())
        weights[i, columns] = exponentials / exponentials.sum()
    return weights


def attend(params, name, query_input, key_input, value_input, allowed, num_heads, bias=None):
    """Multi-head attention: (output [B, T, D], weights [B, H, T, S]).

    allowed bool[B, T, S]; bias float[B, T, S] is added to the scores of every head. Queries are
    multiplied by (K / H)^-0.5 after their projection.
    """
    q, k, v = queries_keys_values(params, name, query_input, key_input, value_input)
    batch, length, _ = q.shape
    size, value_size = q.shape[2] // num_heads, v.shape[2] // num_heads
    weights = np.zeros((batch, num_heads, length, k.shape[1]), np.float64)
    heads = np.zeros((batch, length, v.shape[2]), np.float64)
    is_relative = f"{name}/relative_positions_keys/embeddings" in params
    for b in range(batch):
        for h in range(num_heads):
            part = slice(h * size, (h + 1) * size)
            value_part = slice(h * value_size, (h + 1) * value_size)
            added = None if bias is None else bias[b]
            keys = values = None
            if is_relative:
                keys = relative_embeddings(params, name, "keys", length, size, h)
                values = relative_embeddings(params, name, "values", length, value_size, h)
            weights[b, h] = attention_weights(
                q[b, :, part] * size**-0.5, k[b, :, part], allowed[b], added, keys
            )
            heads[b, :, value_part] = weights[b, h] @ v[b, :, value_part]
            if is_relative:
                for i in range(length):
                    heads[b, i, value_part] += weights[b, h, i] @ values[i]
    return project(params, f"{name}/output", heads), weights


def feed_forward(params, name, x):
    """relu(x W1 + b1) W2 + b2."""
    return project(params, f"{name}/output", np.maximum(project(params, f"{name}/hidden", x), 0.0))


def preprocess(params, name, x, pre_norm):
    """The norm of a pre-norm block (`n`), or nothing (`none`)."""
    return layer_norm(params, name, x) if pre_norm else x


def postprocess(params, name, x, y, pre_norm):
    """`da`: x + y, or `dan`: norm(x + y)."""
    return x + y if pre_norm else layer_norm(params, name, x + y)


def layer_count(params, stack):
    """Number of layers of `encoder` or `decoder`."""
    count = 0
    while f"{stack}/{count}/ffn/hidden/kernel" in params:
        count += 1
    return count


def attention_block(params, name, x, allowed, num_heads, pre_norm):
    """A self-attention block with its pre- and post-processing."""
    y = preprocess(params, name, x, pre_norm)
    y, _ = attend(params, name, y, y, y, allowed, num_heads)
    return postprocess(params, name, x, y, pre_norm)


def encdec_block(params, name, x, memory, allowed, num_heads, pre_norm, bias=None):
    """An encoder-decoder attention block: (x, weights)."""
    y = preprocess(params, name, x, pre_norm)
    y, weights = attend(params, name, y, memory, memory, allowed, num_heads, bias)
    return postprocess(params, name, x, y, pre_norm), weights


def feed_forward_block(params, name, x, pre_norm):
    """A feed-forward block with its pre- and post-processing."""
    y = feed_forward(params, name, preprocess(params, name, x, pre_norm))
    return postprocess(params, name, x, y, pre_norm)


def encode(params, inputs, num_heads, pre_norm, target_space_id=0, timing=True):
    """Encoder output float64[B, S, D]; rows at padding are of no meaning.

    timing: whether the timing signal is added to the embeddings.
    """
    inputs = np.asarray(inputs)
    x = embed(params["source_embedding"], inputs)
    if "target_space" in params:
        x = x + np.asarray(params["target_space"], np.float64)[target_space_id]
    if timing:
        x = x + timing_signal(x.shape[1], x.shape[2])
    size = inputs.shape[1]
    allowed = np.repeat((inputs != 0)[:, None, :], size, axis=1)
    for layer in range(layer_count(params, "encoder")):
        name = f"encoder/{layer}"
        x = attention_block(params, f"{name}/self_attention", x, allowed, num_heads, pre_norm)
        x = feed_forward_block(params, f"{name}/ffn", x, pre_norm)
    return preprocess(params, "encoder", x, pre_norm)


def normed_states(params, hidden, pre_norm):
    """List of layer outputs -> list of the same after the norm which reads each."""
    if not pre_norm:
        return hidden
    readers = [f"decoder/{layer}/self_attention" for layer in range(1, len(hidden))] + ["decoder"]
    return [layer_norm(params, name, x) for name, x in zip(readers, hidden, strict=True)]


def collect(params, hidden, weights, encoder_output, pre_norm):
    """Forward from the lists of layer outputs and attention weights."""
    normed = normed_states(params, hidden, pre_norm)
    logits = normed[-1] @ np.asarray(params["softmax"], np.float64).T
    return Forward(
        logits,
        np.stack(hidden, axis=1),
        np.stack(normed, axis=1),
        np.stack(weights, axis=1),
        encoder_output,
    )


def teacher_forward(params, inputs, targets, num_heads, pre_norm, target_space_id=0, timing=True):
    """Teacher forcing: inputs int[B, S], targets int[B, T] (not shifted) -> Forward.

    The decoder reads the target embeddings shifted right by a zero vector; its self-attention is
    causal and does not mask target padding.
    """
    inputs, targets = np.asarray(inputs), np.asarray(targets)
    memory = encode(params, inputs, num_heads, pre_norm, target_space_id, timing)
    batch, length = targets.shape
    x = np.zeros((batch, length, memory.shape[2]), np.float64)
    x[:, 1:] = embed(params["target_embedding"], targets)[:, :-1]
    if timing:
        x = x + timing_signal(length, x.shape[2])
    causal = np.zeros((batch, length, length), bool)
    for t in range(length):
        causal[:, t, : t + 1] = True
    readable = np.repeat((inputs != 0)[:, None, :], length, axis=1)
    hidden, weights = [], []
    for layer in range(layer_count(params, "decoder")):
        name = f"decoder/{layer}"
        x = attention_block(params, f"{name}/self_attention", x, causal, num_heads, pre_norm)
        x, attention = encdec_block(
            params, f"{name}/encdec_attention", x, memory, readable, num_heads, pre_norm
        )
        x = feed_forward_block(params, f"{name}/ffn", x, pre_norm)
        hidden.append(x)
        weights.append(attention)
    return collect(params, hidden, weights, memory, pre_norm)
