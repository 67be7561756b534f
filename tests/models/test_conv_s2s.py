"""The convolutional model: equal to loops, causal, and the same one token at a time."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.models.conv_encoder import _scale_gradient
from t2t_hint_nart.models.network import ATTENTION, HIDDEN
from t2t_hint_nart.models.variables import named_variables
from tests.dtype_policy import dtype_policy
from tests.oracles.conv_s2s import forward
from tests.training.toy_training import trained

VOCAB = 11
INPUTS = np.array([[5, 6, 7, 1, 0], [8, 1, 0, 0, 0], [1, 0, 0, 0, 0]], np.int32)
TARGETS = np.array([[4, 9, 1, 0, 0, 0], [9, 3, 2, 8, 5, 1], [1, 0, 0, 0, 0, 0]], np.int32)
# Widths that change, a kernel of 1, an even one, and fewer positions than tokens.
SIZES = {
    "hidden_size": 6,
    "encoder_widths": [8, 8, 5],
    "encoder_kernels": [3, 4, 1],
    "decoder_widths": [8, 5, 5],
    "decoder_kernels": [3, 1, 2],
    "softmax_width": 7,
    "max_positions": 4,
}


def tiny(dtype="float64", **changes):
    """A network whose weights are all random."""
    hparams = registry.hparams("conv_s2s_multi30k").override_from_dict({**SIZES, **changes})
    with dtype_policy(dtype):
        model = registry.model("conv_s2s")(hparams, VOCAB)
    rng = np.random.default_rng(1)
    for variable in model.trainable_variables:
        variable.assign(rng.normal(scale=0.5, size=tuple(variable.shape)))
    return model


@pytest.fixture(scope="module")
def model():
    return tiny()


@pytest.fixture(scope="module")
def output(model):
    return model(INPUTS, TARGETS, probes=(ATTENTION,))


def test_equals_the_oracle(model, output):
    params = {name: variable.numpy() for name, variable in named_variables(model).items()}
    assert len(params) == len(model.weights)
    attention = np.asarray(output.probes[ATTENTION])
    assert attention.shape == (3, 3, 1, 6, 5)
    for b, (inputs, targets) in enumerate(zip(INPUTS, TARGETS, strict=True)):
        inputs, targets = inputs[inputs != 0], targets[targets != 0]
        logits, weights = forward(params, inputs, targets)
        steps, size = len(targets), len(inputs)
        np.testing.assert_allclose(output.logits[b, :steps], logits, rtol=1e-10)
        np.testing.assert_allclose(attention[b, :, 0, :steps, :size], weights, rtol=1e-10)
        assert not attention[b, ..., size:].any()


def test_states_are_a_probe_where_they_are_equally_wide(model):
    assert set(model.probe_sizes()) == {ATTENTION}
    even = tiny(decoder_widths=[5] * 3)
    assert even.probe_sizes() == {
        ATTENTION: {"layers": 3, "heads": 1},
        HIDDEN: {"layers": 3, "size": 5},
    }
    states = even(INPUTS, TARGETS, probes=(HIDDEN,)).probes[HIDDEN]
    assert states.shape == (3, 3, 6, 5)
    expected = even.softmax(even.output_transform(states[:, -1]))
    np.testing.assert_allclose(expected, even(INPUTS, TARGETS).logits)


def test_padding_and_batch_change_nothing(model, output):
    """Also not √S, which counts real tokens."""
    inputs = np.pad(INPUTS, [[0, 0], [0, 3]])[::-1]
    targets = np.pad(TARGETS, [[0, 0], [0, 2]])[::-1]
    wider = np.asarray(model(inputs, targets).logits)[::-1, :6]
    real = TARGETS != 0
    np.testing.assert_allclose(wider[real], np.asarray(output.logits)[real], rtol=1e-11)
    alone = model(INPUTS[1:2, :2], TARGETS[1:2]).logits[0]
    np.testing.assert_allclose(alone, output.logits[1], rtol=1e-11)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
def test_later_tokens_change_nothing_bit_by_bit(dtype):
    model = tiny(dtype)
    before = np.asarray(model(INPUTS, TARGETS).logits)
    for t in range(5):
        changed = TARGETS.copy()
        changed[1, t] = 7
        after = np.asarray(model(INPUTS, changed).logits)
        assert np.array_equal(after[1, : t + 1], before[1, : t + 1])
        assert not np.allclose(after[1, t + 1], before[1, t + 1])


def test_step_by_step_equals_the_full_pass(model, output):
    memory, state = model.start(model.encode(INPUTS), 1)
    assert {name: past.shape[1] for name, past in state.items()} == {
        "layer_0": 16,
        "layer_1": 0,
        "layer_2": 5,
    }
    last = np.zeros(3, np.int32)
    for step in range(TARGETS.shape[1]):
        position = keras.ops.convert_to_tensor(step, "int32")
        logits, state = model.step(keras.ops.convert_to_tensor(last), position, memory, state)
        real = np.count_nonzero(TARGETS, axis=1) > step
        expected = np.asarray(output.logits)[real, step]
        np.testing.assert_allclose(np.asarray(logits)[real], expected, rtol=1e-10)
        last = TARGETS[:, step]


def test_a_compiled_graph_computes_the_same():
    model = tiny("float32", encoder_widths=[32] * 3, decoder_widths=[32] * 3)
    ids = tf.TensorSpec([None, None], tf.int32)
    graph = tf.function(lambda a, b: model(a, b).logits, input_signature=[ids] * 2)
    expected = np.asarray(model(INPUTS, TARGETS).logits)
    np.testing.assert_allclose(graph(INPUTS, TARGETS), expected, rtol=1e-3, atol=1e-4)


@pytest.mark.parametrize("layers", [1, 4])
def test_the_variance_stays_at_first(layers):
    """What goes into a stack, and what comes out, with dropout on."""
    # Deviation 0.1 twice is a variance of 0.02; the gate's curvature is small there.
    width = 64
    sizes = {"hidden_size": width, "softmax_width": width, "dropout": 0.2, "max_positions": 64}
    for side in ("encoder", "decoder"):
        sizes |= {f"{side}_widths": [width] * layers, f"{side}_kernels": [3] * layers}
    hparams = registry.hparams("conv_s2s_multi30k").override_from_dict(sizes)
    random.seed(2)
    model = registry.model("conv_s2s")(hparams, 500)
    rng = np.random.default_rng(3)
    inputs = rng.integers(1, 500, (16, 40)).astype(np.int32)
    embedded = model.encoder.embedding(inputs, np.arange(40))
    ratio = np.var(model.encode(inputs, training=True).keys) / np.var(embedded)
    assert 0.6 < ratio < 1.5, ratio
    states = np.asarray(embedded)
    convolved = model.encoder.layer_0.convolution(model.dropout(states, training=True))
    inner = np.var(np.asarray(convolved)[:, 1:-1]) / np.var(states)
    assert 0.85 < inner < 1.15, inner


def test_the_encoders_gradient_is_scaled_and_its_value_is_not():
    states = tf.Variable(np.random.default_rng(4).normal(size=(50,)).astype(np.float32))
    with tf.GradientTape() as tape:
        scaled = _scale_gradient(states, 1 / 6)
        total = tf.reduce_sum(scaled**2)
    assert np.array_equal(scaled, states)
    np.testing.assert_allclose(tape.gradient(total, states), states / 3, rtol=1e-6)


def test_only_the_encoders_output_has_the_scale(monkeypatch, model):
    """Three attention layers: a sixth; embeddings that attention reads as they are keep theirs."""

    def gradients():
        with tf.GradientTape() as tape:
            total = tf.reduce_sum(model(INPUTS, TARGETS).logits ** 2)
        variables = named_variables(model)
        found = tape.gradient(total, [variable.value for variable in variables.values()])
        return dict(zip(variables, map(tf.convert_to_tensor, found), strict=True))

    scaled = gradients()
    monkeypatch.setattr(model.encoder, "gradient_share", 1.0)
    plain = gradients()
    for name, gradient in plain.items():
        kept = 1.0 if not name.startswith("encoder/") else 1 / 6
        if name.startswith("encoder/embedding/"):
            assert not np.allclose(scaled[name], gradient / 6)
            assert not np.allclose(scaled[name], gradient)
        else:
            np.testing.assert_allclose(scaled[name], gradient * kept, rtol=1e-9, atol=1e-12)


def test_dropout_only_in_training_and_what_every_rate_of_0_is():
    model = tiny("float32", dropout=0.4)
    still = np.asarray(model(INPUTS, TARGETS).logits)
    assert np.array_equal(still, model(INPUTS, TARGETS).logits)
    assert not np.allclose(still[0], model(INPUTS, TARGETS, training=True).logits[0])
    model = tiny("float32", dropout=0.0)
    assert np.array_equal(
        model(INPUTS, TARGETS).logits, model(INPUTS, TARGETS, training=True).logits
    )


def test_layers_without_a_kernel_width_are_refused():
    told = "encoder_widths has 3 numbers and encoder_kernels 2; each needs one"
    with pytest.raises(InputError, match=told):
        tiny(encoder_kernels=[3, 3])


def test_a_canvas_without_tokens_is_refused(model):
    from t2t_hint_nart.models.network import Canvas

    with pytest.raises(ValueError, match="needs a canvas with tokens"):
        model.decode(model.encode(INPUTS), Canvas(INPUTS != 0))


def batches(rng, count, sentences=48, longest=20):
    """Sources of up to 20 tokens and as their targets the same."""
    for _ in range(count):
        ids = rng.integers(2, VOCAB, (sentences, longest)).astype(np.int32)
        lengths = rng.integers(longest // 2, longest, sentences)
        places = np.arange(longest)
        ids = np.where(places < lengths[:, None], ids, places == lengths[:, None])
        yield ids.astype(np.int32)


def test_copies_a_toy_language():
    """Sentences of 20 tokens, decoded by beam search."""
    hparams = registry.hparams("conv_s2s_multi30k").override_from_dict(
        {
            "hidden_size": 32,
            "encoder_widths": [32] * 2,
            "encoder_kernels": [3] * 2,
            "decoder_widths": [32] * 2,
            "decoder_kernels": [3] * 2,
            "softmax_width": 32,
            "max_positions": 64,
            "dropout": 0.0,
            "label_smoothing": 0.0,
            "learning_rate_warmup_steps": 100,
        }
    )
    random.seed(5)
    network = registry.model("conv_s2s")(hparams, VOCAB)
    rng = np.random.default_rng(6)
    told = trained(network, hparams, ((ids, ids) for ids in batches(rng, 500)))
    assert told[-1]["nll"] < 0.1 * told[0]["nll"]
    (ids,) = batches(rng, 1, 24)
    settings = decode_hparams("beam_size=2,extra_length=2", "beam")
    search = tf.function(registry.strategy("beam")(settings, hparams), autograph=False)
    found = np.asarray(search(network, tf.constant(ids)).ids[:, 0])
    found = np.pad(found, [[0, 0], [0, 22 - found.shape[1]]])[:, :20]
    real = ids != 0
    assert np.mean(found[real] == ids[real]) > 0.95


def test_attention_of_a_low_precision_is_summed_up_in_float32():
    network = tiny("mixed_bfloat16")
    output = network(INPUTS, TARGETS, probes=(ATTENTION,))
    attention = output.probes[ATTENTION]
    assert network.encode(INPUTS).keys.dtype == tf.bfloat16
    assert output.logits.dtype == attention.dtype == tf.float32
    np.testing.assert_allclose(np.sum(attention, -1), 1.0, atol=1e-6)
