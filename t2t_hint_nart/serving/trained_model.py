"""A trained model with what is needed to use it."""

from dataclasses import dataclass

import keras

from t2t_hint_nart import registry
from t2t_hint_nart.data.problem import Problem, TextEncoder
from t2t_hint_nart.data.problem_identity import ProblemIdentity, identity_of
from t2t_hint_nart.decoding.strategy import Strategy
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.models.build import build_model
from t2t_hint_nart.training.checkpoint_files import find_checkpoint
from t2t_hint_nart.training.checkpoints import restore_model


@dataclass(frozen=True)
class TrainedModel:
    """A model with its weights, its set and its vocabularies.

    Attributes:
        model: the network.
        model_name: registered name.
        problem: that it was trained on.
        encoders: vocabularies of inputs and targets.
        hparams: the model's set.
        step: the checkpoint's.
    """

    model: keras.Model
    model_name: str
    problem: Problem
    encoders: dict[str, TextEncoder]
    hparams: HParams
    step: int

    @property
    def identity(self) -> ProblemIdentity:
        """What it was trained on."""
        return identity_of(self.problem, self.encoders)

    def strategy(self, settings: HParams) -> Strategy:
        """The strategy by which the model is decoded.

        Args:
            settings: decode hparams of that strategy.
        """
        strategy: Strategy = registry.strategy(registry.strategy_of(self.model_name))(
            settings, self.hparams
        )
        return strategy


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
    step = restore_model(model, path, identity_of(problem, encoders))
    return TrainedModel(model, model_name, problem, encoders, hparams, step)
