"""Going along a sequence step by step, and what goes with it: ends and reversals of sentences."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
from keras import ops

# Input float[B, D] and states → output float[B, O] and states.
Step = Callable[[Any, list], tuple[Any, list]]


class _Cell:
    """What keras.layers.RNN asks of a cell, around a function."""

    def __init__(self, step: Step, states: Sequence[Any]):
        self.call = step
        self.state_size = [state.shape[-1] for state in states]
        self.compute_dtype = states[0].dtype

    def __call__(self, inputs, states):
        return self.call(inputs, list(states))


def scan(step: Step, sequence: Any, states: Sequence[Any]) -> Any:
    """Outputs of a step along a sequence.

    Keras's loop, for its ops have none that a sequence of unknown length and gradients allow.

    Args:
        step: from the input float[B, D] and the states before to the output float[B, O] and the
            states after.
        sequence: float[B, T, D], T at least 1.
        states: float[B, ...] each, before the first step.

    Returns:
        float[B, T, O].
    """
    loop = keras.layers.RNN(_Cell(step, states), return_sequences=True, dtype=sequence.dtype)
    return loop.call(sequence, initial_state=list(states))


def lengths_of(mask: Any) -> Any:
    """Real tokens of each sentence, int32[B], of a mask bool[B, T] that is True from the left."""
    return ops.sum(ops.cast(mask, "int32"), axis=1)


def last_states(states: Any, mask: Any) -> Any:
    """The states at the last real tokens, zeros without any: float[B, T, Z] → float[B, Z].

    What comes after a sentence's end needn't be kept from changing the state for that.
    """
    last = ops.expand_dims(lengths_of(mask) - 1, 1)
    chosen = ops.equal(ops.arange(ops.shape(mask)[1]), last)
    # A product with ones and zeros: exact, and nothing is scattered in its gradient.
    return ops.matmul(ops.cast(chosen, states.dtype)[:, None], states)[:, 0]


def reverse_sentences(states: Any, mask: Any) -> Any:
    """Turn the real tokens of each sentence around, where they are; padding becomes zero.

    Args:
        states: float[B, T, D].
        mask: bool[B, T], True = real token, from the left.

    Returns:
        float[B, T, D]; done twice, it leaves real tokens as they were.
    """
    positions = ops.arange(ops.shape(mask)[1])
    source = ops.expand_dims(lengths_of(mask) - 1, 1) - positions
    chosen = ops.equal(ops.expand_dims(source, 2), positions)
    return ops.matmul(ops.cast(chosen, states.dtype), states)
