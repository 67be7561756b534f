"""Which type is computed in: activations may be of a low precision, what is summed up isn't."""

import contextlib
from collections.abc import Iterator

import keras
from keras import ops


@contextlib.contextmanager
def activations_in(dtype: str) -> Iterator[None]:
    """Make layers whose activations are float32, bfloat16 or float16 (T2T's activation_dtype).

    Their variables are float32 all the same, by Keras's mixed policies, so that checkpoints and
    exports don't depend on it.
    """
    if dtype == "float32":
        yield
        return
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(f"mixed_{dtype}")
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)


def wide(dtype) -> str:
    """Name the type to sum up in: at least float32.

    Example:
        >>> wide("bfloat16"), wide("float64")
        ('float32', 'float64')
    """
    name: str = keras.backend.result_type(dtype, "float32")
    return name


def at_least_float32(tensor):
    """Cast what is lower, as before a sum or a softmax; float64 stays as it is."""
    tensor = ops.convert_to_tensor(tensor)
    return ops.cast(tensor, wide(tensor.dtype))
