"""Evaluation sums over batches before it divides."""

import math

import pytest
import tensorflow as tf

from t2t_hint_nart.training.evaluation import make_evaluation


class CountingLearner:
    """Its sums are read off the batch: nll is the inputs' sum, right are the targets 2."""

    def evaluation_step(self, data):
        return self.test_step(data), data["targets"]

    def test_step(self, data):
        inputs, targets = (tf.cast(data[name], tf.float32) for name in ("inputs", "targets"))
        return {
            "nll_total": tf.reduce_sum(inputs),
            "log_prob": -2.0 * tf.reduce_sum(inputs),
            "correct": tf.reduce_sum(tf.cast(targets == 2.0, tf.float32)),
            "count": tf.reduce_sum(tf.cast(targets > 0.0, tf.float32)),
        }


def dataset(*batches):
    signature = {name: tf.TensorSpec([None, None], tf.int32) for name in ("inputs", "targets")}
    rows = [
        {"inputs": tf.constant(inputs, tf.int32), "targets": tf.constant(targets, tf.int32)}
        for inputs, targets in batches
    ]
    return tf.data.Dataset.from_generator(lambda: iter(rows), output_signature=signature)


def evaluate(learner, batches, step=0, **options):
    """What is computed of the sums."""
    scalars = make_evaluation(learner, batches, **options)(step)
    return {name: scalars[name] for name in ("loss", "accuracy", "neg_log_perplexity")}


LONG = ([[6, 6], [6, 0]], [[2, 2, 1], [2, 1, 0]])
SHORT = ([[1]], [[1]])


def test_every_token_counts_alike():
    """Not the mean over batches, which are of different sizes."""
    got = evaluate(CountingLearner(), dataset(LONG, SHORT))
    assert got == pytest.approx({"loss": 19 / 6, "accuracy": 3 / 6, "neg_log_perplexity": -38 / 6})


def test_evaluates_again():
    """The data are there every time."""
    evaluation = make_evaluation(CountingLearner(), dataset(LONG, SHORT))
    assert evaluation(100) == evaluation(200)


def test_only_so_many_batches():
    got = evaluate(CountingLearner(), dataset(LONG, SHORT), max_batches=1)
    assert got["loss"] == pytest.approx(18 / 5)


def test_nothing_to_evaluate():
    got = evaluate(CountingLearner(), dataset())
    assert got == {"loss": 0.0, "accuracy": 0.0, "neg_log_perplexity": 0.0}


class DivergedLearner(CountingLearner):
    def test_step(self, data):
        sums = super().test_step(data)
        return {**sums, "nll_total": tf.constant(math.nan), "log_prob": tf.constant(math.nan)}


def test_a_diverged_model_is_the_worst():
    """Early stopping compares: the loss is as high, the log-probability as low as can be."""
    scalars = evaluate(DivergedLearner(), dataset(LONG))
    assert scalars["loss"] == math.inf
    assert scalars["neg_log_perplexity"] == -math.inf
