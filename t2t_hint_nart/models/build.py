"""A model for a problem, checked before and after it is built."""

import keras
from keras import ops

from t2t_hint_nart import registry
from t2t_hint_nart.data.problem import Problem, TextEncoder
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparam_syntax import UnknownHParamError
from t2t_hint_nart.models.network import forward
from t2t_hint_nart.models.variables import named_variables

_STACKS = ("num_encoder_layers", "num_decoder_layers")
_DEPTH = "num_hidden_layers"


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
        InputError: hparams that don't go together, or a model that lacks what every one must have.
    """
    _check_layers(hparams)
    try:
        network = registry.model(name)(
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
    _check(network, name)
    return network


def _check(network: object, name: str) -> None:
    """Make the weights of layers that make theirs when they are called, and see that all are known.

    Raises:
        InputError: naming what the model lacks.
    """
    if not isinstance(network, keras.Model):
        raise InputError(
            f"Model '{name}' is a {type(network).__name__}; a keras.Model is needed "
            "(models.network.Network)."
        )
    if not hasattr(network, "vocab_size"):
        raise InputError(
            f"Model '{name}' has no vocab_size: set it to the argument of that name in __init__."
        )
    layers = network._flatten_layers(include_self=False)
    if not network.weights or not all(layer.built for layer in layers):
        ids = ops.ones((1, 1), "int32")
        forward(network, ids, ids)
    named_variables(network)


def _check_layers(hparams: HParams) -> None:
    """Refuse num_hidden_layers=0 where it counts.

    Raises:
        InputError: naming the stack for which it counts.
    """
    for stack in _STACKS:
        depth_counts = not hparams.get(stack, 1) and _DEPTH in hparams
        if depth_counts and hparams.num_hidden_layers < 1:
            raise InputError(
                f"{_DEPTH} is {hparams.num_hidden_layers}; with {stack}=0 it must be at least 1."
            )
