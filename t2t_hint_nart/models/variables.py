"""Stable names for a model's variables: the path of attributes that leads to them."""

import keras


def _sublayers(layer: keras.layers.Layer) -> dict[str, keras.layers.Layer]:
    return {
        name: value for name, value in vars(layer).items() if isinstance(value, keras.layers.Layer)
    }


def named_variables(layer: keras.layers.Layer, prefix: str = "") -> dict[str, keras.Variable]:
    """Name every weight by its attributes, e.g. "encoder/layer_0/ffn/conv1/kernel".

    Checkpoints use these names, so that they don't depend on Keras's automatic ones. A weight that
    several attributes share has the name of the first.

    Args:
        layer: a model or layer; all of its weights are reached through attributes.
        prefix: what to put before each name.

    Returns:
        Variables by name, as many as `layer.weights`.

    Raises:
        RuntimeError: a weight that no attribute leads to (a layer in a Python list, say).
    """
    named: dict[str, keras.Variable] = {}
    seen: set[int] = set()

    def walk(current: keras.layers.Layer, path: str) -> None:
        held = {id(value) for value in vars(current).values()}
        for weight in current.weights:
            if id(weight) in held and id(weight) not in seen:
                seen.add(id(weight))
                named[f"{path}{weight.name}"] = weight
        for name, child in _sublayers(current).items():
            walk(child, f"{path}{name}/")

    walk(layer, prefix)
    if len(named) != len({id(weight) for weight in layer.weights}):
        raise RuntimeError(
            f"{layer.name}: {len(layer.weights)} weights, but attributes lead to {len(named)}."
        )
    return named
