"""Multi-head attention against the oracle, for every grouping of projections."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.layers.attention import CROSS, POSITIONAL, SELF, MultiHeadAttention
from t2t_hint_nart.layers.rows import to_rows
from t2t_hint_nart.models.variables import named_variables
from tests.central_differences import central_differences
from tests.dtype_policy import dtype_policy
from tests.oracles import transformer as oracle

WIDTH, HEADS, LENGTH, SIZE = 6, 3, 4, 5
RNG = np.random.default_rng(5)
STATES = RNG.normal(size=(2, LENGTH, WIDTH))
MEMORY = RNG.normal(size=(2, SIZE, WIDTH))
TIMING = RNG.normal(size=(1, LENGTH, WIDTH))
ALLOWED = RNG.random((2, LENGTH, SIZE)) < 0.6
ALLOWED[:, :, 0] = True

# What each group reads, and the same as the oracle's query, key and value inputs.
READS = {
    SELF: ((STATES,), (STATES, STATES, STATES)),
    CROSS: ((STATES, MEMORY), (STATES, MEMORY, MEMORY)),
    POSITIONAL: (
        (TIMING, STATES),
        (np.repeat(TIMING, 2, 0), np.repeat(TIMING, 2, 0), STATES),
    ),
}


def build(groups, projection="fused_bias", **options):
    with dtype_policy("float64"):
        layer = MultiHeadAttention(groups, WIDTH, HEADS, projection=projection, **options)
    for variable in named_variables(layer).values():
        variable.assign(RNG.normal(size=tuple(variable.shape)))
    return layer


def attend(layer, *sources, **options):
    """The layer's output as float[B, T, D], and its weights."""
    rows, lengths = zip(*(to_rows(keras.ops.convert_to_tensor(s)) for s in sources), strict=True)
    output, weights = layer(*rows, lengths=lengths, **options)
    return keras.ops.reshape(output, (-1, LENGTH, WIDTH)), weights


def parameters(layer):
    return {
        "a/" + name.replace("_transform", ""): variable.numpy()
        for name, variable in named_variables(layer).items()
    }


@pytest.mark.parametrize("projection", ["fused_bias", "separate"])
@pytest.mark.parametrize(
    ("groups", "options"),
    [
        *((groups, {}) for groups in READS),
        *((groups, {"key_channels": 3}) for groups in READS),
        *((groups, {"key_channels": 9, "value_channels": 3}) for groups in READS),
        (SELF, {"max_relative_position": 2}),
        (POSITIONAL, {"max_relative_position": 1, "value_channels": 12}),
    ],
)
def test_equals_the_oracle(groups, options, projection):
    layer = build(groups, projection, **options)
    sources, oracle_inputs = READS[groups]
    allowed = ALLOWED[:, :, : oracle_inputs[1].shape[1]]
    output, weights = attend(layer, *sources, allowed=allowed[:, None])
    expected = oracle.attend(parameters(layer), "a", *oracle_inputs, allowed, HEADS)
    np.testing.assert_allclose(output, expected[0], 1e-10, 1e-12)
    np.testing.assert_allclose(weights, expected[1], 1e-10, 1e-12)
    forbidden = np.broadcast_to(~allowed[:, None], weights.shape)
    assert not np.asarray(weights)[forbidden].any()


@pytest.mark.parametrize(
    "groups, projection, names",
    [
        (SELF, "fused_bias", ["qkv"]),
        (CROSS, "fused_bias", ["q", "kv"]),
        (POSITIONAL, "fused_bias", ["qk", "v"]),
        (CROSS, "separate", ["q", "k", "v"]),
    ],
)
def test_kernels(groups, projection, names):
    """1.2.9 fuses and biases the projections, 1.15 does neither."""
    fused = projection == "fused_bias"
    expected = {}
    for name in (*names, "output"):
        width = WIDTH * (1 if name == "output" else len(name))
        expected[f"a/{name}/kernel"] = (WIDTH, width)
        if fused:
            expected[f"a/{name}/bias"] = (width,)
    found = parameters(build(groups, projection))
    assert {name: value.shape for name, value in found.items()} == expected


