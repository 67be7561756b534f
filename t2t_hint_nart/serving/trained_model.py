"""A trained model with what is needed to use it."""

from dataclasses import dataclass

import keras

from t2t_hint_nart.data.problem import Problem, TextEncoder
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.models.build import build_model
from t2t_hint_nart.training.checkpoints import find_checkpoint, restore_model


@dataclass(frozen=True)
class TrainedModel:
    """A model with its weights, its set and its vocabularies.

    Attributes:
        model: a Transformer or TransformerNat.
        model_name, problem_name: registered names.
        encoders: vocabularies of inputs and targets.
        hparams: the model's set.
        step: the checkpoint's.
    """

    model: keras.Model
    model_name: str
    problem_name: str
    encoders: dict[str, TextEncoder]
    hparams: HParams
    step: int


def load_trained(
    model_name: str, hparams: HParams, problem: Problem, data_dir: str, checkpoint: str
) -> TrainedModel:
    """Build a model and read its weights.

    Args:
        model_name: registered model name.
        hparams: its set, as it was trained with.
        problem: that it was trained on.
        data_dir: of the vocabulary.
        checkpoint: a checkpoint, or a directory whose newest is taken.

    Raises:
        InputError: no checkpoint or vocabulary, a damaged one, or one that doesn't fit.
    """
    path = find_checkpoint(checkpoint)
    encoders = problem.get_feature_encoders(data_dir)
    model = build_model(model_name, hparams, problem, encoders)
    step = restore_model(model, path)
    return TrainedModel(model, model_name, problem.name, encoders, hparams, step)
