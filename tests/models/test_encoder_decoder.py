"""The parts of both networks: T2T's parameters, their names, counts and initial values."""

import math

import numpy as np
import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.models.variables import named_variables
from tests.models.tiny_networks import (
    FILTER,
    HEADS,
    VOCAB,
    WIDTH,
    oracle_shapes,
    shapes_only,
    tiny_hparams,
)
from tests.oracles.transformer_parameters import parameter_count, parameter_shapes

TEACHER, STUDENT = "transformer", "transformer_nat"


def number_of_parameters(model):
    return parameter_count({id(weight): tuple(weight.shape) for weight in model.weights})


@pytest.mark.parametrize(
    "model_name, set_name, vocab_size, count",
    [
        # Known from T2T and from the authors' code.
        (TEACHER, "transformer_base_v3", 33708, 61_378_560),
        (TEACHER, "transformer_base_v2", 33708, 61_415_424),
        (TEACHER, "transformer_base_v1", 33708, 61_413_376),
        (STUDENT, "transformer_nat_base_v2", 33708, 67_725_312),
        (TEACHER, "transformer_big_t2t115", 33708, 210_837_504),
        (TEACHER, "transformer_small", 10000, 6_255_616),
        (TEACHER, "transformer_deep_small", 10000, 9_158_656),
        (STUDENT, "transformer_nat_deep_small", 10000, 10_477_056),
        # transformer_base_v2's, but in 18 attentions queries and keys are 384 or 256 narrower.
        (TEACHER, "transformer_k128", 33708, 61_415_424 - 18 * 2 * (512 + 1) * 384),
        (TEACHER, "transformer_k256", 33708, 61_415_424 - 18 * 2 * (512 + 1) * 256),
        # And two tables of 41 distances in each of 12 self-attentions.
        (TEACHER, "transformer_relative", 33708, 61_415_424 + 12 * 2 * 41 * 512),
    ],
)
def test_number_of_parameters(model_name, set_name, vocab_size, count):
    with shapes_only():
        model = registry.model(model_name)(registry.hparams(set_name), vocab_size)
    assert number_of_parameters(model) == count


@pytest.mark.parametrize(
    "model_name, set_name, options",
    [
        (TEACHER, "transformer_base_v2", {}),
        (TEACHER, "transformer_base_v1", {"pre_norm": False}),
        (TEACHER, "transformer_base_v3", {"fused": False}),
        (STUDENT, "transformer_nat_base_v2", {"positional": True}),
        (STUDENT, "transformer_nat_base_v1", {"positional": True, "pre_norm": False}),
        (TEACHER, "transformer_base_v2", {"keys": 4}),
        (TEACHER, "transformer_base_v3", {"keys": 6, "values": 10, "fused": False}),
        (STUDENT, "transformer_nat_base_v2", {"keys": 4, "values": 6, "positional": True}),
        (TEACHER, "transformer_base_v2", {"distances": 41, "tables": HEADS}),
        (TEACHER, "transformer_base_v3", {"distances": 41, "keys": 4, "fused": False}),
        (
            STUDENT,
            "transformer_nat_base_v2",
            {"distances": 41, "tables": HEADS, "positional": True},
        ),
    ],
)
def test_names_and_shapes(model_name, set_name, options):
    changes = {
        "attention_key_channels": options.get("keys", 0),
        "attention_value_channels": options.get("values", 0),
    }
    if "distances" in options:
        changes |= {"self_attention_type": "dot_product_relative", "max_relative_position": 20}
    with shapes_only():
        model = registry.model(model_name)(tiny_hparams(set_name, **changes), VOCAB)
    assert oracle_shapes(model) == parameter_shapes(VOCAB, WIDTH, FILTER, 1, 2, **options)


@pytest.mark.parametrize("set_name", ["transformer_nat_small_hints", "transformer_nat_small"])
def test_hints_add_no_parameter(set_name):
    with shapes_only():
        model = registry.model(STUDENT)(tiny_hparams(set_name), VOCAB)
    assert oracle_shapes(model) == parameter_shapes(VOCAB, WIDTH, FILTER, 1, 2, positional=True)


def test_layers_fall_back_to_num_hidden_layers():
    hparams = tiny_hparams(
        "transformer_base_v2", num_hidden_layers=3, num_encoder_layers=0, num_decoder_layers=0
    )
    with shapes_only():
        model = registry.model(TEACHER)(hparams, VOCAB)
    assert model.encoder.num_layers == model.num_decoder_layers == 3
    assert oracle_shapes(model) == parameter_shapes(VOCAB, WIDTH, FILTER, 3, 3)


