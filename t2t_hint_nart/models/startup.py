"""Shares that grow while a training begins (T2T common_layers), of so many steps."""

from keras import ops

# What both begin with.
LEAST = 0.01


def exponential_rise(step, steps: int):
    """0.01^(max(steps − step, 0)/steps), from 0.01 to 1 (T2T inverse_exp_decay).

    Args:
        step: float[], from 0.
        steps: after so many it is 1; 0 for at once.

    Example:
        >>> [round(float(exponential_rise(ops.array(step), 10)), 3) for step in (0.0, 5.0, 12.0)]
        [0.01, 0.1, 1.0]
    """
    if not steps:
        return ops.ones_like(step)
    return ops.power(ops.cast(LEAST, step.dtype), ops.maximum(steps - step, 0.0) / steps)


def linear_rise(step, steps: int):
    """min(step/steps, 1)·0.99 + 0.01 (T2T inverse_lin_decay); args as `exponential_rise`.

    Example:
        >>> [round(float(linear_rise(ops.array(step), 10)), 3) for step in (0.0, 5.0, 12.0)]
        [0.01, 0.505, 1.0]
    """
    if not steps:
        return ops.ones_like(step)
    return ops.minimum(step / steps, 1.0) * (1.0 - LEAST) + LEAST
