"""Small networks with random weights, and the same weights under the oracles' names."""

import contextlib
from typing import NamedTuple

import keras
import numpy as np

from t2t_hint_nart import registry
from t2t_hint_nart.models.variables import named_variables
from tests.dtype_policy import dtype_policy

HEADS = 2
ENCODER_LAYERS = 1
DECODER_LAYERS = 2
WIDTH = 8
FILTER = 12
VOCAB = 11

_SMALL = {
    "hidden_size": WIDTH,
    "filter_size": FILTER,
    "num_heads": HEADS,
    "num_encoder_layers": ENCODER_LAYERS,
    "num_decoder_layers": DECODER_LAYERS,
}
_BLOCKS = {"pos_attention": "positional_attention"}
_PARTS = {"conv1": "hidden", "conv2": "output", "gamma": "scale", "beta": "bias"}


def tiny_hparams(set_name, **changes):
    """A registered set, made small."""
    return registry.hparams(set_name).override_from_dict({**_SMALL, **changes})


def tiny_network(model_name, set_name, seed=0, dtype="float64", model_args=None, **changes):
    """A network in `dtype` whose weights are all random, norms and biases too."""
    with dtype_policy(dtype):
        model = registry.model(model_name)(
            tiny_hparams(set_name, **changes), VOCAB, **(model_args or {})
        )
    rng = np.random.default_rng(seed)
    for name, variable in named_variables(model).items():
        scale = 0.3 if len(variable.shape) < 2 else variable.shape[-1] ** -0.5
        value = rng.normal(scale=scale, size=tuple(variable.shape))
        variable.assign(value + 1.0 if name.endswith("gamma") else value)
    return model


@contextlib.contextmanager
def shapes_only():
    """Layers built inside have shapes but no values: the largest model costs nothing."""
    try:
        with keras.StatelessScope(initialize_variables=False):
            yield
    finally:
        # Otherwise the next scope of this kind would give these variables values.
        keras.utils.clear_session(free_memory=False)


def oracle_shapes(model):
    """Shapes of the model's variables by the oracles' names."""
    return {oracle_name(name): tuple(v.shape) for name, v in named_variables(model).items()}


def oracle_name(name):
    """The oracles' name of a variable, e.g. layer_0/ffn/conv1/kernel → decoder/0/ffn/hidden/kernel.

    The oracles give a block one norm, whether it comes before the block or after it.
    """
    symbols = {
        "softmax/table": "softmax",
        "input_embedding/table": "source_embedding",
        "target_embedding/table": "target_embedding",
        "encoder/target_space_embedding": "target_space",
    }
    if name in symbols:
        return symbols[name]
    stack, path = "decoder", name.split("/")
    if path[0] == "encoder":
        stack, path = "encoder", path[1:]
    if path[0] == "final":
        return f"{stack}/norm/{_PARTS[path[2]]}"
    layer, block = path[0].removeprefix("layer_"), path[1]
    if path[2] == "norm":
        block = block.removesuffix("_pre").removesuffix("_post")
        rest = f"norm/{_PARTS[path[3]]}"
    elif path[2].startswith("relative_positions"):
        rest = "/".join(path[2:])
    else:
        part = path[2].removesuffix("_transform")
        rest = f"{_PARTS.get(part, part)}/{path[3]}"
    return f"{stack}/{layer}/{_BLOCKS.get(block, block)}/{rest}"


def oracle_parameters(model):
    """The model's weights as the oracles take them."""
    params = {
        oracle_name(name): variable.numpy() for name, variable in named_variables(model).items()
    }
    params.setdefault("source_embedding", params["softmax"])
    params.setdefault("target_embedding", params["softmax"])
    return params


class Pass(NamedTuple):
    """Logits and what the paper's hints compare, as NumPy arrays."""

    logits: np.ndarray
    hidden: np.ndarray
    hidden_normed: np.ndarray
    attention: np.ndarray


COMPARED = Pass._fields[1:]


def to_numpy(output):
    """A Pass of an Output that was asked for COMPARED."""
    values = (output.logits, *(output.probes[name] for name in COMPARED))
    return Pass(*map(keras.ops.convert_to_numpy, values))


def run(model, inputs, targets, training=False):
    """A forward pass."""
    return to_numpy(model(inputs, targets, training=training, probes=COMPARED))
