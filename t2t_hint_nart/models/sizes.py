"""What the sizes and rates of a model must be, checked before anything is built (no Keras)."""

import math

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams

_WIDTHS = ("hidden_size", "filter_size", "num_heads")
_STACKS = ("num_encoder_layers", "num_decoder_layers")
_DEPTH = "num_hidden_layers"
_GAIN = "initializer_gain"
_RATE = "dropout"


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
