"""How large the terms of a run are before it starts, and the weights that would balance them."""

import itertools
from dataclasses import replace

import tensorflow as tf

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hints.calibration import Calibration, calibrate
from t2t_hint_nart.models.network import forward
from t2t_hint_nart.training.experiment import Experiment
from t2t_hint_nart.training.learner import BATCH_SIGNATURE
from t2t_hint_nart.training.run import Run


def calibrate_run(run: Run, batches: int) -> Calibration:
    """Measure a fresh model's terms on training batches, with dropout, and propose weights.

    Raises:
        InputError: no teacher.
    """
    experiment = Experiment(replace(run, calibrates=True))
    learner, giver = experiment.learner, experiment.learner.hint_giver
    if giver is None:
        raise InputError("Calibration needs a teacher: give --teacher_export_dir.")
    objective = learner.objective
    experiment.prepare("")

    @tf.function(input_signature=[BATCH_SIGNATURE], autograph=False)
    def measure(batch):
        inputs, targets = batch["inputs"], batch["targets"]
        advice = learner.advice(inputs, targets)
        output = forward(learner.network, inputs, targets, True, objective.probes(), advice=advice)
        losses = objective(output, inputs, targets, giver.hints(inputs, targets))
        return {**losses.terms, **losses.diagnostics}

    return calibrate(
        (measure(batch) for batch in itertools.islice(experiment.training_batches, batches)),
        objective.criterion.scalar.name,
        objective.compared(),
    )
