"""Symbol embedding and softmax, optionally one table."""

import math

import keras
from keras import ops

from t2t_hint_nart.layers.precision import at_least_float32


class SymbolEmbedding(keras.layers.Layer):
    """The symbol modality: ids to vectors at the bottom, vectors to logits at the top.

    bottom(id) = table[id]·√D, and the zero vector for PAD; top(x) = x·tableᵀ, no bias
    (T2T modalities.SymbolModality, multiply_embedding_mode sqrt_depth). T2T splits the table into
    `symbol_modality_num_shards` row blocks, of which weight decay alone knows; here it is one
    variable.

    Args:
        vocab_size: V.
        hidden_size: D.
    """

    def __init__(self, vocab_size: int, hidden_size: int, **kwargs):
        super().__init__(**kwargs)
        self.vocab_size = vocab_size
        self.hidden_size = hidden_size
        self.table = self.add_weight(
            name="table",
            shape=(vocab_size, hidden_size),
            initializer=keras.initializers.RandomNormal(0.0, hidden_size**-0.5),
            # Logits of 16 bits would be rounded before they are summed up.
            autocast=False,
        )
        self.built = True

    def call(self, ids):
        """Embed ids: int[..., T] → float[..., T, D]; PAD gives exact zeros."""
        vectors = ops.cast(ops.take(self.table, ids, axis=0), self.compute_dtype)
        vectors = vectors * math.sqrt(self.hidden_size)
        return vectors * ops.cast(ops.expand_dims(ops.not_equal(ids, 0), -1), vectors.dtype)

    def logits(self, states):
        """Project states float[..., D] on the table → float[..., V], at least float32."""
        return ops.matmul(at_least_float32(states), ops.transpose(self.table))
