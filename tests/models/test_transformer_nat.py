"""The student: equal to the NumPy forward pass, blind to target ids and to its batch."""

import numpy as np
import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.models.transformer_nat import target_attention_mask
from tests.models.same_output import assert_same_output
from tests.models.tiny_networks import (
    HEADS,
    oracle_parameters,
    run,
    tiny_network,
)
from tests.oracles.hard_copy import hard_copy
from tests.oracles.soft_copy import soft_copy
from tests.oracles.transformer_nat import (
    log_coverage,
    self_attention_mask,
    square_coverage,
    student_forward,
)

# Targets longer than twice the source, a single token each side, one a source of one token.
INPUTS = np.array([[5, 6, 7, 1, 0], [8, 1, 0, 0, 0], [1, 0, 0, 0, 0], [4, 5, 9, 2, 1]], np.int32)
TARGETS = np.array(
    [[4, 9, 1, 0, 0, 0], [9, 3, 2, 8, 5, 1], [6, 1, 0, 0, 0, 0], [1, 0, 0, 0, 0, 0]], np.int32
)
MASK = TARGETS != 0

# name: hparams set, whether pre-norm, changed hparams, options of the oracle.
VARIANTS = {
    "hard_pre_norm": ("transformer_nat_base_v2", True, {}, {"copy": hard_copy}),
    "soft_post_norm": (
        "transformer_nat_base_v1",
        False,
        {"decoder_input_type": "soft_uniform"},
        {"copy": soft_copy},
    ),
    "hard_encoder_output_post_norm_with_diagonal": (
        "transformer_nat_base_v1",
        False,
        {"decoder_input_type": "hard_uniform_encoder_output", "attention_without_self": False},
        {"copy": hard_copy, "copy_encoder_output": True, "attention_without_self": False},
    ),
    "soft_encoder_output_separate": (
        "transformer_nat_base_v2",
        True,
        {
            "decoder_input_type": "soft_uniform_encoder_output",
            "attention_projection": "separate",
        },
        {"copy": soft_copy, "copy_encoder_output": True},
    ),
    "square_coverage_no_positional_attention": (
        "transformer_nat_base_v2",
        True,
        {
            "positional_attention": False,
            "attention_coverage": "soft_bias_square",
            "attention_coverage_alpha": 0.5,
        },
        {"coverage_alpha": 0.5, "coverage": square_coverage},
    ),
    "log_coverage": (
        "transformer_nat_base_v1",
        False,
        {"attention_coverage": "soft_bias_log", "attention_coverage_alpha": 2.0},
        {"coverage_alpha": 2.0, "coverage": log_coverage},
    ),
    "narrow_keys": ("transformer_nat_base_v2", True, {"attention_key_channels": 4}, {}),
    "wide_values_separate": (
        "transformer_nat_base_v2",
        True,
        {
            "attention_key_channels": 6,
            "attention_value_channels": 10,
            "attention_projection": "separate",
        },
        {},
    ),
    # As in the authors' code, positional attention is relative too, and keeps its timing signal.
    "relative": (
        "transformer_nat_base_v2",
        True,
        {"self_attention_type": "dot_product_relative", "max_relative_position": 2, "pos": None},
        {"timing": False},
    ),
}


def build(variant):
    set_name, _, changes, _ = VARIANTS[variant]
    return tiny_network("transformer_nat", set_name, **changes)


@pytest.fixture(scope="module")
def student():
    return build("hard_pre_norm")


@pytest.fixture(scope="module")
def output(student):
    return run(student, INPUTS, TARGETS)


@pytest.mark.parametrize("variant", VARIANTS)
def test_equals_the_oracle(variant):
    _, pre_norm, _, options = VARIANTS[variant]
    model = build(variant)
    got = run(model, INPUTS, TARGETS)
    expected = student_forward(oracle_parameters(model), INPUTS, MASK, HEADS, pre_norm, **options)
    assert_same_output(got, expected, MASK)
    padding = np.broadcast_to((INPUTS == 0)[:, None, None, None, :], got.attention.shape)
    assert not got.attention[padding].any()


