"""A model for a problem, its sizes checked before anything is built."""

import math

import keras
from keras import ops

from t2t_hint_nart import registry
from t2t_hint_nart.data.problem import Problem, TextEncoder
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparam_syntax import UnknownHParamError
from t2t_hint_nart.models.network import forward
from t2t_hint_nart.models.variables import named_variables

_WIDTHS = ("hidden_size", "filter_size", "num_heads")
_STACKS = ("num_encoder_layers", "num_decoder_layers")
_DEPTH = "num_hidden_layers"
_GAIN = "initializer_gain"
_RATE = "dropout"


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
        InputError: hparams that are out of range or don't go together, or a model that lacks what
            every one must have.
    """
    check_sizes(hparams)
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


def check_sizes(hparams: HParams) -> None:
    """Refuse sizes, numbers of layers and rates that no network can have.

    Args:
        hparams: a model's set; of a user's model, only what it shares with a transformer's counts.

    Raises:
        InputError: naming the first that is out of range, its value and what is allowed.
    """
    for name in _WIDTHS:
        if name in hparams:
            _require(getattr(hparams, name) >= 1, hparams, name, "it must be at least 1")
    _check_layers(hparams)
    if _GAIN in hparams:
        gain = hparams.initializer_gain
        _require(0 < gain < math.inf, hparams, _GAIN, "it must be above 0 and finite")
    for name in hparams:
        # Not a switch, nor rates of several layers, which a user's set may have.
        if name.endswith(_RATE) and type(rate := getattr(hparams, name)) in (int, float):
            _require(0 <= rate < 1, hparams, name, "it must be at least 0 and below 1")


def _check_layers(hparams: HParams) -> None:
    for stack in _STACKS:
        if stack not in hparams:
            continue
        layers = getattr(hparams, stack)
        allowed = f"it must be at least 0, where 0 means {_DEPTH}"
        _require(layers >= 0, hparams, stack, allowed)
        depth_counts = layers == 0 and _DEPTH in hparams
        allowed = f"with {stack}=0 it must be at least 1"
        _require(not depth_counts or hparams.num_hidden_layers >= 1, hparams, _DEPTH, allowed)


def _require(is_so: bool, hparams: HParams, name: str, allowed: str) -> None:
    if not is_so:
        raise InputError(f"{name} is {getattr(hparams, name)}; {allowed}.")
