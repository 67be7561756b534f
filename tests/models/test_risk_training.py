"""Candidates that a model draws itself, and what it learns from their cost."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.layers.precision import activations_in
from t2t_hint_nart.models.network import forward
from t2t_hint_nart.models.risk_training import sample_targets
from t2t_hint_nart.training.learner import Learner
from t2t_hint_nart.training.objective import Objective
from t2t_hint_nart.training.optimizer import make_optimizer
from tests.training.toy_training import trained

VOCAB = 7
SIZES = {
    "hidden_size": 16,
    "encoder_widths": [16],
    "encoder_kernels": [3],
    "decoder_widths": [16],
    "decoder_kernels": [3],
    "softmax_width": 16,
    "dropout": 0.0,
    "risk_candidates": 8,
    "batch_size": 64,
    "learning_rate_schedule": "constant",
}
INPUTS = np.array([[3, 4, 5, 1], [6, 2, 1, 0]], np.int32)


class Bigrams:
    """The next token depends on the last one and on the sentence."""

    def __init__(self, probabilities):
        self.logits = np.log(probabilities).astype(np.float32)

    def start(self, source, room):
        return source, {"steps": keras.ops.zeros_like(source)}

    def step(self, ids, position, memory, state):
        logits = keras.ops.take(self.logits, ids, axis=0) + memory[:, None]
        return logits, {"steps": state["steps"] + 1.0}


def test_samples_are_of_the_models_distribution():
    """Shares of the first two tokens in 20,000 samples; sentences end, PAD is behind them."""
    rng = np.random.default_rng(1)
    probabilities = rng.dirichlet(np.ones(4), size=4)
    probabilities[:, 0] = 1e-30
    probabilities /= probabilities.sum(1, keepdims=True)
    rows = 20_000
    limits = np.full(rows, 6, np.int32)
    limits[:10] = 2
    draws = rng.random((rows, 6)).astype(np.float32)
    source = np.zeros(rows, np.float32)
    ids = np.asarray(sample_targets(Bigrams(probabilities), source, limits, draws))
    first = np.bincount(ids[:, 0], minlength=4) / rows
    np.testing.assert_allclose(first, probabilities[0], atol=0.015)
    seconds = ids[10:][ids[10:, 0] == 2, 1]
    np.testing.assert_allclose(
        np.bincount(seconds, minlength=4) / len(seconds), probabilities[2], atol=0.03
    )
    lengths = (ids != 0).sum(1)
    assert (np.take_along_axis(ids, lengths[:, None] - 1, axis=1) == 1).all()
    assert ((ids == 1).sum(1) == 1).all()
    assert lengths[:10].max() == 2 and lengths.max() == 6


def learner_of(**changes):
    hparams = registry.hparams("conv_s2s_iwslt_de_en_risk").override_from_dict({**SIZES, **changes})
    random.seed(3)
    learner = Learner(registry.model("conv_s2s")(hparams, VOCAB), Objective(hparams))
    learner.compile(optimizer=make_optimizer(hparams))
    return learner


def test_cost_falls_by_risk_alone():
    """Hardly any likelihood: that the samples cost less is learnt from their costs alone."""
    learner = learner_of(
        nll_weight=1e-9, risk_weight=1.0, optimizer="adam", learning_rate_constant=0.01
    )
    inputs = np.tile(INPUTS, (8, 1))
    told = trained(learner.network, learner.objective.hparams, [(inputs, inputs)] * 60)
    costs = [row["risk"] for row in told]
    assert np.mean(costs[-5:]) < 0.8 * np.mean(costs[:5]), costs


def test_the_term_is_in_training_alone_and_weighs_half():
    learner = learner_of()
    data = {"inputs": tf.constant(INPUTS), "targets": tf.constant(INPUTS)}
    told = {name: float(value) for name, value in learner.train_step(data).items()}
    assert told["loss"] == pytest.approx(0.5 * told["nll"] + 0.5 * told["risk"], rel=1e-5)
    assert 0.0 < told["risk"] <= 100.0
    assert learner.network(INPUTS, INPUTS).terms == {}
    assert learner_of(risk_weight=0.0).network(INPUTS, INPUTS, training=True).terms == {}


def test_scores_that_are_none():
    with pytest.raises(InputError, match="risk_scores"):
        learner_of(risk_scores="log")


def test_activations_of_a_low_precision():
    with activations_in("bfloat16"):
        learner = learner_of(risk_weight=1.0, activation_dtype="bfloat16")
    ids = tf.constant(INPUTS)
    term = forward(learner.network, ids, ids, training=True).terms["risk"]
    assert term.total.dtype == tf.float32 and 0 < float(term.mean()) <= 100
