"""Score given translations with a trained model (T2T's --score_file)."""

from collections.abc import Sequence

import keras
import numpy as np
import tensorflow as tf

from t2t_hint_nart.data.problem import TextEncoder
from t2t_hint_nart.data.sentence_batches import in_original_order, sentence_batches
from t2t_hint_nart.decoding.strategy import IDS
from t2t_hint_nart.losses.likelihood import token_log_probs
from t2t_hint_nart.models.network import forward
from t2t_hint_nart.serving.translator import DEFAULT_BATCH_SIZE
from t2t_hint_nart.text import EOS_ID, PAD_ID


def log_probs(
    model: keras.Model,
    encoders: dict[str, TextEncoder],
    pairs: Sequence[tuple[str, str]],
    batch_size: int = 0,
) -> list[float]:
    """Return log p(target, EOS | input) of pairs of texts, in nats.

    Of a teacher it is what chooses among a student's candidates; of a student the probability of
    the tokens given their number. (T2T writes the training loss: the negative mean of a token.)

    Args:
        model: one that predicts every target position.
        encoders: vocabularies of inputs and targets.
        pairs: (input, target).
        batch_size: pairs a batch; 0 means 32.
    """

    @tf.function(input_signature=[IDS, IDS], autograph=False)
    def batch_log_probs(inputs: tf.Tensor, targets: tf.Tensor) -> tf.Tensor:
        logits = forward(model, inputs, targets).logits
        return tf.reduce_sum(token_log_probs(logits, targets), axis=1)

    sources = [[*encoders["inputs"].encode(source), EOS_ID] for source, _ in pairs]
    targets = [[*encoders["targets"].encode(target), EOS_ID] for _, target in pairs]
    results, indices = [], []
    for batch in sentence_batches(sources, batch_size or DEFAULT_BATCH_SIZE):
        rows = [targets[index] for index in batch.indices]
        padded = np.full([len(rows), max(map(len, rows))], PAD_ID, np.int32)
        for row, ids in zip(padded, rows, strict=True):
            row[: len(ids)] = ids
        scores = batch_log_probs(tf.constant(batch.inputs), tf.constant(padded))
        results.extend(float(value) for value in scores.numpy())
        indices.append(batch.indices)
    return in_original_order(results, indices)
