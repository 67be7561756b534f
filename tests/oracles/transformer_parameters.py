"""Shapes, counts and random values of the oracle Transformers' parameters.

The names are those of tests.oracles.transformer. Counting the shapes gives T2T's published
parameter counts, which checks the structure of both networks.
"""

import numpy as np


def _attention_shapes(name, fused, width, keys, values):
    """1.2.9: fused kernels with biases; 1.15: separate q, k, v and no biases."""
    sizes = {"q": keys, "k": keys, "v": values}
    shapes = {f"{name}/output/kernel": (values, width)}
    if fused:
        shapes[f"{name}/output/bias"] = (width,)
    for projection in fused or ("q", "k", "v"):
        outputs = sum(sizes[letter] for letter in projection)
        shapes[f"{name}/{projection}/kernel"] = (width, outputs)
        if fused:
            shapes[f"{name}/{projection}/bias"] = (outputs,)
    return shapes


def _relative_shapes(name, distances, keys, values):
    return {
        f"{name}/relative_positions_{part}/embeddings": (distances, size)
        for part, size in (("keys", keys), ("values", values))
    }


def _norm_shapes(name, width):
    return {f"{name}/norm/scale": (width,), f"{name}/norm/bias": (width,)}


def _feed_forward_shapes(name, width, filter_size):
    return {
        f"{name}/hidden/kernel": (width, filter_size),
        f"{name}/hidden/bias": (filter_size,),
        f"{name}/output/kernel": (filter_size, width),
        f"{name}/output/bias": (width,),
    }


FUSED = {
    "self_attention": ("qkv",),
    "positional_attention": ("qk", "v"),
    "encdec_attention": ("q", "kv"),
}


def parameter_shapes(
    vocab_size,
    width,
    filter_size,
    encoder_layers,
    decoder_layers,
    pre_norm=True,
    fused=True,
    positional=False,
    keys=0,
    values=0,
    distances=0,
    tables=None,
    num_heads=2,
):
    """Name -> shape, the vocabulary table once, under `softmax`.

    keys, values: widths of all heads together, 0 for the network's. distances: rows of the tables
    of relative positions, 0 for none; `tables` says how many heads' embeddings lie side by side in
    one, 1 when None.
    """
    keys, values = keys or width, values or width
    shapes = {"softmax": (vocab_size, width), "target_space": (32, width)}
    blocks = ["self_attention", "positional_attention", "encdec_attention"]
    if not positional:
        blocks.remove("positional_attention")
    stacks = (("encoder", encoder_layers, blocks[:1]), ("decoder", decoder_layers, blocks))
    for stack, layers, attentions in stacks:
        for layer in range(layers):
            for block in attentions:
                name = f"{stack}/{layer}/{block}"
                kernels = FUSED[block] if fused else None
                shapes |= _attention_shapes(name, kernels, width, keys, values)
                if distances and block != "encdec_attention":
                    sizes = ((tables or 1) * size // num_heads for size in (keys, values))
                    shapes |= _relative_shapes(name, distances, *sizes)
                shapes |= _norm_shapes(name, width)
            name = f"{stack}/{layer}/ffn"
            shapes |= _feed_forward_shapes(name, width, filter_size) | _norm_shapes(name, width)
        if pre_norm:
            shapes |= _norm_shapes(stack, width)
    return shapes


def parameter_count(shapes):
    """Number of scalars."""
    return sum(int(np.prod(shape)) for shape in shapes.values())


def random_parameters(shapes, seed):
    """Every array drawn at random (biases and norms too), the table shared by its three uses."""
    rng = np.random.default_rng(seed)
    params = {}
    for name, shape in shapes.items():
        scale = 0.3 if len(shape) == 1 else shape[0] ** -0.5
        params[name] = rng.normal(scale=scale, size=shape)
        if name.endswith("norm/scale"):
            params[name] += 1.0
    params["softmax"] = rng.normal(scale=shapes["softmax"][1] ** -0.5, size=shapes["softmax"])
    params["source_embedding"] = params["target_embedding"] = params["softmax"]
    return params


def separate_from_fused(params):
    """The same network with every fused attention projection split into q, k, v (biases kept)."""
    result = {}
    for name, value in params.items():
        head, _, last = name.rpartition("/")
        base, _, projection = head.rpartition("/")
        if projection in ("qkv", "kv", "qk"):
            parts = np.split(value, len(projection), axis=-1)
            for letter, part in zip(projection, parts, strict=True):
                result[f"{base}/{letter}/{last}"] = part
        else:
            result[name] = value
    return result
