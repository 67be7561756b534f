"""A linear layer, and how T2T draws its first weights."""

import keras


def unit_scaling(gain: float = 1.0) -> keras.initializers.Initializer:
    """Return T2T's uniform_unit_scaling: uniform within ±√(6·gain / (fan_in + fan_out))."""
    return keras.initializers.VarianceScaling(gain, "fan_avg", "uniform")


def linear(
    inputs: int,
    units: int,
    initializer: keras.initializers.Initializer,
    use_bias: bool = True,
    name: str | None = None,
) -> keras.layers.Dense:
    """x·W + b, float[..., inputs] → float[..., units], with its weights from the start.

    Layers that hold it may then say that they are built before anything was called.

    Args:
        inputs: width of what comes in.
        units: width of what goes out.
        initializer: of W; b starts as 0.
        use_bias: whether there is a b.
        name: of the layer.

    Example:
        >>> tuple(linear(3, 5, unit_scaling()).kernel.shape)
        (3, 5)
    """
    layer = keras.layers.Dense(units, use_bias=use_bias, kernel_initializer=initializer, name=name)
    layer.build((None, inputs))
    return layer
