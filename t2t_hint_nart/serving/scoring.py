"""Log probabilities of given translations, by a model in memory."""

import math
from collections.abc import Callable, Sequence

import keras
import numpy as np
import tensorflow as tf

from t2t_hint_nart.data.problem import TextEncoder
from t2t_hint_nart.data.sentence_batches import SentenceBatch
from t2t_hint_nart.decoding.strategy import IDS
from t2t_hint_nart.losses.likelihood import token_log_probs
from t2t_hint_nart.models.network import forward
from t2t_hint_nart.serving.translator import fitting_batches
from t2t_hint_nart.text import EOS_ID, PAD_ID


def log_probs(
    model: keras.Model,
    encoders: dict[str, TextEncoder],
    pairs: Sequence[tuple[str, str]],
    batch_size: int = 0,
    too_long: Callable[[int], None] | None = None,
) -> list[float]:
    """Return log p(target, EOS | input) of pairs of texts, in nats; NaN of a pair that is too long.

    Of a teacher it is what chooses among a student's candidates; of a student the probability of
    the tokens given their number. (T2T writes the training loss: the negative mean of a token.)

    Args:
        model: one that predicts every target position.
        encoders: vocabularies of inputs and targets.
        pairs: (input, target).
        batch_size: pairs a batch; 0 means 32.
        too_long: told the place of a pair that is too long.
    """

    @tf.function(input_signature=[IDS, IDS], autograph=False)
    def batch_log_probs(inputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        logits = forward(model, inputs, targets).logits
        return tf.reduce_sum(token_log_probs(logits, targets), axis=1)

    sources = [[*encoders["inputs"].encode(source), EOS_ID] for source, _ in pairs]
    targets = [[*encoders["targets"].encode(target), EOS_ID] for _, target in pairs]

    def call(batch: SentenceBatch) -> np.ndarray:
        rows = [targets[index] for index in batch.indices]
        padded = np.full([len(rows), max(map(len, rows))], PAD_ID, np.int32)
        for row, ids in zip(padded, rows, strict=True):
            row[: len(ids)] = ids
        return batch_log_probs(tf.constant(batch.inputs), tf.constant(padded)).numpy()

    lengths = [max(map(len, pair)) for pair in zip(sources, targets, strict=True)]
    results = [math.nan] * len(pairs)
    for places, scores in fitting_batches(call, sources, batch_size, lengths=lengths):
        if scores is not None:
            for place, score in zip(places, scores.tolist(), strict=True):
                results[place] = score
        elif too_long is not None:
            too_long(places[0])
    return results
