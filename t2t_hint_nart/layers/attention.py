"""Multi-head dot-product attention with T2T's projections."""

import itertools

import keras
from keras import ops

from t2t_hint_nart.errors import InputError, check_choice
from t2t_hint_nart.layers.dropout import Dropout
from t2t_hint_nart.layers.linear import linear, unit_scaling
from t2t_hint_nart.layers.precision import at_least_float32
from t2t_hint_nart.layers.relative_position import RelativePositions, chosen_distances

MASK_BIAS = -1e9
PROJECTIONS = ("fused_bias", "separate")

SELF = ("qkv",)  # queries, keys and values read the same states
CROSS = ("q", "kv")  # queries from the decoder, keys and values from the encoder
POSITIONAL = ("qk", "v")  # queries and keys from the timing signal, values from the states


class MultiHeadAttention(keras.layers.Layer):
    """softmax(q·kᵀ/√(K/H) + bias)·v for H heads, then an output transform.

    `groups` says which of q, k and v read the same states; each group has one source. With the
    projection "fused_bias" (T2T 1.2.9) a group is one biased kernel, as D → 2K + V for q, k and v,
    whose fan decides the initial limit; with "separate" (T2T 1.15) every letter has an unbiased
    kernel. K and V, the widths of all heads' keys and values, are D unless given.

    With `max_relative_position` k > 0 a learned embedding of the distance, cut off at ±k, is added
    to every key and to every value (Shaw et al. 2018; T2T dot_product_relative). Heads have
    embeddings of their own in T2T 1.2.9 and share them in 1.15: `projection` decides that too.

    Args:
        groups: SELF, CROSS or POSITIONAL.
        hidden_size: D.
        num_heads: H, which divides K and V.
        dropout_rate: dropout on the attention weights.
        projection: "fused_bias" or "separate".
        gain: initialisation gain.
        key_channels: K, 0 for D.
        value_channels: V, 0 for D.
        max_relative_position: k, 0 for no relative positions.
    """

    def __init__(
        self,
        groups: tuple[str, ...],
        hidden_size: int,
        num_heads: int,
        dropout_rate: float = 0.0,
        projection: str = "fused_bias",
        gain: float = 1.0,
        key_channels: int = 0,
        value_channels: int = 0,
        max_relative_position: int = 0,
        **kwargs,
    ):
        super().__init__(**kwargs)
        check_choice("attention_projection", projection, PROJECTIONS)
        self.groups = groups
        self.hidden_size = hidden_size
        self.num_heads = num_heads
        keys = _channels("attention_key_channels", key_channels, hidden_size, num_heads)
        values = _channels("attention_value_channels", value_channels, hidden_size, num_heads)
        self.channels = {"q": keys, "k": keys, "v": values}
        biased = projection == "fused_bias"
        self.kernels = groups if biased else tuple("".join(groups))
        for letters in self.kernels:
            units = sum(self.channels[letter] for letter in letters)
            self._add_projection(f"{letters}_transform", hidden_size, units, biased, gain)
        self._add_projection("output_transform", values, hidden_size, biased, gain)
        self.dropout = Dropout(dropout_rate)
        self.max_relative_position = max_relative_position
        if max_relative_position:
            tables = num_heads if biased else 1
            self.relative_positions_keys = RelativePositions(
                max_relative_position, tables, keys // num_heads, gain
            )
            self.relative_positions_values = RelativePositions(
                max_relative_position, tables, values // num_heads, gain
            )
        self.built = True

    def _add_projection(self, name: str, width: int, units: int, biased: bool, gain: float) -> None:
        # An attribute, not a list: checkpoints skip Keras layers held in Python containers.
        setattr(self, name, linear(width, units, unit_scaling(gain), biased, name))

    def head_size(self, letter: str) -> int:
        """Width of a head's q, k or v."""
        return self.channels[letter] // self.num_heads

    def project(self, letters: str, source, length):
        """Project one group's source float[B*T, D] → one float[B, H, T, head_size] per letter."""
        if letters in self.kernels:
            parts = getattr(self, f"{letters}_transform")(source)
            if len({self.head_size(letter) for letter in letters}) == 1:
                return self._split_equal_heads(parts, length, letters)
            ends = list(itertools.accumulate(self.channels[letter] for letter in letters))
            parts = ops.split(parts, ends[:-1], axis=-1) if len(letters) > 1 else [parts]
        else:
            parts = [getattr(self, f"{letter}_transform")(source) for letter in letters]
        return [
            self._split_heads(part, length, letter)
            for part, letter in zip(parts, letters, strict=True)
        ]

    def attend(self, query, key, value, allowed, training=False, bias=None, query_positions=None):
        """Attend with projected heads.

        Args:
            query: float[B, H, T, K/H].
            key: float[B, H, S, K/H].
            value: float[B, H, S, V/H].
            allowed: bool broadcastable to [B, 1, T, S], True = may be attended to.
            training: whether dropout is on.
            bias: float broadcastable to [B, 1, T, S], added to the logits; None for none.
            query_positions: int[T], for relative positions; None for 0..T−1. Keys are at 0..S−1.

        Returns:
            output float[B*T, D] and weights float[B, H, T, S] before dropout.
        """
        query = query * self.head_size("q") ** -0.5
        logits = at_least_float32(ops.matmul(query, ops.transpose(key, (0, 1, 3, 2))))
        if self.max_relative_position:
            chosen = self._chosen_distances(query, key, query_positions)
            of_distances = self.relative_positions_keys.logits(query, chosen)
            logits = logits + at_least_float32(of_distances)
        if bias is not None:
            logits = logits + bias
        # A select, not T2T's addition: TensorFlow's oneDNN rewrite fuses product and addition into
        # an operation that is slow and, where one of them is broadcast over the batch (positional
        # attention), gives every sentence the first one's mask.
        logits = ops.where(allowed, logits, MASK_BIAS)
        weights = ops.softmax(logits, axis=-1)
        dropped = ops.cast(self.dropout(weights, training=training), value.dtype)
        context = ops.matmul(dropped, value)
        if self.max_relative_position:
            context = context + self.relative_positions_values.context(dropped, chosen)
        if query.shape[2] != 1:
            context = ops.transpose(context, (0, 2, 1, 3))
        context = ops.reshape(context, (-1, self.channels["v"]))
        return self.output_transform(context), weights

    def call(self, *sources, lengths, allowed, training=False, bias=None):
        """Attend from the sources; one float[B*T, D], and its length T, per group (layers.rows).

        The rest, and what is returned, as `attend`.
        """
        heads = [
            head
            for letters, source, length in zip(self.groups, sources, lengths, strict=True)
            for head in self.project(letters, source, length)
        ]
        return self.attend(*heads, allowed=allowed, training=training, bias=bias)

    def _chosen_distances(self, query, key, query_positions):
        if query_positions is None:
            query_positions = ops.arange(ops.shape(query)[2])
        key_positions = ops.arange(ops.shape(key)[2])
        return chosen_distances(
            query_positions, key_positions, self.max_relative_position, query.dtype
        )

    def _split_equal_heads(self, parts, length, letters: str):
        """All parts at once where they are equally wide: a third of the operations."""
        heads = (len(letters), self.num_heads, self.head_size(letters[0]))
        if _is_one(length):
            parts = ops.reshape(parts, (-1, *heads[:2], 1, heads[2]))
            return ops.unstack(parts, len(letters), axis=1)
        parts = ops.reshape(parts, (-1, length, *heads))
        return ops.unstack(ops.transpose(parts, (2, 0, 3, 1, 4)), len(letters), axis=0)

    def _split_heads(self, part, length, letter: str):
        heads, size = self.num_heads, self.head_size(letter)
        if _is_one(length):
            return ops.reshape(part, (-1, heads, 1, size))
        return ops.transpose(ops.reshape(part, (-1, length, heads, size)), (0, 2, 1, 3))


def _is_one(length) -> bool:
    """Whether it is known that nothing has to change places."""
    return isinstance(length, int) and length == 1


def _channels(name: str, channels: int, hidden_size: int, num_heads: int) -> int:
    """Return the width of all heads together, which are to be equally wide."""
    if channels < 0:
        raise InputError(f"{name} is {channels}; it must be at least 0.")
    name, width = (name, channels) if channels else ("hidden_size", hidden_size)
    if width % num_heads:
        raise InputError(f"{name} {width} is not divisible by num_heads {num_heads}.")
    return width
