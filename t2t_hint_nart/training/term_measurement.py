"""The objective's terms as a model stands, before any step: what the hints' weights are set by."""

import tensorflow as tf

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hints.calibration import Calibration, calibrate
from t2t_hint_nart.models.network import forward
from t2t_hint_nart.training.experiment import Experiment
from t2t_hint_nart.training.learner import BATCH_SIGNATURE
from t2t_hint_nart.training.run import Run


def calibrate_run(run: Run, batches: int) -> Calibration:
    """Measure a fresh model's terms on training batches, with dropout, and propose weights.

    Args:
        run: with hints and a teacher.
        batches: how many.

    Raises:
        InputError: no teacher.
    """
    experiment = Experiment(run)
    learner, giver = experiment.learner, experiment.learner.hint_giver
    if giver is None:
        raise InputError("Calibration needs a teacher: give --teacher_export_dir.")
    objective = learner.objective

    @tf.function(input_signature=[BATCH_SIGNATURE], autograph=False)
    def measure(batch):
        inputs, targets = batch["inputs"], batch["targets"]
        output = forward(learner.network, inputs, targets, training=True, probes=objective.probes())
        losses = objective(output, inputs, targets, giver.hints(inputs, targets))
        return {**losses.terms, **losses.diagnostics}

    return calibrate(
        (measure(batch) for batch in experiment.training_batches().take(batches)),
        objective.criterion.scalar.name,
        objective.compared(),
    )
