"""The teacher: equal to the NumPy forward pass, causal, and the same one token at a time."""

import keras
import numpy as np
import pytest

from tests.models.same_output import assert_same_output
from tests.models.tiny_networks import (
    HEADS,
    oracle_parameters,
    run,
    tiny_hparams,
    tiny_network,
)
from tests.oracles.transformer import teacher_forward

# A usual sentence, a target more than twice as long as its source, a single token each side.
INPUTS = np.array([[5, 6, 7, 1, 0], [8, 1, 0, 0, 0], [1, 0, 0, 0, 0]], np.int32)
TARGETS = np.array([[4, 9, 1, 0, 0, 0], [9, 3, 2, 8, 5, 1], [1, 0, 0, 0, 0, 0]], np.int32)

# name: hparams set, whether the norm comes before a sublayer, changes, arguments of the model.
VARIANTS = {
    "pre_norm": ("transformer_base_v2", True, {}, {}),
    "post_norm": ("transformer_base_v1", False, {}, {}),
    "separate_projections": ("transformer_base_v3", True, {}, {"target_space_id": 8}),
    "two_vocabularies": ("transformer_base_v2", True, {}, {"source_vocab_size": 9}),
    # Distances beyond max_relative_position occur in both stacks.
    "relative": ("transformer_relative", True, {"max_relative_position": 2}, {}),
    "relative_shared_by_heads_narrow_keys": (
        "transformer_relative",
        True,
        {
            "max_relative_position": 1,
            "attention_projection": "separate",
            "attention_key_channels": 4,
        },
        {},
    ),
    "relative_post_norm_with_timing": (
        "transformer_base_v1",
        False,
        {"self_attention_type": "dot_product_relative", "max_relative_position": 20},
        {},
    ),
    "narrow_keys": ("transformer_k128", True, {"attention_key_channels": 4}, {}),
    "wide_values": (
        "transformer_base_v3",
        True,
        {"attention_key_channels": 6, "attention_value_channels": 10},
        {},
    ),
    "blind_to_order": ("transformer_base_v2", True, {"pos": None}, {}),
}


def build(variant):
    set_name, _, changes, model_args = VARIANTS[variant]
    return tiny_network("transformer", set_name, model_args=model_args, **changes)


@pytest.fixture(scope="module")
def teacher():
    return build("pre_norm")


@pytest.fixture(scope="module")
def output(teacher):
    return run(teacher, INPUTS, TARGETS)


@pytest.mark.parametrize("variant", VARIANTS)
def test_equals_the_oracle(variant):
    set_name, pre_norm, changes, model_args = VARIANTS[variant]
    model = build(variant)
    params = oracle_parameters(model)
    got = run(model, INPUTS, TARGETS)
    space = model_args.get("target_space_id", 0)
    timing = tiny_hparams(set_name, **changes).pos == "timing"
    expected = teacher_forward(params, INPUTS, TARGETS, HEADS, pre_norm, space, timing)
    assert_same_output(got, expected, TARGETS != 0)
    # Weights on padding are exactly zero, not merely small.
    padding = np.broadcast_to((INPUTS == 0)[:, None, None, None, :], got.attention.shape)
    assert not got.attention[padding].any()
    assert got.logits.dtype == np.float64


def test_the_comparison_notices_a_wrong_network(teacher, output):
    params = oracle_parameters(teacher)
    for name in ("decoder/0/ffn/hidden/bias", "encoder/0/self_attention/qkv/kernel"):
        changed = {**params, name: params[name] + 1e-3}
        expected = teacher_forward(changed, INPUTS, TARGETS, HEADS, True)
        with pytest.raises(AssertionError):
            assert_same_output(output, expected, TARGETS != 0)


