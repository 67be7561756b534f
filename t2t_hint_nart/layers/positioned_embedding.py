"""Symbols with learned positions."""

import keras
from keras import ops

# Of the normal distribution that tables are drawn from, as fairseq does.
DEVIATION = 0.1


class PositionedEmbedding(keras.layers.Layer):
    """table[id] + positions[t], both learned; nothing is added of a PAD.

    Positions from the last row on have that row: a table is finite, sentences are not.

    Args:
        vocab_size: V.
        width: D.
        num_positions: rows of the table of positions.
    """

    def __init__(self, vocab_size: int, width: int, num_positions: int, **kwargs):
        super().__init__(**kwargs)
        self.num_positions = num_positions
        drawn = keras.initializers.RandomNormal
        self.table = self.add_weight(
            name="table", shape=(vocab_size, width), initializer=drawn(0.0, DEVIATION)
        )
        self.positions = self.add_weight(
            name="positions", shape=(num_positions, width), initializer=drawn(0.0, DEVIATION)
        )
        self.built = True

    def call(self, ids, positions, mask=None):
        """Embed ids at positions.

        Args:
            ids: int[..., T]; PAD 0 has the vector zero.
            positions: int[T] or int[], from 0.
            mask: bool[..., T], True = has a position; None: all do.

        Returns:
            float[..., T, D].
        """
        symbols = ops.take(self.table, ids, axis=0)
        symbols = symbols * _column(ops.not_equal(ids, 0), symbols.dtype)
        rows = ops.take(self.positions, ops.minimum(positions, self.num_positions - 1), axis=0)
        return symbols + (rows if mask is None else rows * _column(mask, rows.dtype))


def _column(mask, dtype):
    return ops.expand_dims(ops.cast(mask, dtype), -1)
