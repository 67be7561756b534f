"""Training of a network on toy batches: in one graph, without loop, files or evaluation."""

import tensorflow as tf

from t2t_hint_nart.training.learner import Learner, compiled_step
from t2t_hint_nart.training.objective import Objective
from t2t_hint_nart.training.optimizer import make_optimizer


def trained(network, hparams, batches, teacher=None, optimizer=None):
    """Update a network on each of (int32[B, S] sources, int32[B, T] targets).

    Returns:
        What each step tells, float by name.
    """
    learner = Learner(network, Objective(hparams), teacher)
    learner.optimizer = optimizer or make_optimizer(hparams)
    step, told = compiled_step(learner), []
    for inputs, targets in batches:
        ids = {"inputs": inputs, "targets": targets}
        row = step({name: tf.constant(each, tf.int32) for name, each in ids.items()})
        told.append({name: float(value) for name, value in row.items()})
    return told
