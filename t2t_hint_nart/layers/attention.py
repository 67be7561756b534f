"""Multi-head dot-product attention with T2T's projections."""

import keras
from keras import ops

from t2t_hint_nart.errors import InputError, check_choice
from t2t_hint_nart.layers.feed_forward import unit_scaling

MASK_BIAS = -1e9
PROJECTIONS = ("fused_bias", "separate")

SELF = ("qkv",)  # queries, keys and values read the same states
CROSS = ("q", "kv")  # queries from the decoder, keys and values from the encoder
POSITIONAL = ("qk", "v")  # queries and keys from the timing signal, values from the states


class MultiHeadAttention(keras.layers.Layer):
    """softmax(q·kᵀ/√(D/H) + bias)·v for H heads, then an output transform.

    `groups` says which of q, k and v read the same states; each group has one source. With the
    projection "fused_bias" (T2T 1.2.9) a group is one biased kernel D → |group|·D, whose fan
    decides the initial limit; with "separate" (T2T 1.15) every letter has an unbiased kernel.

    Args:
        groups: SELF, CROSS or POSITIONAL.
        hidden_size: D, divisible by num_heads.
        num_heads: H.
        dropout_rate: dropout on the attention weights.
        projection: "fused_bias" or "separate".
        gain: initialisation gain.
    """

    def __init__(
        self,
        groups: tuple[str, ...],
        hidden_size: int,
        num_heads: int,
        dropout_rate: float = 0.0,
        projection: str = "fused_bias",
        gain: float = 1.0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        if hidden_size % num_heads:
            raise InputError(
                f"hidden_size {hidden_size} is not divisible by num_heads {num_heads}."
            )
        check_choice("attention_projection", projection, PROJECTIONS)
        self.groups = groups
        self.hidden_size = hidden_size
        self.num_heads = num_heads
        biased = projection == "fused_bias"
        self.kernels = groups if biased else tuple("".join(groups))
        for letters in self.kernels:
            self._add_projection(f"{letters}_transform", len(letters) * hidden_size, biased, gain)
        self._add_projection("output_transform", hidden_size, biased, gain)
        self.dropout = keras.layers.Dropout(dropout_rate)
        self.built = True

    def _add_projection(self, name: str, units: int, biased: bool, gain: float) -> None:
        dense = keras.layers.Dense(
            units, use_bias=biased, kernel_initializer=unit_scaling(gain), name=name
        )
        dense.build((None, self.hidden_size))
        # An attribute, not a list: checkpoints skip Keras layers held in Python containers.
        setattr(self, name, dense)

    def project(self, letters: str, source):
        """Project one group's source float[B, T, D] → one float[B, H, T, D/H] per letter."""
        if letters in self.kernels:
            parts = getattr(self, f"{letters}_transform")(source)
            parts = ops.split(parts, len(letters), axis=-1) if len(letters) > 1 else [parts]
        else:
            parts = [getattr(self, f"{letter}_transform")(source) for letter in letters]
        return [self._split_heads(part) for part in parts]

    def attend(self, query, key, value, allowed, training=False, bias=None):
        """Attend with projected heads.

        Args:
            query: float[B, H, T, D/H].
            key: float[B, H, S, D/H].
            value: float[B, H, S, D/H].
            allowed: bool broadcastable to [B, 1, T, S], True = may be attended to.
            training: whether dropout is on.
            bias: float broadcastable to [B, 1, T, S], added to the logits; None for none.

        Returns:
            output float[B, T, D] and weights float[B, H, T, S] before dropout.
        """
        query = query * (self.hidden_size // self.num_heads) ** -0.5
        logits = ops.matmul(query, ops.transpose(key, (0, 1, 3, 2)))
        if bias is not None:
            logits = logits + bias
        # A select, not T2T's addition: TensorFlow's oneDNN rewrite fuses product and addition into
        # an operation that is slow and, where one of them is broadcast over the batch (positional
        # attention), gives every sentence the first one's mask.
        logits = ops.where(allowed, logits, MASK_BIAS)
        weights = ops.softmax(logits, axis=-1)
        context = ops.matmul(self.dropout(weights, training=training), value)
        context = ops.transpose(context, (0, 2, 1, 3))
        shape = ops.shape(context)
        context = ops.reshape(context, (shape[0], shape[1], self.hidden_size))
        return self.output_transform(context), weights

    def call(self, *sources, allowed, training=False, bias=None):
        """Attend from the sources, one float[B, T, D] per group; returns as `attend` does."""
        heads = [
            head
            for letters, source in zip(self.groups, sources, strict=True)
            for head in self.project(letters, source)
        ]
        return self.attend(*heads, allowed=allowed, training=training, bias=bias)

    def _split_heads(self, states):
        shape = ops.shape(states)
        heads = (shape[0], shape[1], self.num_heads, self.hidden_size // self.num_heads)
        return ops.transpose(ops.reshape(states, heads), (0, 2, 1, 3))
