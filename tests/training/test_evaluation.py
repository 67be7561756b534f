"""Evaluation sums over batches before it divides."""

import math

import pytest
import tensorflow as tf

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.losses.term import Criterion, Scalar
from t2t_hint_nart.training.evaluation import make_evaluation
from t2t_hint_nart.training.objective import Objective


class CountingLearner:
    """Its sums are read off the batch: nll is the inputs' sum, right are the targets 2."""

    objective = Objective(HParams())

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


class Order(Criterion):
    """A criterion with metrics of its own, of which one can be as bad as can be."""

    scalar = Scalar("order", "losses/training", "order")

    def metrics(self, ratio):
        return {"loss": ratio("total", "pairs"), "ordered": ratio("ordered", "pairs")}


class OrderLearner(CountingLearner):
    objective = Objective(HParams(), Order())
    ordered = 1.0

    def evaluation_step(self, data):
        sums = {"total": tf.constant(2.0), "pairs": tf.constant(4.0)}
        return {**sums, "ordered": tf.constant(self.ordered)}, None


def test_another_criterions_metrics():
    """It predicts no tokens: there are no metrics of sentences, asked for or not."""
    evaluation = make_evaluation(OrderLearner(), dataset(LONG, SHORT), sentence_metrics=True)
    assert evaluation(1) == {"loss": 4 / 8, "ordered": 2 / 8}
    diverged = OrderLearner()
    diverged.ordered = math.nan
    assert make_evaluation(diverged, dataset(LONG))(1) == {"loss": 0.5, "ordered": -math.inf}
