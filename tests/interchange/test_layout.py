"""T2T's names and shapes, against those of its own test checkpoint."""

import json
import math
from pathlib import Path

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.interchange.layout import (
    T2T_1_2_9,
    T2T_1_15,
    layout_of,
    model_shapes,
    shard_count,
    table_sizes,
)
from t2t_hint_nart.models.variables import named_variables
from tests.models.tiny_networks import shapes_only


@pytest.fixture(scope="module")
def t2ts_own():
    """Every name and shape in tensor2tensor/test_data/transformer_test_ckpt/model.ckpt-1."""
    path = Path(__file__).with_name("transformer_test_ckpt.json")
    return {name: tuple(shape) for name, shape in json.loads(path.read_text()).items()}


def shapes_of(set_name, vocab_size):
    with shapes_only():
        model = registry.model("transformer")(registry.hparams(set_name), vocab_size)
        return {name: tuple(v.shape) for name, v in named_variables(model).items()}


def flattened(variables):
    return {name: shape for parts in variables.values() for name, shape in parts.items()}


def test_t2ts_own_checkpoint(t2ts_own):
    assert layout_of(t2ts_own) is T2T_1_15
    shapes = model_shapes(T2T_1_15, t2ts_own)
    assert (len(t2ts_own), len(shapes)) == (250, 81)
    assert sum(math.prod(shape) for shape in shapes.values()) == 139_200
    assert shard_count(shapes) == 16
    assert table_sizes(T2T_1_15, shapes) == ({8190}, {16})
    assert flattened(T2T_1_15.variables(shapes_of("transformer_test_t2t115", 8190))) == shapes


def test_names_of_1_2_9():
    shapes = shapes_of("transformer_small", 40)
    theirs = flattened(T2T_1_2_9.variables(shapes))
    for name, shape in {
        "encoder/layer_1/self_attention/multihead_attention/qkv_transform_single/kernel": (
            256,
            768,
        ),
        "decoder/layer_0/encdec_attention/multihead_attention/kv_transform_single/kernel": (
            256,
            512,
        ),
        "decoder/layer_1/ffn/conv_hidden_relu/conv2_single/kernel": (1024, 256),
    }.items():
        assert theirs[f"body/{name}"] == (1, 1, *shape)
        assert theirs[f"body/{name.replace('kernel', 'bias')}"] == shape[1:]
    assert theirs["symbol_modality_40_256/shared/weights_7"] == (3, 256)
    assert theirs["symbol_modality_40_256/shared/weights_8"] == (2, 256)
    assert layout_of(theirs) is T2T_1_2_9
    # No name is used twice: as many scalars as in our model.
    total = sum(len(parts) for parts in T2T_1_2_9.variables(shapes).values())
    assert len(theirs) == total


def test_norms_after_the_sublayer():
    # T2T 1.15 itself calls them so (common_layers.layer_postprocess).
    assert T2T_1_15.body_name("layer_0/encdec_attention_post/norm/beta") == (
        "transformer/body/decoder/layer_0/encdec_attention/layer_postprocess/"
        "layer_norm/layer_norm_bias"
    )


def test_slots_counters_and_losses_are_left_out():
    kernel = "body/encoder/layer_0/ffn/conv_hidden_relu/conv1_single/kernel"
    names = [kernel, f"{kernel}/Adam", f"{kernel}/Adam_1", "global_step", "losses_avg/x"]
    assert list(model_shapes(T2T_1_2_9, dict.fromkeys(names, (2,)))) == [kernel]


def test_one_shard_and_none():
    assert shard_count(["a/weights_0"]) == 1
    assert shard_count(["a/b"]) == 1
    (parts,) = T2T_1_15.variables({"softmax/table": (5, 2)}, num_shards=1).values()
    assert parts == {"transformer/symbol_modality_5_2/shared/weights_0": (5, 2)}


def test_no_counterpart():
    with pytest.raises(InputError, match="no counterpart of layer_0/pos_attention/qk_transform"):
        T2T_1_2_9.variables({"layer_0/pos_attention/qk_transform/kernel": (2, 4)})


def test_relative_positions():
    shapes = shapes_of("transformer_relative_tiny", 40)
    theirs = flattened(T2T_1_2_9.variables(shapes))
    scope = "body/encoder/layer_1/self_attention/multihead_attention/dot_product_attention_relative"
    assert theirs[f"{scope}/relative_positions_keys/embeddings"] == (41, 128)
    assert theirs[f"{scope}/relative_positions_values/embeddings"] == (41, 128)
    assert sum("relative_positions" in name for name in theirs) == 8


@pytest.mark.parametrize("names", [[], ["transformer_vae/body/decoder/x"], ["my/body/decoder/x"]])
def test_no_layout(names):
    assert layout_of(names) is None
