"""Discrete bottlenecks: latents, their vectors, gradients through them, moving averages."""

import contextlib
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.layers.discrete_bottleneck import from_digits, straight_through, to_digits
from t2t_hint_nart.layers.semantic_hashing import SemanticHashing, saturating_sigmoid
from t2t_hint_nart.layers.vector_quantization import VectorQuantization
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.training.placement import Replicas
from tests.central_differences import central_differences
from tests.dtype_policy import dtype_policy
from tests.oracles import discrete_bottleneck as oracle

WIDTH = 6
STATES = np.random.default_rng(5).normal(size=(3, 4, WIDTH))
MASK = np.arange(4) < np.array([4, 2, 3])[:, None]


def build(make, trained=True):
    with dtype_policy("float64"):
        layer = make()
    rng = np.random.default_rng(6)
    for variable in layer.trainable_weights if trained else ():
        variable.assign(rng.normal(size=tuple(variable.shape)))
    return layer


def hashing(noise=0.0):
    return build(lambda: SemanticHashing(5, WIDTH, 7, noise))


def quantization(start=1.0, decay=0.9, bits=4, blocks=2):
    layer = build(lambda: VectorQuantization(bits, blocks, WIDTH, 7, decay, start=start))
    layer.sums.assign(np.random.default_rng(8).normal(size=tuple(layer.sums.shape)))
    return layer


KINDS = pytest.mark.parametrize("make", [hashing, quantization])


