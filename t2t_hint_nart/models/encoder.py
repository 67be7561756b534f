"""The Transformer encoder, the same for the teacher and the student."""

import keras
from keras import ops

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.attention import CROSS, SELF, MultiHeadAttention
from t2t_hint_nart.layers.dropout import Dropout
from t2t_hint_nart.layers.feed_forward import FeedForward
from t2t_hint_nart.layers.highway import Highway
from t2t_hint_nart.layers.linear import unit_scaling
from t2t_hint_nart.layers.residual import LayerPrePostprocess
from t2t_hint_nart.layers.rows import to_rows, to_states
from t2t_hint_nart.layers.timing_signal import timing_signal

NUM_TARGET_SPACES = 32
# T2T's names of what `pos` and `self_attention_type` may be.
TIMING = "timing"
RELATIVE = "dot_product_relative"


def attention_layer(hparams: HParams, groups: tuple[str, ...], name: str) -> MultiHeadAttention:
    """Build an attention sublayer as the set says.

    Relative positions are those of one sequence: encoder-decoder attention has none.

    Raises:
        InputError: self_attention_type asks for relative positions, but max_relative_position is 0.
    """
    max_relative_position = 0
    if hparams.self_attention_type == RELATIVE and groups != CROSS:
        max_relative_position = hparams.max_relative_position
        if max_relative_position < 1:
            raise InputError(
                f"max_relative_position is {max_relative_position}; with "
                f"self_attention_type={RELATIVE} it must be at least 1."
            )
    return MultiHeadAttention(
        groups,
        hparams.hidden_size,
        hparams.num_heads,
        hparams.attention_dropout,
        hparams.attention_projection,
        hparams.initializer_gain,
        hparams.attention_key_channels,
        hparams.attention_value_channels,
        max_relative_position,
        name=name,
    )


def feed_forward_layer(hparams: HParams) -> FeedForward:
    """Build a feed-forward sublayer as the set says."""
    return FeedForward(
        hparams.hidden_size,
        hparams.filter_size,
        hparams.relu_dropout,
        hparams.initializer_gain,
        name="ffn",
    )


def preprocess(hparams: HParams, name: str) -> LayerPrePostprocess:
    """What comes before a sublayer, and after the last layer of a stack.

    Raises:
        InputError: layer_preprocess_sequence adds a residual, of which there is none.
    """
    sequence = hparams.layer_preprocess_sequence
    if "a" in sequence:
        raise InputError(
            f"layer_preprocess_sequence is {sequence!r}, but before a sublayer there is no "
            "residual to add; allowed are 'n' (norm), 'd' (dropout) or 'none'."
        )
    return LayerPrePostprocess(
        sequence,
        hparams.hidden_size,
        hparams.layer_prepostprocess_dropout,
        name=name,
    )


def postprocess(hparams: HParams, name: str) -> LayerPrePostprocess:
    """What comes after a sublayer."""
    return LayerPrePostprocess(
        hparams.layer_postprocess_sequence,
        hparams.hidden_size,
        hparams.layer_prepostprocess_dropout,
        name=name,
    )


def feed_forward_postprocess(hparams: HParams) -> LayerPrePostprocess:
    """What comes after a feed-forward sublayer: a gate where `highway_feed_forward` says so."""
    if not hparams.get("highway_feed_forward", False):
        return postprocess(hparams, "ffn_post")
    return Highway(
        hparams.layer_postprocess_sequence,
        hparams.hidden_size,
        hparams.filter_size,
        hparams.layer_prepostprocess_dropout,
        hparams.initializer_gain,
        name="ffn_post",
    )


class EncoderLayer(keras.layers.Layer):
    """Self-attention and feed forward, each with its processing sequences."""

    def __init__(self, hparams: HParams, **kwargs):
        super().__init__(**kwargs)
        self.self_attention_pre = preprocess(hparams, "self_attention_pre")
        self.self_attention = attention_layer(hparams, SELF, "self_attention")
        self.self_attention_post = postprocess(hparams, "self_attention_post")
        self.ffn_pre = preprocess(hparams, "ffn_pre")
        self.ffn = feed_forward_layer(hparams)
        self.ffn_post = feed_forward_postprocess(hparams)
        self.built = True

    def call(self, states, length, allowed, training=False):
        """float[B*S, D], S, bool[B, 1, 1, S] → float[B*S, D] and weights float[B, H, S, S]."""
        normed = self.self_attention_pre(states, training=training)
        attended, weights = self.self_attention(
            normed, lengths=(length,), allowed=allowed, training=training
        )
        states = self.self_attention_post(attended, states, training=training)
        transformed = self.ffn(self.ffn_pre(states, training=training), training=training)
        return self.ffn_post(transformed, states, training=training), weights


class Encoder(keras.layers.Layer):
    """M encoder layers over embedded source symbols.

    Input: embedding + target-space embedding + timing signal (if `pos` says so), then dropout (T2T
    transformer_prepare_encoder); after the last layer one more preprocessing step.

    Args:
        hparams: a transformer set.
        target_space_id: T2T's space id of the target language, 0 = generic.
    """

    def __init__(self, hparams: HParams, target_space_id: int = 0, **kwargs):
        super().__init__(**kwargs)
        self.hidden_size = hparams.hidden_size
        self.has_timing = hparams.pos == TIMING
        self.num_layers = hparams.num_encoder_layers or hparams.num_hidden_layers
        self.target_space_id = target_space_id
        self.target_space_embedding = self.add_weight(
            name="target_space_embedding",
            shape=(NUM_TARGET_SPACES, hparams.hidden_size),
            initializer=unit_scaling(hparams.initializer_gain),
        )
        self.dropout = Dropout(hparams.layer_prepostprocess_dropout)
        for index in range(self.num_layers):
            setattr(self, f"layer_{index}", EncoderLayer(hparams, name=f"layer_{index}"))
        self.final = preprocess(hparams, "final")
        self.built = True

    def call(self, embedded, mask, training=False):
        """Encode a source.

        Args:
            embedded: float[B, S, D], zero at padding.
            mask: bool[B, S], True = real token.
            training: whether dropout is on.

        Returns:
            states float[B, S, D] and, of each layer, self-attention weights float[B, H, S, S].
        """
        layers, attention = self.run_layers(embedded, mask, training=training)
        return self.finish(layers[-1], ops.shape(mask)[1], training=training), attention

    def run_layers(self, embedded, mask, training=False):
        """What each layer makes of a source; args as `call`.

        Returns:
            float[B*S, D] (layers.rows) that the first layer reads, then what every layer gives;
            and their self-attention weights, float[B, H, S, S] each.
        """
        # Outside of a call Keras doesn't cast what is added to activations of 16 bits.
        space = self.target_space_embedding[self.target_space_id]
        states = embedded + ops.cast(space, embedded.dtype)
        if self.has_timing:
            positions = ops.arange(ops.shape(embedded)[1])
            states = states + timing_signal(positions, self.hidden_size, embedded.dtype)
        states, length = to_rows(self.dropout(states, training=training))
        allowed = ops.expand_dims(mask, (1, 2))
        made, attention = [states], []
        for index in range(self.num_layers):
            layer = getattr(self, f"layer_{index}")
            states, weights = layer(states, length=length, allowed=allowed, training=training)
            made.append(states)
            attention.append(weights)
        return made, attention

    def finish(self, rows, length, training=False):
        """The last layer's float[B*S, D] and S, normed if the set says so: float[B, S, D]."""
        return to_states(self.final(rows, training=training), length)
