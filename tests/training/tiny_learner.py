"""A learner small enough to train eagerly, a teacher made of one variable, and its data."""

import numpy as np
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.models.network import Output
from t2t_hint_nart.training.learner import Learner
from t2t_hint_nart.training.objective import Objective
from t2t_hint_nart.training.optimizer import make_optimizer
from tests.models.tiny_networks import HEADS, VOCAB, WIDTH, tiny_hparams

LAYERS = 1
NO_DROPOUT = {"layer_prepostprocess_dropout": 0.0, "attention_dropout": 0.0, "relu_dropout": 0.0}


class TableTeacher:
    """Hints out of one variable: states looked up by target id, attention on one position."""

    def __init__(self, width=WIDTH):
        self.table = tf.Variable(
            np.random.default_rng(31).normal(size=(VOCAB, width)), dtype=tf.float32
        )

    def hints(self, inputs, targets):
        states = tf.gather(self.table, targets)[:, None]
        source, target = tf.shape(inputs)[1], tf.shape(targets)[1]
        rows = tf.one_hot(tf.range(target) % source, source)[None, None, None]
        shape = tf.stack([tf.shape(inputs)[0], LAYERS, HEADS, target, source])
        logits = tf.zeros([tf.shape(inputs)[0], target, VOCAB])
        attention = tf.broadcast_to(rows, shape)
        probes = {"hidden": states, "hidden_normed": states, "attention": attention}
        return Output(logits, targets != 0, probes)


def make_learner(
    model_name="transformer_nat",
    set_name="transformer_nat_small_hints",
    teacher=None,
    model_args=None,
    **changes,
):
    """A compiled learner of one encoder and one decoder layer."""
    hparams = tiny_hparams(set_name, num_decoder_layers=LAYERS, **changes)
    network = registry.model(model_name)(hparams, VOCAB, **(model_args or {}))
    learner = Learner(network, Objective(hparams), teacher)
    learner.compile(optimizer=make_optimizer(hparams))
    return learner


def sentence_pairs(count=8, length=5, seed=32):
    """Random pairs, padded to one length, some shorter."""
    rng = np.random.default_rng(seed)
    pairs = {}
    for name in ("inputs", "targets"):
        lengths = rng.integers(2, length + 1, size=(count, 1))
        ids = rng.integers(2, VOCAB, size=(count, length))
        ids[np.arange(length) == lengths - 1] = 1
        pairs[name] = np.where(np.arange(length) < lengths, ids, 0).astype(np.int32)
    return pairs


def batch(count=3, seed=32):
    """One batch of tensors."""
    return {name: tf.constant(ids) for name, ids in sentence_pairs(count, seed=seed).items()}


def shuffled_batches():
    """Endless batches of two in a seeded order that differs from epoch to epoch."""
    pairs = tf.data.Dataset.from_tensor_slices(sentence_pairs())
    return pairs.shuffle(4, seed=5).repeat().batch(2, drop_remainder=True)