@pytest.mark.parametrize(
    "options",
    [
        {"copy": soft_copy},
        {"copy_encoder_output": True},
        {"attention_without_self": False},
        {"coverage_alpha": 0.5},
    ],
)
def test_the_comparison_notices_another_student(student, output, options):
    expected = student_forward(oracle_parameters(student), INPUTS, MASK, HEADS, True, **options)
    with pytest.raises(AssertionError):
        assert_same_output(output, expected, MASK)


def test_target_ids_do_not_matter(student, output):
    """Only the length counts: the student translates without a target."""
    others = np.where(MASK, np.array([[3], [10], [7], [2]]), 0).astype(np.int32)
    other = run(student, INPUTS, others)
    assert all(np.array_equal(a, b) for a, b in zip(other, output, strict=True))
    from_mask = run(student, INPUTS, MASK)
    assert np.array_equal(from_mask.logits, output.logits)


def test_padding_and_batch_change_nothing(student, output):
    inputs = np.pad(INPUTS, [[0, 0], [0, 3]])[::-1]
    targets = np.pad(TARGETS, [[0, 0], [0, 2]])[::-1]
    wider = run(student, inputs, targets)
    same_place = type(wider)(
        wider.logits[::-1, :6],
        wider.hidden[::-1, :, :6],
        wider.hidden_normed[::-1, :, :6],
        wider.attention[::-1, :, :, :6, :5],
    )
    assert_same_output(same_place, output, MASK, rtol=1e-11)
    assert not wider.attention[..., 5:].any()


def test_one_token_in_a_padded_batch_equals_it_alone(student, output):
    """With its own position masked it would otherwise attend to padding."""
    alone = run(student, INPUTS[3:], TARGETS[3:, :1])
    np.testing.assert_allclose(alone.logits[0], output.logits[3, :1], rtol=1e-11)
    np.testing.assert_allclose(alone.hidden[0], output.hidden[3, :, :1], rtol=1e-11)


def test_reads_both_directions(student, output):
    """No causal mask: a change of the last source token reaches the first target position."""
    changed = INPUTS.copy()
    changed[3, 4] = 8
    other = run(student, changed, TARGETS)
    assert not np.allclose(other.logits[3, 0], output.logits[3, 0])
    assert np.array_equal(other.logits[:3], output.logits[:3])


@pytest.mark.parametrize("without_self", [True, False])
def test_target_attention_mask(without_self):
    got = target_attention_mask(MASK, without_self)
    got = np.broadcast_to(np.asarray(got), (4, 1, 6, 6))[:, 0]
    expected = self_attention_mask(MASK, without_self)
    assert np.array_equal(got, expected)


def test_float32_is_finite_on_rows_of_padding():
    """A batch may hold rows of nothing but padding."""
    model = tiny_network("transformer_nat", "transformer_nat_base_v2", dtype="float32")
    inputs = np.concatenate([INPUTS, np.zeros_like(INPUTS[:1])])
    targets = np.concatenate([TARGETS, np.zeros_like(TARGETS[:1])])
    got = run(model, inputs, targets)
    assert all(np.isfinite(value).all() for value in got)
    expected = student_forward(oracle_parameters(model), INPUTS, MASK, HEADS, True)
    real = type(got)(*(value[:4] for value in got))
    assert_same_output(real, expected, MASK, rtol=2e-4)


@pytest.mark.parametrize(
    "name, value, suggestion",
    [
        ("decoder_input_type", "hard_unifrm", "hard_uniform"),
        ("attention_coverage", "soft_bias_sqare", "soft_bias_square"),
    ],
)
def test_unknown_choices(name, value, suggestion):
    with pytest.raises(InputError, match=rf"Unknown {name} '{value}'.*'{suggestion}'"):
        tiny_network("transformer_nat", "transformer_nat_base_v2", **{name: value})
