"""What a network does for those who score and check sentences, as signatures of any runtime.

A source is encoded once, and given back as tensors by name with targets of any number of passes.
Encoder and decoder are functions inside the graph, so that an export has each of them once.
"""

from typing import Any

import keras
import tensorflow as tf

from t2t_hint_nart.decoding.strategy import IDS
from t2t_hint_nart.decoding.verified import Choices
from t2t_hint_nart.losses.likelihood import token_log_probs
from t2t_hint_nart.models.network import Canvas

Tensors = dict[str, tf.Tensor]


def choices(logits: tf.Tensor, targets: tf.Tensor) -> Choices:
    """What logits float[B, T, V] of a pass over targets int32[B, T] say in their place."""
    logits = tf.cast(logits, tf.float32)
    log_probs = tf.reduce_max(logits, axis=-1) - tf.reduce_logsumexp(logits, axis=-1)
    return Choices(
        ids=tf.argmax(logits, axis=-1, output_type=tf.int32),
        log_probs=log_probs,
        gaps=log_probs - token_log_probs(logits, targets),
    )


class Scoring:
    """Functions from tensors to tensors by name; `encode` must have been traced before others.

    Args:
        network: that has `encode`, and `decode` over a canvas of targets.
        inputs: what sources are like.
    """

    def __init__(self, network: keras.Model, inputs: tf.TensorSpec = IDS):
        self._network = network
        self._encode = tf.function(self._encoded, input_signature=[inputs], autograph=False)
        self._decode = tf.function(self._decoded, autograph=False)

    def encode(self, inputs: tf.Tensor) -> Tensors:
        """Encode sources int32[B, S]."""
        return {f"source_{i}": part for i, part in enumerate(self._encode(inputs))}

    def score(self, inputs: tf.Tensor, targets: tf.Tensor) -> Tensors:
        """Log probabilities of targets: of each token float32[B, T], and their sum float32[B]."""
        tokens = token_log_probs(self._decode(*self._encode(inputs), targets), targets)
        return {"log_prob": tf.reduce_sum(tokens, axis=1), "token_log_prob": tokens}

    def score_encoded(self, *tensors: tf.Tensor) -> Tensors:
        """Sum the log probabilities of targets, which are the last of the tensors: float32[B]."""
        tokens = token_log_probs(self._decode(*tensors), tensors[-1])
        return {"log_prob": tf.reduce_sum(tokens, axis=1)}

    def choose(self, *tensors: tf.Tensor) -> Tensors:
        """`Choices` in place of targets, which are the last of the tensors."""
        return choices(self._decode(*tensors), tensors[-1])._asdict()

    def _encoded(self, inputs: tf.Tensor) -> list[tf.Tensor]:
        self._structure = self._network.encode(inputs)
        return tf.nest.flatten(self._structure)

    def _decoded(self, *tensors: tf.Tensor) -> tf.Tensor:
        *flat, targets = tensors
        source = tf.nest.pack_sequence_as(self._structure, flat)
        return self._network.decode(source, Canvas(targets != 0, targets)).logits


def specs_of_encoded(encoding: Any, targets: tf.TensorSpec = IDS) -> list[tf.TensorSpec]:
    """What the other functions take: the outputs of `encode`, as it was traced, and targets."""
    outputs = encoding.get_concrete_function().structured_outputs
    encoded = [tf.TensorSpec(spec.shape, spec.dtype, name) for name, spec in outputs.items()]
    return [*encoded, tf.TensorSpec(targets.shape, targets.dtype, "targets")]