@pytest.mark.parametrize(
    "shared, source_vocab_size, tables",
    [
        (True, None, {"softmax": VOCAB}),
        (True, VOCAB, {"softmax": VOCAB}),
        (True, 7, {"softmax": VOCAB, "input_embedding": 7, "target_embedding": VOCAB}),
        (False, None, {"softmax": VOCAB, "input_embedding": VOCAB, "target_embedding": VOCAB}),
    ],
)
def test_tables_are_shared_when_the_vocabularies_are_one(shared, source_vocab_size, tables):
    hparams = tiny_hparams("transformer_base_v2", shared_embedding_and_softmax_weights=shared)
    with shapes_only():
        model = registry.model(TEACHER)(hparams, VOCAB, source_vocab_size=source_vocab_size)
    found = {n: tuple(v.shape) for n, v in named_variables(model).items() if "table" in n}
    assert found == {f"{name}/table": (size, WIDTH) for name, size in tables.items()}


def test_initial_values():
    """T2T's limits √(6/(fan_in + fan_out)) at width 512; embeddings normal(0, 512^−½)."""
    hparams = registry.hparams("transformer_nat_base_v2").override_from_dict(
        {"num_encoder_layers": 1, "num_decoder_layers": 1}
    )
    variables = named_variables(registry.model(STUDENT)(hparams, 1000))
    values = {name: v.numpy() for name, v in variables.items()}
    limits = {
        "encoder/layer_0/self_attention/qkv_transform/kernel": 0.0541,
        "layer_0/self_attention/qkv_transform/kernel": 0.0541,
        "layer_0/self_attention/output_transform/kernel": 0.0765,
        "layer_0/pos_attention/qk_transform/kernel": 0.0625,
        "layer_0/pos_attention/v_transform/kernel": 0.0765,
        "layer_0/encdec_attention/q_transform/kernel": 0.0765,
        "layer_0/encdec_attention/kv_transform/kernel": 0.0625,
        "layer_0/ffn/conv1/kernel": 0.0484,
        "layer_0/ffn/conv2/kernel": 0.0484,
        "encoder/target_space_embedding": 0.1050,
    }
    for name, limit in limits.items():
        assert np.abs(values[name]).max() == pytest.approx(limit, abs=6e-5), name
        # Uniform: variance limit²/3.
        assert values[name].std() == pytest.approx(limit / math.sqrt(3.0), rel=0.02), name
    table = values["softmax/table"]
    assert table.std() == pytest.approx(512**-0.5, rel=0.01)
    assert np.abs(table).max() > 4 * 512**-0.5  # normal, not truncated at two deviations
    kernels = {*limits, "softmax/table", "encoder/layer_0/self_attention/output_transform/kernel"}
    kernels |= {f"layer_0/{b}_attention/output_transform/kernel" for b in ("pos", "encdec")}
    kernels |= {f"encoder/layer_0/ffn/{conv}/kernel" for conv in ("conv1", "conv2")}
    for name in values.keys() - kernels:
        assert np.all(values[name] == (1.0 if name.endswith("gamma") else 0.0)), name


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        (
            {"self_attention_type": "dot_product_relative"},
            "max_relative_position is 0; .* must be at least 1",
        ),
        ({"attention_key_channels": 5}, "attention_key_channels 5 is not divisible by num_heads"),
    ],
)
@pytest.mark.parametrize(
    ("model_name", "set_name"),
    [(TEACHER, "transformer_base_v2"), (STUDENT, "transformer_nat_base_v2")],
)
def test_refused_attention(model_name, set_name, changes, told):
    with pytest.raises(InputError, match=told):
        registry.model(model_name)(tiny_hparams(set_name, **changes), VOCAB)


def test_initializer_gain_scales_the_variance():
    hparams = tiny_hparams("transformer_base_v2", initializer_gain=2.0, hidden_size=64)
    model = registry.model(TEACHER)(hparams, VOCAB)
    kernel = named_variables(model)["layer_0/self_attention/qkv_transform/kernel"]
    limit = math.sqrt(6.0 * 2.0 / (64 + 192))
    assert np.abs(kernel.numpy()).max() == pytest.approx(limit, rel=1e-3)