@pytest.mark.parametrize(("base", "count"), [(2, 6), (4, 3), (128, 2)])
def test_digits_there_and_back(base, count):
    numbers = np.arange(base**count, dtype=np.int32)[:: max(1, base**count // 500)]
    digits = np.asarray(to_digits(numbers, count, base))
    assert digits.min() == 0 and digits.max() == base - 1
    assert np.array_equal(from_digits(digits, base), numbers)
    # The lowest digit comes first.
    assert np.array_equal(digits[:, 0], numbers % base)


def test_straight_through_has_the_gradient_of_the_identity():
    x = tf.constant(STATES)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = straight_through(tf.round(x), x)
        loss = tf.reduce_sum(y * STATES**2)
    assert np.array_equal(y, np.round(STATES))
    np.testing.assert_array_equal(tape.gradient(loss, x), STATES**2)


@KINDS
def test_what_is_embedded_is_what_evaluation_has(make):
    layer = make()
    found = layer(STATES, MASK)
    np.testing.assert_allclose(layer.embed(found.latents), found.dense, rtol=1e-12)
    assert len(np.unique(found.latents)) > 2


@KINDS
def test_evaluation_changes_nothing(make):
    layer = make()
    before = {name: variable.numpy() for name, variable in named_variables(layer).items()}
    layer(STATES, MASK)
    layer.embed(np.zeros((2, 3), np.int32))
    after = named_variables(layer)
    assert all(np.array_equal(value, after[name]) for name, value in before.items())


def test_saturating_sigmoid_equals_the_oracle():
    x = np.linspace(-5.0, 5.0, 21)
    np.testing.assert_allclose(saturating_sigmoid(x), [oracle.saturating_sigmoid(v) for v in x])
    inside = np.array([-1.3, 0.2, 2.0])
    with tf.GradientTape() as tape:
        variable = tf.Variable(inside)
        total = tf.reduce_sum(saturating_sigmoid(variable) * [1.0, 2.0, -3.0])

    def expected(x):
        return sum(w * oracle.saturating_sigmoid(v) for w, v in zip((1, 2, -3), x, strict=True))

    gradient = central_differences(expected, inside)
    np.testing.assert_allclose(tape.gradient(total, variable), gradient, rtol=1e-6)


def test_hashing_equals_the_oracle():
    layer = hashing()
    params = {name: variable.numpy() for name, variable in named_variables(layer).items()}
    found = layer(STATES, MASK)
    for index in np.ndindex(3, 4):
        code = STATES[index] @ params["code/kernel"] + params["code/bias"]
        bits, latent = oracle.bits_of(code)
        assert found.latents[index] == latent
        both = np.array([*bits, *(1 - bit for bit in bits)])
        hidden = both @ params["of_bits/kernel"] + params["of_bits/bias"]
        for name in ("expansion", "contraction"):
            hidden = np.maximum(hidden, 0) @ params[f"{name}/kernel"] + params[f"{name}/bias"]
        np.testing.assert_allclose(found.dense[index], hidden, rtol=1e-12)


def test_hashing_is_discrete_in_its_share_of_training():
    layer = hashing()
    evaluated = layer(STATES, MASK).dense
    np.testing.assert_array_equal(layer(STATES, MASK, share=1.0, training=True).dense, evaluated)
    continuous = layer(STATES, MASK, share=0.0, training=True)
    assert not np.allclose(continuous.dense, evaluated)
    many = np.repeat(STATES[:1], 400, axis=0)
    half = np.asarray(layer(many, np.ones((400, 4), bool), share=0.3, training=True).dense)
    same = np.isclose(half, np.asarray(evaluated)[:1]).all(axis=(1, 2))
    assert 0.2 < same.mean() < 0.4


def test_hashing_has_noise_in_training_alone():
    layer = hashing(noise=0.5)
    assert np.array_equal(layer(STATES, MASK).dense, layer(STATES, MASK).dense)
    one, other = (layer(STATES, MASK, share=0.0, training=True).dense for _ in range(2))
    assert not np.allclose(one, other)


def test_hashing_has_the_gradient_of_the_saturating_sigmoid():
    layer = hashing()
    x, bits = tf.constant(STATES), tf.cast(layer.code(STATES) > 0.0, tf.float64)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch((x, bits))
        total = tf.reduce_sum(layer(x, MASK, share=1.0, training=True).dense)
        of_bits = tf.reduce_sum(layer._of_bits(bits))
        likely = saturating_sigmoid(layer.code(x))
    upstream = tape.gradient(of_bits, bits)
    expected = tape.gradient(likely, x, output_gradients=upstream)
    assert np.abs(expected).max() > 0.1
    np.testing.assert_allclose(tape.gradient(total, x), expected, rtol=1e-10)


def slices_of(states):
    return states.reshape(-1, 2, WIDTH // 2)


def test_quantization_equals_the_oracle():
    layer = quantization()
    found = layer(STATES, MASK)
    codebook = np.asarray(layer.codebook())
    expected = np.array([oracle.nearest(codebook, slices) for slices in slices_of(STATES)])
    np.testing.assert_array_equal(
        np.reshape(found.latents, -1), expected[:, 0] + 4 * expected[:, 1]
    )
    chosen = np.stack([codebook[n][expected[:, n]] for n in range(2)], axis=1)
    distance = np.square(slices_of(STATES) - chosen).mean(axis=(1, 2)).reshape(3, 4)
    np.testing.assert_allclose(found.commitment, distance, rtol=1e-10)


def test_quantization_has_the_gradient_of_the_identity_and_of_the_commitment():
    layer = quantization()
    x = tf.constant(STATES)
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(x)
        found = layer(x, MASK)
        pulled = tf.reduce_sum(found.commitment)
        total = tf.reduce_sum(found.dense)
    nearest = np.asarray(layer._chosen(layer.codebook(), found.latents))
    np.testing.assert_allclose(tape.gradient(pulled, x), 2 * (STATES - nearest) / WIDTH, rtol=1e-10)
    # The way back as a function of the codewords, whose gradient goes to the states as it is.
    with tf.GradientTape() as inner:
        words = tf.Variable(nearest)
        again = tf.reduce_sum(layer._to_dense(words))
    np.testing.assert_allclose(tape.gradient(total, x), inner.gradient(again, words), rtol=1e-12)


@pytest.mark.parametrize("start", [1.0, 0.0])
def test_moving_averages_equal_the_oracle_over_five_steps(start):
    layer = quantization(start)
    averages = oracle.MovingAverages(layer.sums.numpy(), 0.9, 1e-5, start)
    rng = np.random.default_rng(9)
    for _ in range(5):
        states = rng.normal(size=STATES.shape)
        found = layer(states, MASK, training=True)
        chosen = averages.update(slices_of(states)[MASK.reshape(-1)])
        expected = chosen[:, 0] + 4 * chosen[:, 1]
        np.testing.assert_array_equal(np.asarray(found.latents)[MASK], expected)
        np.testing.assert_allclose(layer.counts, averages.counts, rtol=1e-12)
        np.testing.assert_allclose(layer.codebook(), averages.codebook(), rtol=1e-9)


def test_padding_is_not_counted():
    padded, alone = quantization(), quantization()
    padded(STATES[1:2], MASK[1:2], training=True)
    alone(STATES[1:2, :2], MASK[1:2, :2], training=True)
    np.testing.assert_allclose(padded.sums, alone.sums, rtol=1e-14)
    np.testing.assert_allclose(padded.counts, alone.counts, rtol=1e-14)


def test_replicas_count_what_one_device_would():
    """Each its rows, and a variable is the mean of theirs."""
    alone = quantization()
    alone(STATES, MASK, training=True)
    three = SimpleNamespace(
        num_replicas_in_sync=3, cluster_resolver=None, scope=contextlib.nullcontext
    )
    with Replicas(three).scope():
        shares = [quantization() for _ in STATES]
    for row, layer in enumerate(shares):
        layer(STATES[row : row + 1], MASK[row : row + 1], training=True)
    for name in ("counts", "sums"):
        mean = np.mean([getattr(layer, name).numpy() for layer in shares], axis=0)
        np.testing.assert_allclose(mean, getattr(alone, name), rtol=1e-12)


def perplexity(latents):
    share = np.unique(np.asarray(latents), return_counts=True)[1] / np.size(latents)
    return np.exp(-np.sum(share * np.log(share)))


@pytest.mark.parametrize(("start", "collapses"), [(1.0, False), (0.0, True)])
def test_codewords_stay_in_use_unless_they_start_as_in_t2t(start, collapses):
    """T2T's first step throws away all that isn't used in it."""
    words = 64
    with dtype_policy("float64"):
        layer = VectorQuantization(6, 1, WIDTH, 7, start=start)
    rng = np.random.default_rng(10)
    mask = np.ones((16, 4), bool)
    for _ in range(60):
        layer(rng.uniform(-1.0, 1.0, size=(16, 4, WIDTH)), mask, training=True)
    states = rng.uniform(-1.0, 1.0, size=(500, 4, WIDTH))
    used = perplexity(layer(states, np.ones((500, 4), bool)).latents)
    assert (used < words / 8) if collapses else (used > words / 4), used


@pytest.mark.parametrize(("bits", "blocks", "name"), [(5, 2, "z_size"), (8, 4, "hidden_size")])
def test_blocks_must_divide(bits, blocks, name):
    with pytest.raises(InputError, match=f"{name} . is not divisible by num_blocks {blocks}"):
        VectorQuantization(bits, blocks, WIDTH, 7)
