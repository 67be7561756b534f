"""The Transformer oracles: parameter counts known from T2T, and properties of both networks."""

import numpy as np
import pytest

from tests.oracles.soft_copy import soft_copy
from tests.oracles.transformer import attend, layer_norm, teacher_forward
from tests.oracles.transformer_nat import (
    log_coverage,
    self_attention_mask,
    square_coverage,
    student_forward,
)
from tests.oracles.transformer_parameters import (
    parameter_count,
    parameter_shapes,
    random_parameters,
    separate_from_fused,
)

HEADS = 2
INPUTS = np.array([[5, 6, 7, 1, 0], [8, 1, 0, 0, 0]])
TARGETS = np.array([[4, 9, 3, 1], [9, 1, 0, 0]])


def parameters(pre_norm, positional=False, seed=0):
    shapes = parameter_shapes(11, 8, 12, 2, 3, pre_norm=pre_norm, positional=positional)
    return random_parameters(shapes, seed)


@pytest.mark.parametrize(
    "vocab_size, width, filter_size, layers, options, count",
    [
        (33708, 512, 2048, 6, {"fused": False}, 61_378_560),
        (33708, 512, 2048, 6, {}, 61_415_424),
        (33708, 512, 2048, 6, {"pre_norm": False}, 61_413_376),
        (33708, 512, 2048, 6, {"positional": True}, 67_725_312),
        (33708, 1024, 4096, 6, {"fused": False}, 210_837_504),
        (10000, 256, 1024, 2, {}, 6_255_616),
        (10000, 256, 512, 5, {}, 9_158_656),
        (10000, 256, 512, 5, {"positional": True}, 10_477_056),
    ],
)
def test_parameter_counts(vocab_size, width, filter_size, layers, options, count):
    shapes = parameter_shapes(vocab_size, width, filter_size, layers, layers, **options)
    assert parameter_count(shapes) == count


def test_layer_norm_by_hand():
    params = {"a/norm/scale": np.array([1.0, 2.0]), "a/norm/bias": np.array([0.5, 0.0])}
    got = layer_norm(params, "a", np.array([[1.0, 3.0]]), epsilon=3.0)
    assert got == pytest.approx(np.array([[-0.5 + 0.5, 0.5 * 2.0]]))


def test_attention_by_hand():
    eye = np.eye(2)
    params = {f"a/{p}/kernel": eye for p in ("q", "k", "v", "output")}
    x = np.array([[[np.log(2.0), np.log(3.0)], [1.0, 1.0], [7.0, 7.0]]])
    memory = np.array([[[1.0, 0.0], [0.0, 1.0], [5.0, 5.0]]])
    allowed = np.zeros((1, 3, 3), bool)
    allowed[:, :2, :2] = True
    output, weights = attend(params, "a", x, memory, memory, allowed, num_heads=1)
    # Scores ln 2 / sqrt 2 and ln 3 / sqrt 2.
    a, b = 2.0 ** (2**-0.5), 3.0 ** (2**-0.5)
    assert weights[0, 0, 0] == pytest.approx([a / (a + b), b / (a + b), 0.0])
    assert output[0, :2] == pytest.approx(np.array([[a / (a + b), b / (a + b)], [0.5, 0.5]]))
    assert not weights[0, 0, 2].any()
    # Two heads of width 1: each reads its own channel, unscaled.
    _, weights = attend(params, "a", x, memory, memory, allowed, num_heads=2)
    assert weights[0, 0, 0] == pytest.approx([2 / 3, 1 / 3, 0.0])
    assert weights[0, 1, 0] == pytest.approx([1 / 4, 3 / 4, 0.0])


def forward(model, params, inputs, targets, pre_norm, **options):
    if model == "teacher":
        return teacher_forward(params, inputs, targets, HEADS, pre_norm, **options)
    return student_forward(params, inputs, targets != 0, HEADS, pre_norm, **options)


