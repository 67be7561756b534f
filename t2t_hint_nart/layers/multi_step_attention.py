"""The attention that every layer of a convolutional decoder has of its own."""

import keras
from keras import ops

from t2t_hint_nart.layers.attention import MASK_BIAS
from t2t_hint_nart.layers.precision import at_least_float32
from t2t_hint_nart.layers.weight_norm import WeightNormDense


class MultiStepAttention(keras.layers.Layer):
    """Attention of one head between a layer's states and the source (Gehring et al. 2017).

    d = (h·W_d + b_d + g)·√½ asks, g being the embedded target; a = softmax_j(d·z_j) without a
    scale; c = √S·Σⱼ a_j·(z_j + e_j)·√½, S counting real source tokens, e their embeddings; the
    result is (c·W_o + b_o + h)·√½ (fairseq's fconv).

    Args:
        width: of h.
        embedding_width: D, of g, e and z.
    """

    def __init__(self, width: int, embedding_width: int, **kwargs):
        super().__init__(**kwargs)
        self.query = WeightNormDense(width, embedding_width, name="query")
        self.output_transform = WeightNormDense(embedding_width, width, name="output_transform")
        self.built = True

    def call(self, states, target, keys, values, source_mask):
        """Attend from every target position.

        Args:
            states: float[B, T, width], h.
            target: float[B, T, D], g.
            keys: float[B, S, D], z.
            values: float[B, S, D], (z + e)·√½.
            source_mask: bool[B, S], True = real source token.

        Returns:
            float[B, T, width], and weights float[B, T, S], exact zeros at padding.
        """
        query = (self.query(states) + target) * 0.5**0.5
        logits = at_least_float32(ops.matmul(query, ops.swapaxes(keys, 1, 2)))
        logits = ops.where(ops.expand_dims(source_mask, 1), logits, MASK_BIAS)
        weights = ops.softmax(logits, axis=-1)
        lengths = ops.sum(ops.cast(source_mask, weights.dtype), axis=1)
        scale = ops.cast(ops.sqrt(lengths), values.dtype)[:, None, None]
        mixed = ops.matmul(ops.cast(weights, values.dtype), values) * scale
        return (self.output_transform(mixed) + states) * 0.5**0.5, weights
