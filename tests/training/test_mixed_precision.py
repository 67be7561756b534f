"""Activations of a low precision: what is kept and summed up is float32 all the same."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.layers.precision import activations_in
from t2t_hint_nart.losses.term import LossTerm
from t2t_hint_nart.models.network import Output, forward
from t2t_hint_nart.training.checkpoints import Checkpoints, restore_model
from t2t_hint_nart.training.learner import compiled_step
from tests.training.tiny_learner import (
    NO_DROPOUT,
    TableTeacher,
    batch,
    make_learner,
    shuffled_batches,
)

LOW = ("bfloat16", "float16")
# Every registered model with a set of its own.
MODELS = {
    "conv_s2s": "conv_s2s_multi30k",
    "gnmt": "gnmt_nmt",
    "lstm_seq2seq": "lstm_seq2seq",
    "lstm_seq2seq_attention": "lstm_attention",
    "lstm_seq2seq_attention_bidirectional_encoder": "lstm_attention",
    "lstm_seq2seq_bidirectional_encoder": "lstm_seq2seq",
    "rnnsearch": "rnnsearch_iwslt14",
    "transformer": "transformer_relative_tiny",
    "transformer_ae": "transformer_ae_multi30k",
    "transformer_nat": "transformer_nat_multi30k",
    "transformer_nat_ctc": "transformer_nat_ctc_multi30k",
    "transformer_nat_fertility": "transformer_nat_fertility_multi30k",
    "transformer_nat_refinement": "transformer_nat_refinement_multi30k",
}
_SIZES = ("hidden_size", "filter_size", "compress_filter_size", "softmax_width", "z_size")
_DEPTHS = ("num_hidden_layers", "num_encoder_layers", "num_decoder_layers", "num_compress_steps")
_WIDTHS = ("encoder_widths", "decoder_widths", "encoder_kernels", "decoder_kernels")
TINY = {
    **dict.fromkeys(_SIZES, 4),
    **dict.fromkeys(_DEPTHS, 1),
    **{name: [2] for name in _WIDTHS},
    "num_heads": 2,
    "length_bias": 0,
}
# Short searches; where there are samples, some.
SHORT = {"extra_length": 0, "beam_size": 1, "iterations": 2, "num_candidates": 2}


def trained(dtype, steps):
    """A hinted student after some steps on one batch, and what each of them told."""
    random.seed(1)
    with activations_in(dtype):
        learner = make_learner(
            teacher=TableTeacher(),
            activation_dtype=dtype,
            learning_rate=0.05,
            learning_rate_warmup_steps=5,
            clip_grad_norm=1.0,
            **NO_DROPOUT,
        )
    step, data = compiled_step(learner), batch()
    rows = [step(data) for _ in range(steps)]
    return learner, [{name: float(value) for name, value in row.items()} for row in rows]


@pytest.fixture(scope="module")
def runs():
    return {dtype: trained(dtype, 40) for dtype in ("float32", *LOW)}


@pytest.mark.parametrize("dtype", LOW)
def test_it_learns_like_float32(runs, dtype):
    (_, expected), (_, rows) = runs["float32"], runs[dtype]
    for name in ("nll", "hint_hidden", "hint_align"):
        first = rows[0][name]
        assert first == pytest.approx(expected[0][name], rel=0.02), name
        assert first != expected[0][name], f"{name} was computed in float32"
    assert expected[-1]["nll"] < 0.5 * expected[0]["nll"]
    assert rows[-1]["nll"] == pytest.approx(expected[-1]["nll"], abs=0.1 * expected[0]["nll"])
    # The first scale may be too large for some steps.
    norm = next(row["gradient_norm"] for row in rows if row["gradient_norm"])
    assert norm == pytest.approx(expected[0]["gradient_norm"], rel=0.05)
    assert (dtype == "float16") == ("loss_scale" in rows[0])


@pytest.mark.parametrize("dtype", LOW)
def test_what_is_low_and_what_is_not(runs, dtype):
    learner, _ = runs[dtype]
    network = learner.network
    assert {keras.backend.standardize_dtype(v.dtype) for v in network.weights} == {"float32"}
    data = batch()
    probes = ("hidden", "attention")
    output = forward(network, data["inputs"], data["targets"], probes=probes)
    # Scores and what a softmax gives are summed up; states aren't.
    assert output.logits.dtype == output.probes["attention"].dtype == tf.float32
    assert output.probes["hidden"].dtype == dtype
    assert network.encode(data["inputs"]).source.states.dtype == dtype
    losses = learner.objective(output, data["inputs"], data["targets"])
    assert losses.total.dtype == tf.float32


def test_a_checkpoint_of_bfloat16_is_one_of_float32(runs, tmp_path):
    (low, _), (other, _) = runs["bfloat16"], trained("float32", 0)
    low_optimizer, optimizer = low.optimizer, other.optimizer
    assert [v.shape for v in low_optimizer.variables] == [v.shape for v in optimizer.variables]
    path = Checkpoints(tmp_path, low.network, low_optimizer, iter(shuffled_batches())).save(40)
    assert restore_model(other.network, path) == 40
    for ours, theirs in zip(other.network.weights, low.network.weights, strict=True):
        np.testing.assert_array_equal(ours.value, theirs.value)
    data = batch()
    logits = [
        forward(learner.network, data["inputs"], data["targets"]).logits for learner in (other, low)
    ]
    np.testing.assert_allclose(logits[0], logits[1], atol=0.05 * np.abs(logits[0]).max())


def test_a_step_whose_scaled_gradients_overflow_is_left_out(runs):
    learner, rows = runs["float16"]
    assert rows[0]["loss_scale"] == 2.0**15
    assert rows[-1]["loss_scale"] < 2.0**15 and rows[-1]["gradient_norm"] > 0
    learner.optimizer.dynamic_scale.assign(3e38)
    before = [weight.numpy() for weight in learner.network.weights]
    told = learner.train_step(batch())
    assert float(told["gradient_norm"]) == 0.0 and np.isfinite(float(told["loss"]))
    for weight, value in zip(learner.network.weights, before, strict=True):
        np.testing.assert_array_equal(weight.value, value)
    assert float(learner.optimizer.dynamic_scale) == np.float32(1.5e38)


def test_every_model_is_there():
    assert set(MODELS) == set(registry.list_models())


@pytest.mark.parametrize("name", MODELS)
def test_logits_are_not_rounded_and_it_decodes_between_steps(name):
    """By its strategy, outside of a call of the model, in which Keras would cast its variables."""
    hparams, strategy = registry.hparams(MODELS[name]), registry.strategy_of(name)
    hparams.override_from_dict({key: value for key, value in TINY.items() if key in hparams})
    settings = decode_hparams("", strategy)
    settings.override_from_dict({key: value for key, value in SHORT.items() if key in settings})
    with activations_in("bfloat16"):
        network = registry.model(name)(hparams, 7)
    inputs = tf.constant([[5, 1], [1, 0]])
    logits = network(inputs, inputs).logits
    assert logits.dtype == tf.float32
    assert np.any(logits != tf.cast(tf.cast(logits, tf.bfloat16), tf.float32)), "rounded"
    assert tf.bfloat16 in {part.dtype for part in tf.nest.flatten(network.encode(inputs))}
    found = registry.strategy(strategy)(settings, hparams)(network, inputs)
    assert found.scores.dtype == tf.float32 and np.isfinite(found.scores).all()


def test_positions_are_exact():
    from t2t_hint_nart.layers.timing_signal import timing_signal

    signal = timing_signal(tf.range(600), 8, "bfloat16")
    assert signal.dtype == tf.bfloat16
    expected = timing_signal(tf.range(600), 8)
    np.testing.assert_allclose(tf.cast(signal, tf.float32), expected, atol=0.004)


def test_the_policy_is_as_before_whatever_happens():
    before = keras.config.dtype_policy()
    with pytest.raises(ZeroDivisionError), activations_in("bfloat16"):
        raise ZeroDivisionError
    assert keras.config.dtype_policy() == before


def test_what_losses_are_made_of_is_float32_whatever_a_model_gives():
    class Low(keras.Model):
        def call(self, inputs, targets, training=False):
            one = tf.ones((), tf.bfloat16)
            return Output(
                tf.ones((1, 1, 3), tf.bfloat16), targets != 0, {}, {"own": LossTerm(one, 1)}
            )

    ids = tf.constant([[1]])
    output = forward(Low(), ids, ids)
    assert output.logits.dtype == output.terms["own"].total.dtype == tf.float32