def test_padding_and_batch_change_nothing(teacher, output):
    inputs = np.pad(INPUTS, [[0, 0], [0, 3]])[::-1]
    targets = np.pad(TARGETS, [[0, 0], [0, 2]])[::-1]
    wider = run(teacher, inputs, targets)
    same_place = type(wider)(
        wider.logits[::-1, :6],
        wider.hidden[::-1, :, :6],
        wider.hidden_normed[::-1, :, :6],
        wider.attention[::-1, :, :, :6, :5],
    )
    assert_same_output(same_place, output, TARGETS != 0, rtol=1e-12)
    assert not wider.attention[..., 5:].any()


def test_a_sentence_alone_is_the_same(teacher, output):
    alone = run(teacher, INPUTS[2:, :1], TARGETS[2:, :1])
    np.testing.assert_allclose(alone.logits[0], output.logits[2, :1], rtol=1e-12)
    np.testing.assert_allclose(alone.hidden[0], output.hidden[2, :, :1], rtol=1e-12)


def test_is_causal(teacher, output):
    """The logits at t depend on targets before t only."""
    changed = TARGETS.copy()
    changed[1, 2] = 7
    other = run(teacher, INPUTS, changed)
    assert np.array_equal(other.logits[1, :3], output.logits[1, :3])
    assert np.array_equal(other.hidden[1, :, :3], output.hidden[1, :, :3])
    for t in range(3, 6):
        assert not np.allclose(other.logits[1, t], output.logits[1, t])
    assert np.array_equal(other.logits[[0, 2]], output.logits[[0, 2]])


@pytest.mark.parametrize("variant", VARIANTS)
def test_step_by_step_equals_the_full_pass(variant):
    model = build(variant)
    full = run(model, INPUTS, TARGETS)
    memory, cache = model.start(model.encode(INPUTS), 2)
    last = np.zeros(3, np.int32)
    for step in range(TARGETS.shape[1]):
        if step and step % 2 == 0:
            cache = model.grow(cache, 2)
        logits, cache = model.step(
            keras.ops.convert_to_tensor(last),
            keras.ops.convert_to_tensor(step, "int32"),
            memory,
            cache,
        )
        logits = keras.ops.convert_to_numpy(logits)
        for b in range(3):
            if step <= np.count_nonzero(TARGETS[b]) - 1:
                np.testing.assert_allclose(logits[b], full.logits[b, step], rtol=1e-9, atol=1e-12)
        last = TARGETS[:, step]


def test_hypotheses_read_their_own_cache(teacher):
    memory, cache = teacher.start(teacher.encode(INPUTS[[0, 0]]), 3)
    for step, last in enumerate(([0, 0], [4, 9], [9, 9])):
        logits, cache = teacher.step(
            keras.ops.convert_to_tensor(np.array(last, np.int32)),
            keras.ops.convert_to_tensor(step, "int32"),
            memory,
            cache,
        )
        same = np.allclose(*keras.ops.convert_to_numpy(logits))
        assert same == (step == 0)


def test_dropout_only_in_training():
    model = tiny_network("transformer", "transformer_base_v2", dtype="float32")
    still = run(model, INPUTS, TARGETS)
    again = run(model, INPUTS, TARGETS)
    assert np.array_equal(still.logits, again.logits)
    dropped = run(model, INPUTS, TARGETS, training=True)
    assert not np.allclose(still.logits[0], dropped.logits[0])


def test_every_dropout_follows_the_set():
    rates = {
        "layer_prepostprocess_dropout": 0.0,
        "attention_dropout": 0.0,
        "relu_dropout": 0.0,
    }
    model = tiny_network("transformer", "transformer_base_v2", dtype="float32", **rates)
    still = run(model, INPUTS[:1], TARGETS[:1])
    assert np.array_equal(still.logits, run(model, INPUTS[:1], TARGETS[:1], True).logits)
    # float32 is the same network up to rounding.
    params = oracle_parameters(model)
    expected = teacher_forward(params, INPUTS[:1], TARGETS[:1], HEADS, True)
    assert_same_output(still, expected, TARGETS[:1] != 0, rtol=2e-4)
