"""Layers in another floating type, e.g. float64 for comparisons with the oracles."""

import contextlib

import keras


@contextlib.contextmanager
def dtype_policy(name):
    """Build layers in this dtype, sublayers too, and leave no trace of it."""
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(before)
