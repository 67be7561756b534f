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
        InputError: no teacher, values that a hint can't have, or no hint that could be measured.
    """
    experiment = Experiment(replace(run, calibrates=True))
    learner, giver = experiment.learner, experiment.learner.hint_giver
    if giver is None:
        raise InputError("Calibration needs a teacher: give --teacher_export_dir.")
    objective = learner.objective
    if not objective.compared():
        raise InputError(
            f"Nothing to calibrate: no hint of {run.model}'s set can be measured with "
            f"{giver.export_dir}; give a set with the weight of one, as hint_hidden_weight, and a "
            "teacher with what it compares."
        )
    experiment.prepare("")

    @tf.function(input_signature=[BATCH_SIGNATURE], autograph=False)
    def measure(batch):
        inputs, targets = batch["inputs"], batch["targets"]
        hints = giver.hints(inputs, targets)
        advice = learner.advice(inputs, targets, hints)
        output = forward(learner.network, inputs, targets, True, objective.probes(), advice=advice)
        losses = objective(output, inputs, targets, hints)
        return {**losses.terms, **losses.diagnostics}

    return calibrate(
        (measure(batch) for batch in itertools.islice(experiment.training_batches, batches)),
        objective.criterion.scalar.name,
        objective.compared(),
    )
