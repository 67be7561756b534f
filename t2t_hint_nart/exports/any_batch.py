"""Graph functions over a batch of any number of sentences, none included."""

import inspect
from collections.abc import Callable, Sequence
from typing import Any

import tensorflow as tf

from t2t_hint_nart.decoding.sources import cut
from t2t_hint_nart.text import EOS_ID


def traced(function: Callable[..., Any], *signature: tf.TensorSpec, limit: int = 0) -> Any:
    """Make a graph function whose inputs have the names of the parameters.

    Args:
        function: over the sentences of a batch, to tensors by name.
        *signature: of its parameters.
        limit: tokens to which the parameter `inputs` is cut; 0: it isn't.
    """
    parameters = inspect.signature(function).parameters
    named = [
        tf.TensorSpec(spec.shape, spec.dtype, name)
        for name, spec in zip(parameters, signature, strict=True)
    ]

    def accepting(*tensors):
        cuts = (limit if limit and spec.name == "inputs" else 0 for spec in named)
        pairs = zip(tensors, cuts, strict=True)
        return function(*(cut(tensor, most) if most else tensor for tensor, most in pairs))

    return for_any_batch(accepting, named)


def for_any_batch(function: Callable[..., Any], signature: Sequence[tf.TensorSpec]) -> Any:
    """Make a graph function that also takes a batch of no sentence, and gives as many back.

    Models and strategies, a user's own among them, needn't think of it: a sentence of EOS stands
    in, and what comes of it is dropped. Ids without a column have EOS alone, too.

    Without autograph: no Python control flow depends on a tensor, and looking for some takes most
    of the time of an export.
    """

    def on_some(*tensors):
        count = tf.shape(tensors[0])[0]
        lacking = tf.cast(count == 0, tf.int32)
        found = function(*(_with_rows(tensor, lacking) for tensor in tensors))
        return {name: tensor[:count] for name, tensor in found.items()}

    return tf.function(on_some, input_signature=signature, autograph=False)


def _with_rows(tensor: tf.Tensor, number: tf.Tensor) -> tf.Tensor:
    """Add so many rows to what has sentences: EOS to ids, zeros to other tensors."""
    if tensor.shape.rank == 0:
        return tensor
    if tensor.dtype == tf.int32 and tensor.shape.rank == 2:
        narrow = tf.cast(tf.shape(tensor)[1] == 0, tf.int32)
        return tf.pad(tensor, [[0, number], [0, narrow]], constant_values=EOS_ID)
    rows = tf.zeros(tf.concat([[number], tf.shape(tensor)[1:]], axis=0), tensor.dtype)
    return tf.concat([tensor, rows], axis=0)