@pytest.mark.parametrize("pre_norm", [True, False])
@pytest.mark.parametrize("model", ["teacher", "student"])
def test_shapes_and_invariances(model, pre_norm):
    params = parameters(pre_norm, positional=model == "student")
    out = forward(model, params, INPUTS, TARGETS, pre_norm)
    assert out.logits.shape == (2, 4, 11) and out.hidden.shape == (2, 3, 4, 8)
    assert out.attention.shape == (2, 3, HEADS, 4, 5)
    assert out.attention.sum(-1) == pytest.approx(np.ones((2, 3, HEADS, 4)))
    assert not out.attention[1, ..., 2:].any()
    assert out.logits == pytest.approx(out.hidden_normed[:, -1] @ params["softmax"].T)
    assert np.array_equal(out.hidden, out.hidden_normed) == (not pre_norm)
    # A sentence alone and without its padding gives the same.
    alone = forward(model, params, INPUTS[1:, :2], TARGETS[1:, :2], pre_norm)
    assert alone.logits[0] == pytest.approx(out.logits[1, :2])
    assert alone.hidden[0] == pytest.approx(out.hidden[1, :, :2])
    assert alone.attention[0] == pytest.approx(out.attention[1, :, :, :2, :2])
    # Fused and separate kernels are the same network.
    split = forward(model, separate_from_fused(params), INPUTS, TARGETS, pre_norm)
    assert split.logits == pytest.approx(out.logits)
    other = forward(model, params, INPUTS, TARGETS, pre_norm, target_space_id=8)
    assert not np.allclose(other.logits, out.logits)


def test_pre_norm_reader_is_the_next_layers_first_norm():
    params = parameters(True)
    out = teacher_forward(params, INPUTS, TARGETS, HEADS, True)
    for layer, reader in enumerate(["decoder/1/self_attention", "decoder/2/self_attention"]):
        expected = layer_norm(params, reader, out.hidden[:, layer])
        assert np.array_equal(out.hidden_normed[:, layer], expected)
    last = layer_norm(params, "decoder", out.hidden[:, 2])
    assert np.array_equal(out.hidden_normed[:, 2], last)


def test_teacher_is_causal_and_shifted():
    params = parameters(True)
    out = teacher_forward(params, INPUTS, TARGETS, HEADS, True).logits
    changed = TARGETS.copy()
    changed[0, 1] = 7
    other = teacher_forward(params, INPUTS, changed, HEADS, True).logits
    assert np.array_equal(out[0, :2], other[0, :2])
    assert not np.allclose(out[0, 2:], other[0, 2:])


def test_student_reads_both_directions_but_no_targets():
    params = parameters(False, positional=True)
    out = student_forward(params, INPUTS, TARGETS != 0, HEADS, False)
    changed = INPUTS.copy()
    changed[0, 2] = 9
    other = student_forward(params, changed, TARGETS != 0, HEADS, False)
    assert all(not np.allclose(out.logits[0, t], other.logits[0, t]) for t in range(4))
    assert np.array_equal(out.logits[1], other.logits[1])
    plain = {name: v for name, v in params.items() if "positional_attention" not in name}
    without = student_forward(plain, INPUTS, TARGETS != 0, HEADS, False)
    assert not np.allclose(out.logits, without.logits)


def test_student_mask():
    mask = np.array([[True, True, False], [True, False, False]])
    allowed = self_attention_mask(mask)
    assert allowed[0].astype(int).tolist() == [[0, 1, 0], [1, 0, 0], [1, 1, 0]]
    assert allowed[1].astype(int).tolist() == [[1, 0, 0]] * 3
    assert self_attention_mask(mask, without_self=False)[0].astype(int).tolist() == [[1, 1, 0]] * 3


def test_one_token_student_does_not_see_padding():
    params = parameters(True, positional=True)
    narrow = student_forward(params, INPUTS[:1], np.ones((1, 1), bool), HEADS, True)
    wide = student_forward(params, INPUTS[:1], np.arange(6)[None] < 1, HEADS, True)
    assert wide.logits[0, 0] == pytest.approx(narrow.logits[0, 0])


def test_student_variants_differ():
    params = parameters(True, positional=True)
    variants = [
        {},
        {"copy": soft_copy},
        {"copy_encoder_output": True},
        {"copy": soft_copy, "copy_encoder_output": True},
        {"attention_without_self": False},
        {"coverage_alpha": 0.5, "coverage": square_coverage},
        {"coverage_alpha": 0.5, "coverage": log_coverage},
    ]
    outs = [student_forward(params, INPUTS, TARGETS != 0, HEADS, True, **v) for v in variants]
    for i, first in enumerate(outs):
        for second in outs[i + 1 :]:
            assert not np.allclose(first.logits[0], second.logits[0])
