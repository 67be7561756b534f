"""Sequences as the rows of one matrix, the shape in which products are fastest.

Row b·T + t is position t of sequence b. Whatever is done to each position alone, as a projection,
is done to the matrix; only attention asks for the length T. On three-dimensional tensors of unknown
sizes half of all operations would be arithmetic on shapes.
"""

from typing import Any

from keras import ops


def to_rows(states: Any) -> tuple[Any, Any]:
    """float[B, T, D] → float[B*T, D] and T, an int where it is known, else int[]."""
    return ops.reshape(states, (-1, states.shape[-1])), ops.shape(states)[1]


def to_states(rows: Any, length: Any) -> Any:
    """float[B*T, D] → float[B, T, D]."""
    return ops.reshape(rows, (-1, length, rows.shape[-1]))
