"""Stable names for a model's variables: the path of attributes that leads to them."""

from collections.abc import Iterator
from typing import Any

import keras

from t2t_hint_nart.errors import InputError

# Where Keras keeps what attributes hold, too; of a Sequential nothing else does but a copy of it.
_LAYERS, _FUNCTIONAL = "_layers", "_functional"


def _held(value: Any, name: str) -> Iterator[tuple[str, keras.layers.Layer]]:
    """The layers that an attribute holds, itself or in a list, tuple or dict."""
    if isinstance(value, keras.layers.Layer):
        yield name, value
    elif isinstance(value, list | tuple):
        for index, item in enumerate(value):
            yield from _held(item, f"{name}_{index}")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from _held(item, f"{name}_{key}")


def _sublayers(layer: keras.layers.Layer) -> Iterator[tuple[str, keras.layers.Layer]]:
    """Sublayers by attribute; Keras's own list of all of them comes last."""
    for name, value in vars(layer).items():
        is_own = isinstance(value, keras.layers.Layer) or not name.startswith("_")
        if is_own and name != _FUNCTIONAL:
            yield from _held(value, name.strip("_"))
    # Without the inputs, which a Sequential adds to itself when it is called for the first time.
    listed = vars(layer).get(_LAYERS, [])
    listed = [item for item in listed if not isinstance(item, keras.layers.InputLayer)]
    yield from _held(listed, _LAYERS.strip("_"))


def named_variables(layer: keras.layers.Layer) -> dict[str, keras.Variable]:
    """Name every weight by its attributes, e.g. "encoder/layer_0/ffn/conv1/kernel".

    Checkpoints use these names, so that they don't depend on Keras's automatic ones. A weight that
    several attributes share has the name of the first. A layer in a list has its index in its name.

    Args:
        layer: a model or layer; all of its weights are reached through attributes.

    Returns:
        Variables by name, as many as `layer.weights`.

    Raises:
        InputError: a weight that no attribute leads to.
    """
    named: dict[str, keras.Variable] = {}
    seen: set[int] = set()
    walked: set[int] = set()

    def walk(current: keras.layers.Layer, path: str) -> None:
        held = {id(value) for value in vars(current).values()}
        for weight in current.weights:
            if id(weight) in held and id(weight) not in seen:
                seen.add(id(weight))
                named[f"{path}{weight.name}"] = weight
        for name, child in _sublayers(current):
            if id(child) not in walked:
                walked.add(id(child))
                walk(child, f"{path}{name}/")

    walk(layer, "")
    if len(named) != len({id(weight) for weight in layer.weights}):
        raise InputError(
            f"Model '{layer.name}' has {len(layer.weights)} weights, but attributes lead to "
            f"{len(named)} of them: every layer must be an attribute, or in a list that is one."
        )
    return named
