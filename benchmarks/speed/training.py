"""Engines that train: one step after the other on the same batches, as `t2t-trainer` does."""

from speed.batches import batches
from speed.models import PROBLEM, SIZES, vocabulary

TEACHER, STUDENT, HINTED = "teacher", "student", "hinted"


def learner(kind, size, vocab_size, teacher_dir=""):
    """A system in training; a call trains `steps` steps and returns the last loss.

    Args:
        kind: teacher, student, or hinted: a student with both hints.
        size: of `speed.models.SIZES`.
        vocab_size: V.
        teacher_dir: export that gives hints.
    """
    import keras
    import tensorflow as tf

    from t2t_hint_nart import registry
    from t2t_hint_nart.exports.capabilities import HintGiver
    from t2t_hint_nart.models.build import build_model
    from t2t_hint_nart.output_dir import create_hparams
    from t2t_hint_nart.training.learner import Learner, compiled_step
    from t2t_hint_nart.training.objective import Objective
    from t2t_hint_nart.training.optimizer import make_optimizer

    registry.load_plugins()
    teacher_set, student_set, overrides = SIZES[size]
    name = teacher_set if kind == TEACHER else student_set + "_hints" * (kind == HINTED)
    model = "transformer" if kind == TEACHER else "transformer_nat"
    hparams = create_hparams(name, overrides)
    encoder = vocabulary(vocab_size)
    keras.utils.set_random_seed(1)
    encoders = {"inputs": encoder, "targets": encoder}
    network = build_model(model, hparams, registry.problem(PROBLEM), encoders)
    objective = Objective(hparams, registry.criterion(registry.criterion_of(model)))
    giver = HintGiver(teacher_dir) if kind == HINTED else None
    made = Learner(network, objective, giver)
    made.optimizer = make_optimizer(hparams)
    step = compiled_step(made)
    data = [
        {"inputs": tf.constant(inputs), "targets": tf.constant(targets)}
        for inputs, targets in batches(vocab_size)
    ]

    def call(case):
        for number in range(case["steps"]):
            told = step(data[number % len(data)])
        return float(told["loss"])

    return call
