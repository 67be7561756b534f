"""What a causal decoder reads: its sequence, one position late."""

from typing import Any

from keras import ops


def shift_right(states: Any) -> Any:
    """Zeros, then all but the last of states float[B, T, D] (T2T common_layers.shift_right_3d)."""
    return ops.pad(states, [[0, 0], [1, 0], [0, 0]])[:, :-1]
