"""Recurrent models learn a toy language: to copy sentences of 20 tokens."""

import random

import numpy as np
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from tests.training.toy_training import trained

MODEL = "lstm_seq2seq_attention_bidirectional_encoder"
VOCAB, LENGTH = 12, 20
IDS = tf.TensorSpec([None, None], tf.int32)
CHANGES = {
    "hidden_size": 32,
    "dropout": 0.0,
    "label_smoothing": 0.0,
    "attention_mechanism": "bahdanau",
    "num_hidden_layers": 1,
    "learning_rate_schedule": "constant*linear_warmup*cosdecay",
    "learning_rate_constant": 0.015,
    "learning_rate_warmup_steps": 30,
    "learning_rate_decay_steps": 400,
}


def sentences(rng, count):
    """20 tokens, or fewer in some, that mean themselves: int32[count, 21]."""
    ids = np.zeros((count, LENGTH + 1), np.int32)
    for row in range(count):
        length = LENGTH if row % 2 else rng.integers(1, LENGTH)
        ids[row, :length] = rng.integers(2, VOCAB, length)
        ids[row, length] = 1
    return ids


def test_it_learns_to_copy():
    random.seed(1)
    hparams = registry.hparams("lstm_attention_multi30k").override_from_dict(CHANGES)
    network = registry.model(MODEL)(hparams, VOCAB)
    rng = np.random.default_rng(0)
    told = trained(
        network, hparams, ((ids, ids) for ids in (sentences(rng, 24) for _ in range(400)))
    )
    losses = [row["loss"] for row in told]
    assert np.mean(losses[-20:]) < 0.2 * np.mean(losses[:20])
    ids = sentences(np.random.default_rng(9), 64)
    search = registry.strategy("beam")(decode_hparams("beam_size=1", "beam"), hparams)
    graph = tf.function(lambda inputs: search(network, inputs).ids, input_signature=[IDS])
    found = graph(tf.constant(ids)).numpy()[:, 0]
    width = max(found.shape[1], ids.shape[1])
    found, ids = (np.pad(x, [[0, 0], [0, width - x.shape[1]]]) for x in (found, ids))
    real = ids != 0
    assert np.mean(found[real] == ids[real]) > 0.95, losses[::25]
