"""The attention of recurrent decoders: additive (Bahdanau) or by products (Luong)."""

import keras
from keras import ops

from t2t_hint_nart.errors import check_choice
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.attention import MASK_BIAS
from t2t_hint_nart.layers.precision import at_least_float32
from t2t_hint_nart.layers.recurrent_cell import kernel_initializer

BAHDANAU, LUONG, NORMED_BAHDANAU = "bahdanau", "luong", "normed_bahdanau"
MECHANISMS = (BAHDANAU, LUONG, NORMED_BAHDANAU)


class MemoryAttention(keras.layers.Layer):
    """Weights softmax_s(score(q, k_s)) over real source positions, and the memory's mean by them.

    k = memory·W. `bahdanau`: score = v·tanh(q·U + k_s) (Bahdanau et al. 2015); `normed_bahdanau`:
    g·v/‖v‖·tanh(q·U + k_s + b) (Salimans & Kingma 2016); `luong`: q·k_s (Luong et al. 2015).

    Heads are T2T's, which gives its AttentionWrapper one mechanism several times: all have the same
    keys and queries. With `bahdanau` each has a v of its own (recalled of TensorFlow's variable
    scopes, unverified); with `luong` nothing tells them apart.

    Args:
        hparams: attention_mechanism, and how kernels are initialised.
        query_size: Q, also the size of keys.
        memory_size: M.
        num_heads: H.
    """

    def __init__(
        self, hparams: HParams, query_size: int, memory_size: int, num_heads: int = 1, **kwargs
    ):
        super().__init__(**kwargs)
        self.mechanism = hparams.attention_mechanism
        check_choice("attention_mechanism", self.mechanism, MECHANISMS)
        self.num_heads = num_heads
        self.memory_kernel = self.add_weight(
            name="memory_kernel",
            shape=(memory_size, query_size),
            initializer=kernel_initializer(hparams),
        )
        if self.mechanism != LUONG:
            self.query_kernel = self.add_weight(
                name="query_kernel",
                shape=(query_size, query_size),
                initializer=kernel_initializer(hparams),
            )
            # Of a vector, T2T takes both fans to be its size.
            self.vectors = self.add_weight(
                name="vectors",
                shape=(num_heads, query_size),
                initializer=kernel_initializer(hparams, 2 * query_size),
            )
        if self.mechanism == NORMED_BAHDANAU:
            self.scale = self.add_weight(
                name="scale",
                shape=(num_heads,),
                initializer=keras.initializers.Constant(query_size**-0.5),
            )
            self.bias = self.add_weight(name="bias", shape=(query_size,), initializer="zeros")
        self.built = True

    def keys(self, memory):
        """Project a memory float[B, S, M] once for all queries → float[B, S, Q]."""
        return ops.matmul(memory, self.memory_kernel)

    def call(self, query, keys, memory, allowed):
        """Attend.

        Args:
            query: float[B, Q].
            keys: float[B, S, Q], of `keys`.
            memory: float[B, S, M].
            allowed: bool[B, S], True = may be attended to.

        Returns:
            contexts float[B, H, M] and weights float[B, H, S].
        """
        scores = at_least_float32(self._scores(query, keys))
        weights = ops.softmax(ops.where(ops.expand_dims(allowed, 1), scores, MASK_BIAS), axis=-1)
        contexts = ops.matmul(ops.cast(weights, memory.dtype), memory)
        if self.mechanism == LUONG and self.num_heads > 1:
            return ops.repeat(contexts, self.num_heads, 1), ops.repeat(weights, self.num_heads, 1)
        return contexts, weights

    def _scores(self, query, keys):
        """float[B, H, S], one row alone where heads are the same."""
        if self.mechanism == LUONG:
            return ops.matmul(ops.expand_dims(query, 1), ops.transpose(keys, (0, 2, 1)))
        query, vectors = ops.matmul(query, self.query_kernel), self.vectors
        if self.mechanism == NORMED_BAHDANAU:
            query = query + self.bias
            norms = ops.sqrt(ops.sum(ops.square(vectors), axis=-1, keepdims=True))
            vectors = vectors * ops.expand_dims(self.scale, 1) / norms
        hidden = ops.tanh(keys + ops.expand_dims(query, 1))
        return ops.transpose(ops.matmul(hidden, ops.transpose(vectors)), (0, 2, 1))
