"""Iterative refinement learns a toy language: the source backwards, and its first token again."""

import random

import keras
import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from tests.training.toy_training import trained as train

MODEL, STRATEGY = "transformer_nat_refinement", "iterative_refinement"
VOCAB, LONGEST = 12, 8
CHANGES = {
    "hidden_size": 32,
    "filter_size": 64,
    "num_hidden_layers": 1,
    "layer_prepostprocess_dropout": 0.0,
    "attention_dropout": 0.0,
    "relu_dropout": 0.0,
    "label_smoothing": 0.0,
    "learning_rate_schedule": "constant*linear_warmup",
    "learning_rate_constant": 0.003,
    "learning_rate_warmup_steps": 50,
}


def sentences(rng, count):
    """Sources of 3 to 8 tokens and what they mean, int32[count, ...] both."""
    inputs = np.zeros((count, LONGEST + 1), np.int32)
    targets = np.zeros((count, LONGEST + 2), np.int32)
    for row in range(count):
        words = rng.integers(2, VOCAB, rng.integers(3, LONGEST + 1))
        for ids, said in ((inputs, words), (targets, [*words[::-1], words[0]])):
            ids[row, : len(said)] = said
            ids[row, len(said)] = 1
    return inputs, targets


@pytest.fixture(scope="module")
def trained():
    """A network after 400 updates of 32 sentences, its set, and the losses on the way."""
    random.seed(1)
    hparams = registry.hparams(f"{MODEL}_multi30k").override_from_dict(CHANGES)
    network = registry.model(MODEL)(hparams, VOCAB)
    rng, draws = np.random.default_rng(0), keras.ops.convert_to_numpy(network.draws.state).copy()
    told = train(network, hparams, (sentences(rng, 32) for _ in range(400)))
    # A compiled step draws anew each time.
    assert not np.array_equal(draws, network.draws.state)
    return network, hparams, [row["loss"] for row in told]


def test_the_loss_falls(trained):
    losses = trained[2]
    assert np.mean(losses[-20:]) < 0.1 * np.mean(losses[:20])


@pytest.mark.parametrize("overrides", ["", "convergence=none,iterations=4"])
def test_it_translates(trained, overrides):
    network, hparams, _ = trained
    inputs, targets = sentences(np.random.default_rng(9), 64)
    search = registry.strategy(STRATEGY)(decode_hparams(overrides, STRATEGY), hparams)
    ids = search(network, tf.constant(inputs)).ids[:, 0].numpy()
    width = max(ids.shape[1], targets.shape[1])
    ids, targets = (np.pad(x, [[0, 0], [0, width - x.shape[1]]]) for x in (ids, targets))
    real = targets != 0
    assert np.mean(ids[real] == targets[real]) > 0.95
