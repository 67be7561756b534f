"""Learned embeddings of how far apart a query and a key are (Shaw et al. 2018)."""

import keras
from keras import ops

from t2t_hint_nart.layers.linear import unit_scaling


def chosen_distances(query_positions, key_positions, max_distance: int, dtype: str = "float32"):
    """Say which of the 2k + 1 distances lies between each query and each key.

    The distance of key j from query i is j − i, cut off at −k and k (Shaw et al. 2018, equation
    for clip; T2T common_attention._generate_relative_positions_matrix).

    Args:
        query_positions: int[T].
        key_positions: int[S].
        max_distance: k.
        dtype: floating type of the result.

    Returns:
        dtype[T, S, 2k + 1], 1 at distance + k, else 0.

    Example:
        >>> [[int(row.argmax()) for row in chosen] for chosen in
        ...  ops.convert_to_numpy(chosen_distances([0, 3], [0, 1, 2, 3], 2))]
        [[2, 3, 4, 4], [0, 0, 1, 2]]
    """
    keys = ops.cast(key_positions, "int32")[None, :]
    queries = ops.cast(query_positions, "int32")[:, None]
    distances = ops.clip(keys - queries, -max_distance, max_distance)
    return ops.one_hot(distances + max_distance, 2 * max_distance + 1, dtype=dtype)


class RelativePositions(keras.layers.Layer):
    """One embedding for each distance, of all heads alike or of each head.

    Products with the ones of `chosen_distances` take the place of T2T's gathered
    [T, S, heads·size] array: as exact, smaller, and a gradient without scattering.

    Args:
        max_distance: k; distances are −k..k.
        tables: 1 where heads share the embeddings (T2T 1.15), H where each has its own (1.2.9).
        size: width of a head's keys or values.
        gain: initialisation gain.
    """

    def __init__(self, max_distance: int, tables: int, size: int, gain: float = 1.0, **kwargs):
        super().__init__(**kwargs)
        self.tables = tables
        self.embeddings = self.add_weight(
            name="embeddings",
            shape=(2 * max_distance + 1, tables * size),
            initializer=unit_scaling(gain),
        )
        self.built = True

    def _tables(self, dtype):
        """dtype[tables, 2k + 1, size]."""
        # A step of a search is no call of a layer, inside of which Keras would cast.
        table = ops.cast(self.embeddings, dtype)
        table = ops.reshape(table, (self.embeddings.shape[0], self.tables, -1))
        return ops.transpose(table, (1, 0, 2))

    def logits(self, query, chosen):
        """Score queries against the embeddings of the keys' distances.

        Args:
            query: float[B, H, T, size].
            chosen: float[T, S, 2k + 1], as `chosen_distances` gives it.

        Returns:
            float[B, H, T, S].
        """
        scores = ops.matmul(query, ops.transpose(self._tables(query.dtype), (0, 2, 1)))
        return ops.einsum("bhtr,tsr->bhts", scores, chosen)

    def context(self, weights, chosen):
        """Mix the embeddings of the keys' distances by attention weights.

        Args:
            weights: float[B, H, T, S].
            chosen: float[T, S, 2k + 1].

        Returns:
            float[B, H, T, size].
        """
        by_distance = ops.einsum("bhts,tsr->bhtr", weights, chosen)
        return ops.matmul(by_distance, self._tables(weights.dtype))
