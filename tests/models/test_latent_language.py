"""The latent Transformer learns a language of which a sentence has two translations.

The target is the source, or the source in the words of another dialect behind its first token: a
model of independent tokens would mix the two. Its first token is predicted without latents.
"""

import random

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from tests.training.toy_training import trained as train

WORDS, LONGEST = 9, 7
VOCAB = 2 + 2 * WORDS
CHANGES = {
    "hidden_size": 32,
    "filter_size": 64,
    "compress_filter_size": 64,
    "num_hidden_layers": 1,
    "num_heads": 2,
    "num_compress_steps": 2,
    "z_size": 4,
    "d_mix": 1.0,
    "startup_steps": 0,
    "dropout": 0.0,
    "layer_prepostprocess_dropout": 0.0,
    "attention_dropout": 0.0,
    "relu_dropout": 0.0,
    "label_smoothing": 0.0,
    "learning_rate_schedule": "constant*linear_warmup*rsqrt_decay",
    "learning_rate_constant": 0.03,
    "learning_rate_warmup_steps": 100,
}


def dialects(inputs):
    """Both translations of sources int32[B, S]: int32[2, B, S]."""
    behind = (inputs > 1) & (np.arange(inputs.shape[1]) > 0)
    return np.stack([inputs, inputs + WORDS * behind])


def sentences(rng, count):
    """Sources of 3 to 7 words, and one of the translations of each."""
    inputs = np.zeros((count, LONGEST + 1), np.int32)
    for row in inputs:
        length = rng.integers(3, LONGEST + 1)
        row[:length] = rng.integers(2, 2 + WORDS, length)
        row[length] = 1
    return inputs, dialects(inputs)[rng.integers(0, 2, count), np.arange(count)]


@pytest.fixture(scope="module")
def trained():
    """A network after 400 updates of 32 sentences, its set, and the losses on the way."""
    random.seed(1)
    hparams = registry.hparams("transformer_ae_multi30k").override_from_dict(CHANGES)
    network = registry.model("transformer_ae")(hparams, VOCAB)
    rng = np.random.default_rng(0)
    told = train(network, hparams, (sentences(rng, 32) for _ in range(400)))
    # A compiled step counts.
    assert float(network.steps) == 400
    return network, hparams, [row["loss"] for row in told]


def test_the_loss_falls(trained):
    losses = trained[2]
    assert np.mean(losses[-20:]) < 0.5 * np.mean(losses[:20])


def test_latents_say_which_translation_it_is(trained):
    network, _, _ = trained
    inputs, targets = sentences(np.random.default_rng(9), 64)
    real = targets != 0
    said = np.argmax(network(inputs, targets).logits, axis=-1)
    assert np.mean(said[real] == targets[real]) > 0.95


def test_it_translates_into_one_of_the_dialects(trained):
    network, hparams, _ = trained
    inputs, _ = sentences(np.random.default_rng(9), 64)
    decode = registry.strategy("latent")(decode_hparams("", "latent"), hparams)
    ids = decode(network, tf.constant(inputs)).ids.numpy()[:, 0]
    real = inputs != 0
    right = [
        np.mean([i == j for i, j, of in zip(ids[row], said[row], real[row], strict=False) if of])
        for row, said in ((row, d) for row in range(64) for d in dialects(inputs))
    ]
    assert np.mean(np.reshape(right, (64, 2)).max(axis=1)) > 0.95


def test_samples_have_both_dialects(trained):
    network, hparams, _ = trained
    inputs, _ = sentences(np.random.default_rng(11), 32)
    decode = registry.strategy("latent")(decode_hparams("num_candidates=12", "latent"), hparams)
    ids = decode(network, tf.constant(inputs)).ids.numpy()
    is_other = (ids[:, :, 1:3] > 1 + WORDS).all(axis=2)
    assert np.mean(is_other.any(axis=1) & ~is_other.all(axis=1)) > 0.8
