"""A sentence with numbers that a test can foresee."""

import numpy as np
import tensorflow as tf

from t2t_hint_nart.inspection.generated import Inside
from t2t_hint_nart.inspection.sentence_view import look
from t2t_hint_nart.models.network import Output

LAYERS, HEADS = 2, 3
SOURCE = ["Hal", "lo_", "<EOS>"]
TARGET = ["</script>_", "<EOS>"]


class Pieces:
    """An encoder of pieces; ids from 2 name them in their order."""

    def __init__(self, *pieces):
        self.pieces = ["<pad>", "<end>", *pieces]

    def encode(self, text):
        return list(range(2, len(self.pieces)))

    def decode(self, ids):
        return "".join(self.decode_list(ids)).replace("_", "")

    def decode_list(self, ids):
        return [self.pieces[id_] for id_ in ids]


ENCODERS = {"inputs": Pieces(*SOURCE[:-1]), "targets": Pieces(TARGET[0])}


def attention(layers, rows, columns, seed):
    """Random weights; head 2 of layer 1 is the sharpest."""
    logits = np.random.default_rng(seed).normal(size=(1, layers, HEADS, rows, columns))
    logits[0, 1:2, 2] *= 50
    weights = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return weights / weights.sum(axis=-1, keepdims=True)


def probes(length):
    """What is inside while `length` positions are predicted."""
    source_length = len(SOURCE)
    hidden, normed = np.random.default_rng(3).normal(size=(2, 1, LAYERS, length, 4))
    return {
        "hidden": hidden,
        "hidden_normed": normed,
        "attention": attention(LAYERS, length, source_length, 0),
        "encoder_attention": attention(1, source_length, source_length, 1),
        "decoder_attention": attention(LAYERS, length, length, 2),
    }


def inside(ids, length, without=(), best=None):
    """A model that decodes to `ids` over a canvas of `length` positions."""
    seen = {name: probe for name, probe in probes(length).items() if name not in without}
    logits = np.zeros([1, length, 9])
    if best is not None:
        logits[0, np.arange(length), best] = 1.0
    return Inside(
        "model <b>",
        lambda inputs: tf.constant([ids]),
        lambda inputs, ids: tf.ones([1, length], tf.int32),
        lambda inputs, targets: Output(logits, targets != 0, seen),
    )


def example(length=2, **changes):
    """A view of a sentence of two tokens, which may have positions behind them."""
    return look(inside([2, 1, *[0] * (length - 2)], length, **changes), ENCODERS, "Hallo")
