"""Attention of recurrent decoders: equal to NumPy loops, in value and gradient."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.layers.memory_attention import MECHANISMS, MemoryAttention
from tests.central_differences import central_differences
from tests.dtype_policy import dtype_policy
from tests.oracles.recurrent import attend, bahdanau_scores, luong_scores

QUERY, MEMORY, LENGTHS = 3, 2, (4, 2)


def case(mechanism, heads=1):
    """A layer with random weights, queries float64[2, 3] and a memory float64[2, 4, 2]."""
    rng = np.random.default_rng(0)
    hparams = registry.hparams("lstm_attention")
    hparams.attention_mechanism = mechanism
    with dtype_policy("float64"):
        layer = MemoryAttention(hparams, QUERY, MEMORY, heads)
    for weight in layer.weights:
        weight.assign(rng.normal(size=weight.shape))
    return layer, rng.normal(size=(2, QUERY)), rng.normal(size=(2, max(LENGTHS), MEMORY))


ALLOWED = np.arange(max(LENGTHS)) < np.array(LENGTHS)[:, None]


def run(layer, query, memory):
    return layer(query, layer.keys(memory), memory, tf.constant(ALLOWED))


def expected(mechanism, query, memory, weights, head=0):
    """Contexts float64[2, M] and weights float64[2, S] of one head."""
    found = []
    for q, m, length in zip(query, memory, LENGTHS, strict=True):
        if mechanism == "luong":
            scores = luong_scores(q, m, weights["memory_kernel"])
        else:
            scores = bahdanau_scores(
                q,
                m,
                weights["memory_kernel"],
                weights["query_kernel"],
                weights["vectors"][head],
                weights["scale"][head] if "scale" in weights else None,
                weights.get("bias"),
            )
        found.append(attend(scores, m, length))
    contexts, attended = zip(*found, strict=True)
    return np.stack(contexts), np.stack(attended)


@pytest.mark.parametrize("heads", [1, 3])
@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_it_equals_the_oracle(mechanism, heads):
    layer, query, memory = case(mechanism, heads)
    contexts, weights = run(layer, tf.constant(query), tf.constant(memory))
    assert weights.shape == (2, heads, max(LENGTHS))
    values = {weight.name: weight.numpy() for weight in layer.weights}
    for head in range(heads):
        context, attended = expected(mechanism, query, memory, values, head)
        np.testing.assert_allclose(contexts[:, head], context, rtol=1e-12)
        np.testing.assert_allclose(weights[:, head], attended, rtol=1e-12)
    # Exactly, not nearly.
    assert not weights.numpy()[1, :, 2:].any()


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_gradients_equal_central_differences(mechanism):
    layer, query, memory = case(mechanism)
    factor = np.random.default_rng(1).normal(size=(2, MEMORY))
    given = [tf.constant(query), tf.constant(memory)]
    with tf.GradientTape() as tape:
        tape.watch(given)
        loss = tf.reduce_sum(run(layer, *given)[0][:, 0] * factor)
    gradients = tape.gradient(loss, [*given, *(w.value for w in layer.weights)])
    values = {weight.name: weight.numpy() for weight in layer.weights}

    def loss_of(name, value):
        changed = {"query": query, "memory": memory, "weights": values}
        if name in values:
            changed["weights"] = {**values, name: value}
        else:
            changed[name] = value
        return np.sum(factor * expected(mechanism, **changed)[0])

    names = {"query": query, "memory": memory, **values}
    for (name, value), gradient in zip(names.items(), gradients, strict=True):
        by_difference = central_differences(lambda v, name=name: loss_of(name, v), value)
        np.testing.assert_allclose(gradient, by_difference, rtol=1e-5, atol=1e-8, err_msg=name)


def test_weights_that_have_the_same_shape_begin_with_other_values():
    layer = MemoryAttention(registry.hparams("lstm_attention"), 4, 4)
    assert not np.array_equal(layer.memory_kernel.numpy(), layer.query_kernel.numpy())


@pytest.mark.parametrize("mechanism", MECHANISMS)
def test_weights_of_a_low_precision_are_summed_up_in_float32(mechanism):
    hparams = registry.hparams("lstm_attention")
    hparams.attention_mechanism = mechanism
    with dtype_policy("mixed_bfloat16"):
        layer = MemoryAttention(hparams, QUERY, MEMORY)
    _, query, memory = case(mechanism)
    query, memory = (tf.cast(some, tf.bfloat16) for some in (query, memory))
    keys = tf.cast(layer.keys(memory), tf.bfloat16)
    contexts, weights = layer(query, keys, memory, tf.constant(ALLOWED))
    assert contexts.dtype == tf.bfloat16 and weights.dtype == tf.float32
    np.testing.assert_allclose(np.sum(weights, -1), 1.0, atol=1e-6)
