"""From targets to a latent for every 2^n of them, and back."""

import keras
from keras import ops

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.attention import CROSS
from t2t_hint_nart.layers.convolution import Convolution, ResidualConvolutions
from t2t_hint_nart.layers.rows import to_rows, to_states
from t2t_hint_nart.layers.timing_signal import timing_signal
from t2t_hint_nart.models.encoder import attention_layer, postprocess, preprocess
from t2t_hint_nart.models.network import Source

# From each step to the next.
FACTOR = 2


class Compression(keras.layers.Layer):
    """n residual blocks, then n convolutions of two positions each (T2T transformer_vae.compress).

    Args:
        hparams: a transformer_ae set; n is num_compress_steps.
    """

    def __init__(self, hparams: HParams, **kwargs):
        super().__init__(**kwargs)
        width, gain = hparams.hidden_size, hparams.initializer_gain
        self.steps = hparams.num_compress_steps
        for index in range(self.steps):
            residual = ResidualConvolutions(width, hparams.dropout, gain, name=f"residual_{index}")
            setattr(self, f"residual_{index}", residual)
        for index in range(self.steps):
            halving = Convolution(width, width, FACTOR, FACTOR, gain=gain, name=f"halving_{index}")
            setattr(self, f"halving_{index}", halving)
        self.built = True

    def call(self, states, mask, training=False):
        """Compress what stands in place of targets.

        Args:
            states: float[B, C, D], C a multiple of 2^n.
            mask: bool[B, C], True = of the sentence, whose number is a multiple as well.
            training: whether dropout is on.

        Returns:
            float[B, C/2^n, D].
        """
        for index in range(self.steps):
            states = getattr(self, f"residual_{index}")(states, mask, training=training)
        for index in range(self.steps):
            states = getattr(self, f"halving_{index}")(states, mask)
            mask = mask[:, ::FACTOR]
        return states


class SourceAttention(keras.layers.Layer):
    """Attention to the source with its timing signal (T2T transformer_vae.attend).

    Over real source tokens; T2T's goes over padding too.
    """

    def __init__(self, hparams: HParams, **kwargs):
        super().__init__(**kwargs)
        self.pre = preprocess(hparams, "pre")
        self.attention = attention_layer(hparams, CROSS, "attention")
        self.post = postprocess(hparams, "post")
        self.built = True

    def call(self, states, source: Source, training=False):
        """float[B, L, D] → float[B, L, D]."""
        positions = ops.arange(ops.shape(source.mask)[1])
        timing = timing_signal(positions, states.shape[-1], states.dtype)
        rows, length = to_rows(states)
        encoded, source_length = to_rows(source.states + timing)
        attended, _ = self.attention(
            self.pre(rows, training=training),
            encoded,
            lengths=(length, source_length),
            allowed=ops.expand_dims(source.mask, (1, 2)),
            training=training,
        )
        return to_states(self.post(attended, rows, training=training), length)


class Decompression(keras.layers.Layer):
    """n steps from a vector to two: a residual block, attention to the source, a product.

    As in T2T's transformer_vae (decompress_step), the product is D → 2D, and its halves become two
    positions. With do_attend_decompress=False there is no attention.

    Args:
        hparams: a transformer_ae set; n is num_compress_steps.
    """

    def __init__(self, hparams: HParams, **kwargs):
        super().__init__(**kwargs)
        width, gain = hparams.hidden_size, hparams.initializer_gain
        self.hidden_size = width
        self.steps = hparams.num_compress_steps
        self.attends = hparams.do_attend_decompress
        for index in range(self.steps):
            residual = ResidualConvolutions(width, hparams.dropout, gain, name=f"residual_{index}")
            setattr(self, f"residual_{index}", residual)
            if self.attends:
                setattr(self, f"attention_{index}", SourceAttention(hparams))
            doubling = Convolution(
                width, FACTOR * width, 1, relu=index > 0, gain=gain, name=f"doubling_{index}"
            )
            setattr(self, f"doubling_{index}", doubling)
        self.built = True

    def call(self, states, mask, source: Source, training=False):
        """Decompress latents.

        Args:
            states: float[B, M, D].
            mask: bool[B, M], True = a latent of the sentence.
            source: the encoded sentences.
            training: whether dropout is on.

        Returns:
            float[B, M·2^n, D].
        """
        for index in range(self.steps):
            states = getattr(self, f"residual_{index}")(states, mask, training=training)
            if self.attends:
                states = getattr(self, f"attention_{index}")(states, source, training=training)
            doubled = getattr(self, f"doubling_{index}")(states, mask)
            length = FACTOR * ops.shape(doubled)[1]
            states = ops.reshape(doubled, (-1, length, self.hidden_size))
            mask = ops.repeat(mask, FACTOR, axis=1)
        return states
