"""The objective's terms as a model stands, before any step: what the hints' weights are set by."""

from collections.abc import Iterator

import tensorflow as tf

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.losses.loss_term import LossTerm
from t2t_hint_nart.training.experiment import Experiment
from t2t_hint_nart.training.learner import BATCH_SIGNATURE
from t2t_hint_nart.training.run import Run


def measure_terms(run: Run, batches: int) -> Iterator[dict[str, LossTerm]]:
    """Yield the terms and diagnostics of a fresh model on training batches, with dropout.

    Args:
        run: with hints and a teacher.
        batches: how many.

    Raises:
        InputError: no teacher.
    """
    experiment = Experiment(run)
    learner, teacher = experiment.learner, experiment.learner.teacher
    if teacher is None:
        raise InputError("Calibration needs a teacher: give --teacher_export_dir.")

    @tf.function(input_signature=[BATCH_SIGNATURE], autograph=False)
    def measure(batch):
        inputs, targets = batch["inputs"], batch["targets"]
        output = learner.network(inputs, targets, training=True)
        losses = learner.objective(output, inputs, targets, teacher.hints(inputs, targets))
        return {**losses.terms, **losses.diagnostics}

    for batch in experiment.training_batches().take(batches):
        yield measure(batch)
