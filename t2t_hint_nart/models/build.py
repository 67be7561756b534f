"""A model for a problem."""

import keras

from t2t_hint_nart import registry
from t2t_hint_nart.data.problem import Problem, TextEncoder
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparam_syntax import UnknownHParamError
from t2t_hint_nart.models.sizes import check_sizes


def build_model(
    name: str, hparams: HParams, problem: Problem, encoders: dict[str, TextEncoder]
) -> keras.Model:
    """Build a registered model with fresh weights.

    Args:
        name: registered model name.
        hparams: its set.
        problem: gives the target space.
        encoders: vocabularies of inputs and targets, which give the sizes.

    Raises:
        UnknownNameError: no such model.
        InputError: hparams that are out of range or don't go together.
    """
    check_sizes(hparams)
    try:
        return registry.model(name)(
            hparams,
            encoders["targets"].vocab_size,
            source_vocab_size=encoders["inputs"].vocab_size,
            target_space_id=int(problem.space_ids["targets"]),
        )
    except UnknownHParamError as error:
        sets = ", ".join(registry.list_hparams(f"{name}_")) or "none"
        raise InputError(
            f"The hparams set isn't one of model '{name}' ({str(error).partition('.')[0]}); "
            f"sets named after the model: {sets}"
        ) from error
