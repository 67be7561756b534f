"""Exports whose every answer is known: a teacher and a student out of one table, no model."""

import json

import numpy as np
import tensorflow as tf

from t2t_hint_nart.exports.metadata import (
    DECODE,
    ENCODE,
    GIVES_HINTS,
    HINTS,
    METADATA_FILE,
    SCORE,
    SCORE_ENCODED,
    SCORES,
    TRANSLATES,
    ExportMetadata,
)

VOCAB, LAYERS, HEADS, WIDTH = 6, 2, 3, 4
FINGERPRINT = "f" * 64
IDS = tf.TensorSpec([None, None], tf.int32)
INPUTS = tf.constant([[2, 3, 1], [4, 1, 0]])
TARGETS = tf.constant([[5, 1], [3, 1]])

STATES = {"layers": LAYERS, "size": WIDTH}
PROBES = {
    "hidden": STATES,
    "hidden_normed": STATES,
    "attention": {"layers": LAYERS, "heads": HEADS},
}
METADATA = ExportMetadata(
    model="transformer",
    problem="reverse",
    step=1234,
    capabilities=(TRANSLATES, SCORES, GIVES_HINTS),
    probes=PROBES,
    strategy="beam",
    decode_hparams={"beam_size": 4, "alpha": 0.6, "extra_length": 50, "stopping": "1.2.9"},
    vocabularies={
        side: {"size": VOCAB, "fingerprint": FINGERPRINT} for side in ("inputs", "targets")
    },
    hparams={"hidden_size": WIDTH},
    dtype="float32",
    weights_fingerprint="0" * 64,
)

# As the version before wrote it, beside a SavedModel whose source is `encoded` and `source_mask`.
FORMAT_1 = {
    "model": "transformer",
    "problem": "reverse",
    "vocab_size": VOCAB,
    "vocab_fingerprint": FINGERPRINT,
    "num_decoder_layers": LAYERS,
    "num_heads": HEADS,
    "hidden_size": WIDTH,
    "dtype": "float32",
    "step": 1234,
    "length_bias": None,
    "decode_hparams": {
        "beam_size": 4,
        "alpha": 0.6,
        "extra_length": 50,
        "stopping": "1.2.9",
        "length_bias": None,
        "length_halfwidth": 0,
        "rescoring_alpha": 0.0,
    },
    "hparams": {"hidden_size": WIDTH},
    "weights_fingerprint": "0" * 64,
    "format": 1,
}
FORMAT_1_STUDENT = {
    **FORMAT_1,
    "model": "transformer_nat",
    "length_bias": 2,
    "decode_hparams": {**FORMAT_1["decode_hparams"], "length_bias": 2},
}


class TableTeacher(tf.Module):
    """States are a table's rows; attention is uniform; a translation is the source reversed."""

    def __init__(self):
        super().__init__()
        self.table = tf.Variable(
            np.random.default_rng(51).normal(size=(VOCAB, WIDTH)), dtype=tf.float32
        )

    @tf.function(input_signature=[IDS, IDS])
    def hints(self, inputs, targets):
        states = tf.gather(self.table, targets)[:, None] * tf.ones([1, LAYERS, 1, 1])
        batch, source = tf.shape(inputs)[0], tf.shape(inputs)[1]
        attention = tf.ones([batch, LAYERS, HEADS, tf.shape(targets)[1], source])
        return {
            "logits": tf.matmul(states[:, 0], self.table, transpose_b=True),
            "hidden": states,
            "hidden_normed": -states,
            "attention": attention / tf.cast(source, tf.float32),
        }

    @tf.function(input_signature=[IDS, IDS])
    def score(self, inputs, targets):
        token = -tf.cast(targets, tf.float32)
        return {"log_prob": tf.reduce_sum(token, 1), "token_log_prob": token}

    @tf.function(input_signature=[IDS])
    def encode(self, inputs):
        return {"encoded": tf.gather(self.table, inputs), "source_mask": inputs != 0}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None, WIDTH], tf.float32, "encoded"),
            tf.TensorSpec([None, None], tf.bool, "source_mask"),
            IDS,
        ]
    )
    def score_encoded(self, encoded, source_mask, targets):
        read = tf.where(source_mask, tf.reduce_sum(encoded, 2), 0.0)
        return {"log_prob": tf.reduce_sum(read, 1) - tf.cast(tf.reduce_sum(targets, 1), tf.float32)}

    @tf.function(input_signature=[IDS])
    def decode(self, inputs):
        return {"outputs": tf.reverse(inputs, [1]), "scores": tf.zeros(tf.shape(inputs)[:1])}

    @tf.function(input_signature=[IDS])
    def greedy(self, inputs):
        return {"outputs": inputs, "scores": tf.ones(tf.shape(inputs)[:1])}

    def signatures(self):
        return {
            HINTS: self.hints,
            SCORE: self.score,
            ENCODE: self.encode,
            SCORE_ENCODED: self.score_encoded,
            DECODE: self.decode,
            "greedy": self.greedy,
        }


class TableStudent(TableTeacher):
    """Candidates are the source, one token longer by a 2 for each further length."""

    @tf.function(input_signature=[IDS, tf.TensorSpec([], tf.int32)])
    def candidates(self, inputs, halfwidth):
        count = 2 * halfwidth + 1
        longer = tf.linalg.band_part(tf.fill([count, count], 2), -1, 0)
        batch = tf.shape(inputs)[0]
        real = tf.where(inputs == 1, 2, inputs)
        rows = tf.repeat(real[:, None], count, axis=1)
        added = tf.repeat(longer[None], batch, axis=0)
        return {
            "outputs": tf.concat([added, rows], axis=2),
            "log_prob": tf.zeros(tf.stack([batch, count])),
        }

    def signatures(self):
        return {
            HINTS: self.hints,
            DECODE: self.decode,
            "candidates": self.candidates,
        }


def write_saved_model(directory, module, without=()):
    """Write a SavedModel and return its table."""
    kept = {name: f for name, f in module.signatures().items() if name not in without}
    tf.saved_model.save(module, str(directory), signatures=kept)
    return module.table.numpy()


def write_json(directory, values):
    (directory / METADATA_FILE).write_text(json.dumps(values), encoding="utf-8")