@pytest.mark.parametrize("projection", ["fused_bias", "separate"])
def test_gradients_of_relative_positions(projection):
    layer = build(SELF, projection, max_relative_position=2)
    allowed = ALLOWED[:, :, :LENGTH]
    toward = RNG.normal(size=STATES.shape)
    named = {
        name: variable for name, variable in named_variables(layer).items() if "relative" in name
    }
    with tf.GradientTape() as tape:
        output, _ = attend(layer, STATES, allowed=allowed[:, None])
        total = keras.ops.sum(output * toward)
    gradients = tape.gradient(total, [variable.value for variable in named.values()])
    before = parameters(layer)
    for name, gradient in zip(named, gradients, strict=True):

        def of(table, name=name):
            params = {**before, f"a/{name}": table}
            output, _ = oracle.attend(params, "a", STATES, STATES, STATES, allowed, HEADS)
            return float((output * toward).sum())

        expected = central_differences(of, before[f"a/{name}"])
        np.testing.assert_allclose(gradient, expected, 1e-6, 1e-8)
        assert np.abs(expected).max() > 1e-3


def test_one_query_at_its_position_is_a_row_of_all():
    layer = build(SELF, max_relative_position=2)
    whole, _ = attend(layer, STATES, allowed=True)
    query, key, value = layer.project("qkv", *to_rows(keras.ops.convert_to_tensor(STATES)))
    for t in range(LENGTH):
        one, _ = layer.attend(query[:, :, t : t + 1], key, value, True, query_positions=[t])
        np.testing.assert_allclose(one, whole[:, t], 1e-12, 1e-12)


@pytest.mark.parametrize("options", [{}, {"max_relative_position": 2}])
def test_weights_are_float32_and_the_output_is_of_16_bits(options):
    """In a call, and by itself as in a step of a search."""
    exact = build(SELF, **options)
    with dtype_policy("mixed_bfloat16"):
        layer = MultiHeadAttention(SELF, WIDTH, HEADS, **options)
    for name, variable in named_variables(layer).items():
        variable.assign(named_variables(exact)[name])
    expected, _ = attend(exact, STATES, allowed=True)
    output, weights = attend(layer, STATES, allowed=True)
    alone, _ = layer.attend(*layer.project("qkv", *to_rows(tf.constant(STATES))), allowed=True)
    assert (weights.dtype, output.dtype, alone.dtype) == (tf.float32, tf.bfloat16, tf.bfloat16)
    assert np.array_equal(alone, tf.reshape(output, alone.shape))
    np.testing.assert_allclose(output, expected, atol=0.03 * np.abs(expected).max())


@pytest.mark.parametrize("options", [{}, {"value_channels": 12}])
def test_heads_of_one_position_are_those_of_a_sequence_of_one(options):
    layer = build(SELF, **options)
    rows = keras.ops.convert_to_tensor(STATES[:, 0])
    for one, many in zip(
        layer.project("qkv", rows, 1),
        layer.project("qkv", rows, keras.ops.convert_to_tensor(1)),
        strict=True,
    ):
        assert np.array_equal(one, many)


def test_weights_are_those_before_dropout():
    layer = build(SELF, dropout_rate=0.5)
    still, weights = attend(layer, STATES, allowed=True)
    dropped, trained_weights = attend(layer, STATES, allowed=True, training=True)
    assert np.array_equal(weights, trained_weights)
    np.testing.assert_allclose(np.sum(weights, -1), 1.0)
    assert not np.allclose(still, dropped)


def test_a_row_with_nothing_allowed_is_finite():
    layer = build(SELF)
    nothing = np.zeros((2, 1, 1, LENGTH), bool)
    output, weights = attend(layer, STATES, allowed=nothing)
    assert np.isfinite(output).all() and np.isfinite(weights).all()


@pytest.mark.parametrize(
    ("width", "heads", "options", "told"),
    [
        (6, 4, {}, "hidden_size 6 is not divisible by num_heads 4"),
        (6, 3, {"key_channels": 4}, "attention_key_channels 4 is not divisible by num_heads 3"),
        (6, 3, {"value_channels": 7}, "attention_value_channels 7 is not divisible by num_heads 3"),
        (6, 3, {"key_channels": -3}, "attention_key_channels is -3; it must be at least 0"),
    ],
)
def test_heads_must_divide_the_widths(width, heads, options, told):
    with pytest.raises(InputError, match=told):
        MultiHeadAttention(SELF, width, heads, **options)


def test_what_is_given_decides_and_not_the_width():
    layer = MultiHeadAttention(SELF, 6, 4, key_channels=4, value_channels=8)
    assert [layer.head_size(letter) for letter in "qkv"] == [1, 1, 2]


def test_unknown_projection():
    with pytest.raises(InputError, match=r"'seperate'; allowed are fused_bias, separate\..*'sep"):
        MultiHeadAttention(SELF, 6, 3, projection="seperate")
