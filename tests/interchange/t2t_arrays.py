"""Random arrays under tensor2tensor's names, and the same for the oracle's forward pass.

The names are written down here as T2T's code gives them, apart from the package's own mapping.
Shape letters: D width, F filter size; leading ones are the kernels' width axes of 1.2.9.
"""

import re

import numpy as np
import tensorflow as tf

from tests.models.tiny_networks import DECODER_LAYERS, ENCODER_LAYERS, FILTER, HEADS, WIDTH

SOURCE_VOCAB, VOCAB, SHARDS = 41, 37, 16

SELF_ATTENTION = {
    "1.15": {
        "self_attention/multihead_attention/q/kernel": "D D",
        "self_attention/multihead_attention/k/kernel": "D D",
        "self_attention/multihead_attention/v/kernel": "D D",
        "self_attention/multihead_attention/output_transform/kernel": "D D",
    },
    "1.2.9": {
        "self_attention/multihead_attention/qkv_transform_single/kernel": "1 1 D 3D",
        "self_attention/multihead_attention/qkv_transform_single/bias": "3D",
        "self_attention/multihead_attention/output_transform_single/kernel": "1 1 D D",
        "self_attention/multihead_attention/output_transform_single/bias": "D",
    },
}
ENCDEC_ATTENTION = {
    "1.15": {
        "encdec_attention/multihead_attention/q/kernel": "D D",
        "encdec_attention/multihead_attention/k/kernel": "D D",
        "encdec_attention/multihead_attention/v/kernel": "D D",
        "encdec_attention/multihead_attention/output_transform/kernel": "D D",
    },
    "1.2.9": {
        "encdec_attention/multihead_attention/q_transform_single/kernel": "1 1 D D",
        "encdec_attention/multihead_attention/q_transform_single/bias": "D",
        "encdec_attention/multihead_attention/kv_transform_single/kernel": "1 1 D 2D",
        "encdec_attention/multihead_attention/kv_transform_single/bias": "2D",
        "encdec_attention/multihead_attention/output_transform_single/kernel": "1 1 D D",
        "encdec_attention/multihead_attention/output_transform_single/bias": "D",
    },
}
# Shaw et al. 2018: every head has its own embeddings in 1.2.9, all have the same in 1.15.
DISTANCES = 5
_RELATIVE = "self_attention/multihead_attention/dot_product_attention_relative"
RELATIVE = {
    version: {
        f"{_RELATIVE}/relative_positions_{part}/embeddings": f"R {width}"
        for part in ("keys", "values")
    }
    for version, width in (("1.15", "D/H"), ("1.2.9", "D"))
}
FFN = {
    "1.15": {
        "ffn/conv1/kernel": "D F",
        "ffn/conv1/bias": "F",
        "ffn/conv2/kernel": "F D",
        "ffn/conv2/bias": "D",
    },
    "1.2.9": {
        "ffn/conv_hidden_relu/conv1_single/kernel": "1 1 D F",
        "ffn/conv_hidden_relu/conv1_single/bias": "F",
        "ffn/conv_hidden_relu/conv2_single/kernel": "1 1 F D",
        "ffn/conv_hidden_relu/conv2_single/bias": "D",
    },
}
PREFIX = {"1.15": "transformer/", "1.2.9": ""}
SET = {"1.15": "transformer_test_t2t115", "1.2.9": "transformer_test"}
_SIZES = {"1": 1, "D": WIDTH, "2D": 2 * WIDTH, "3D": 3 * WIDTH, "F": FILTER}
_SIZES |= {"R": DISTANCES, "D/H": WIDTH // HEADS}
_ORACLE = (
    (r"/layer_(\d+)/", r"/\1/"),
    ("dot_product_attention_relative/", ""),
    ("multihead_attention/", ""),
    ("_single/", "/"),
    (r"/(\w+)_transform/", r"/\1/"),
    (r"layer_(prepost|post)process/layer_norm/layer_norm_", "norm/"),
    ("conv_hidden_relu/", ""),
    ("ffn/conv1/", "ffn/hidden/"),
    ("ffn/conv2/", "ffn/output/"),
)


def _norm(block, processing):
    scope = f"{block}/{processing}/layer_norm/layer_norm_"
    return {f"{scope}scale": "D", f"{scope}bias": "D"}


def _body_shapes(version, pre_norm, relative):
    """Name -> shape letters of everything in the scope `body`."""
    processing = "layer_prepostprocess" if pre_norm else "layer_postprocess"
    shapes = {}
    for stack, layers in (("encoder", ENCODER_LAYERS), ("decoder", DECODER_LAYERS)):
        blocks = {"self_attention": SELF_ATTENTION[version], "ffn": FFN[version]}
        if relative:
            blocks["self_attention"] = blocks["self_attention"] | RELATIVE[version]
        if stack == "decoder":
            blocks["encdec_attention"] = ENCDEC_ATTENTION[version]
        for layer in range(layers):
            for block, names in blocks.items():
                for name, letters in (names | _norm(block, processing)).items():
                    shapes[f"{stack}/layer_{layer}/{name}"] = letters
        if pre_norm:
            shapes |= _norm(stack, "layer_prepostprocess")
    return shapes


def t2t_arrays(version, pre_norm=True, shared=True, seed=0, relative=False):
    """Random float32 arrays by T2T's names, as a trained Transformer has them."""
    rng = np.random.default_rng(seed)
    body = f"{PREFIX[version]}body/"
    arrays = {f"{body}target_space_embedding/kernel": rng.normal(size=(32, WIDTH))}
    for name, letters in _body_shapes(version, pre_norm, relative).items():
        shape = [_SIZES[letter] for letter in letters.split()]
        scale = shape[-2] ** -0.5 if len(shape) > 1 else 0.3
        mean = 1.0 if name.endswith("scale") else 0.0
        arrays[body + name] = rng.normal(mean, scale, size=shape)
    uses = {"shared": VOCAB}
    if not shared:
        uses = {"input_emb": SOURCE_VOCAB, "target_emb": VOCAB, "softmax": VOCAB}
    for use, size in uses.items():
        for i in range(SHARDS):
            rows = size // SHARDS + (1 if i < size % SHARDS else 0)
            name = f"{PREFIX[version]}symbol_modality_{size}_{WIDTH}/{use}/weights_{i}"
            arrays[name] = rng.normal(scale=WIDTH**-0.5, size=(rows, WIDTH))
    return {name: array.astype(np.float32) for name, array in arrays.items()}


def with_training_state(arrays, step):
    """The same with what else a T2T checkpoint holds: counters, losses, the optimizer's slots."""
    slots = {f"{name}/Adam": array for name, array in arrays.items()}
    slots |= {f"training/{name}/Adam_1": array for name, array in arrays.items()}
    counters = {
        "global_step": np.int64(step),
        "losses_avg/problem_0/total_loss": np.float32(1.0),
        "train_stats/problem_0_steps": np.int32(step),
        "training/beta1_power": np.float32(0.9),
    }
    return {**arrays, **slots, **counters}


def oracle_parameters(arrays):
    """T2T's arrays as tests.oracles.transformer takes them."""
    params = {}
    for name, array in arrays.items():
        scope, found, rest = name.partition("body/")
        if not found:
            continue
        if rest == "target_space_embedding/kernel":
            params["target_space"] = array
            continue
        for pattern, replacement in _ORACLE:
            rest = re.sub(pattern, replacement, rest)
        params[rest] = array.reshape([size for size in array.shape if size != 1])
    for use, ours in (
        ("input_emb", ["source_embedding"]),
        ("target_emb", ["target_embedding"]),
        ("softmax", ["softmax"]),
        ("shared", ["source_embedding", "target_embedding", "softmax"]),
    ):
        scopes = {n.rpartition("_")[0] for n in arrays if f"/{use}/weights_" in n}
        for scope in scopes:
            table = np.concatenate([arrays[f"{scope}_{i}"] for i in range(SHARDS)])
            params |= dict.fromkeys(ours, table)
    return params


def write(path, arrays):
    """Write a checkpoint by name, as TensorFlow 1's Saver does."""
    path.parent.mkdir(parents=True, exist_ok=True)
    tf.raw_ops.SaveV2(
        prefix=str(path),
        tensor_names=list(arrays),
        shape_and_slices=[""] * len(arrays),
        tensors=[tf.convert_to_tensor(array) for array in arrays.values()],
    )
    return str(path)


def read(path):
    """All arrays of a checkpoint by name."""
    reader = tf.train.load_checkpoint(path)
    return {name: reader.get_tensor(name) for name in reader.get_variable_to_shape_map()}
