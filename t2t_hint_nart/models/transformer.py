"""The autoregressive Transformer: the teacher."""

from typing import Any

import keras
from keras import ops

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.layers.attention import CROSS, SELF
from t2t_hint_nart.layers.timing_signal import timing_signal
from t2t_hint_nart.models.decoder_output import DecoderOutput
from t2t_hint_nart.models.encoder import (
    attention_layer,
    feed_forward_layer,
    postprocess,
    preprocess,
)
from t2t_hint_nart.models.encoder_decoder import EncoderDecoder


class DecoderLayer(keras.layers.Layer):
    """Self-attention, encoder-decoder attention and feed forward."""

    def __init__(self, hparams: HParams, **kwargs):
        super().__init__(**kwargs)
        self.self_attention_pre = preprocess(hparams, "self_attention_pre")
        self.self_attention = attention_layer(hparams, SELF, "self_attention")
        self.self_attention_post = postprocess(hparams, "self_attention_post")
        self.encdec_attention_pre = preprocess(hparams, "encdec_attention_pre")
        self.encdec_attention = attention_layer(hparams, CROSS, "encdec_attention")
        self.encdec_attention_post = postprocess(hparams, "encdec_attention_post")
        self.ffn_pre = preprocess(hparams, "ffn_pre")
        self.ffn = feed_forward_layer(hparams)
        self.ffn_post = postprocess(hparams, "ffn_post")
        self.built = True

    def call(self, states, encoded, causal, allowed, training=False):
        """One layer over a whole target.

        Args:
            states: float[B, T, D].
            encoded: float[B, S, D].
            causal: bool[1, 1, T, T], True where j ≤ i.
            allowed: bool[B, 1, 1, S], True = real source token.
            training: whether dropout is on.

        Returns:
            states float[B, T, D], normed float[B, T, D] (the input as this layer read it) and
            weights float[B, H, T, S].
        """
        normed = self.self_attention_pre(states, training=training)
        attended, _ = self.self_attention(normed, allowed=causal, training=training)
        states = self.self_attention_post(attended, states, training=training)
        query = self.encdec_attention_pre(states, training=training)
        attended, weights = self.encdec_attention(
            query, encoded, allowed=allowed, training=training
        )
        states = self.encdec_attention_post(attended, states, training=training)
        transformed = self.ffn(self.ffn_pre(states, training=training), training=training)
        return self.ffn_post(transformed, states, training=training), normed, weights

    def step(self, states, cache, memory, step, allowed):
        """One layer over one position, with cached keys and values.

        Args:
            states: float[R, 1, D] of R hypotheses.
            cache: {"k", "v"}: float[R, H, L, D/H], filled before `step`.
            memory: {"k", "v"}: float[R, H, S, D/H], the projected source.
            step: int[], position of `states`.
            allowed: bool[R, 1, 1, S], True = real source token.

        Returns:
            states float[R, 1, D] and the cache with position `step` filled.
        """
        normed = self.self_attention_pre(states)
        query, key, value = self.self_attention.project("qkv", normed)
        positions = ops.arange(ops.shape(cache["k"])[2])
        # A select instead of a scatter: static shapes, and one code path for every backend.
        here = ops.equal(positions, step)[None, None, :, None]
        cache = {
            "k": ops.where(here, key, cache["k"]),
            "v": ops.where(here, value, cache["v"]),
        }
        past = ops.less_equal(positions, step)[None, None, None, :]
        attended, _ = self.self_attention.attend(query, cache["k"], cache["v"], past)
        states = self.self_attention_post(attended, states)
        (query,) = self.encdec_attention.project("q", self.encdec_attention_pre(states))
        attended, _ = self.encdec_attention.attend(query, memory["k"], memory["v"], allowed)
        states = self.encdec_attention_post(attended, states)
        return self.ffn_post(self.ffn(self.ffn_pre(states)), states), cache


class Transformer(EncoderDecoder):
    """The Transformer of Vaswani et al. 2017 as in T2T, pre- or post-norm by its set.

    The decoder reads the target embeddings shifted right by a zero vector, so that the logits at
    position t depend on targets before t only (T2T transformer_prepare_decoder).

    Args:
        hparams: a transformer set.
        vocab_size: V.
        source_vocab_size: of the source; V when None.
        target_space_id: T2T's space id of the target language.
    """

    def __init__(self, hparams: HParams, vocab_size: int, **kwargs):
        super().__init__(hparams, vocab_size, **kwargs)
        self.dropout = keras.layers.Dropout(hparams.layer_prepostprocess_dropout)
        for index in range(self.num_decoder_layers):
            setattr(self, f"layer_{index}", DecoderLayer(hparams, name=f"layer_{index}"))
        self.final = preprocess(hparams, "final")
        self.built = True

    def call(self, inputs, targets, training=False) -> DecoderOutput:
        """Predict every target token from the source and the target tokens before it.

        Args:
            inputs: int[B, S] source ids, ending in EOS, PAD 0 after it.
            targets: int[B, T] target ids, likewise.
            training: whether dropout is on.

        Returns:
            A DecoderOutput.
        """
        encoded, source_mask = self.encode(inputs, training=training)
        shifted = ops.pad(self.target_embedding(targets)[:, :-1], [[0, 0], [1, 0], [0, 0]])
        length = ops.shape(targets)[1]
        timing = timing_signal(ops.arange(length), self.hidden_size, encoded.dtype)
        states = self.dropout(shifted + timing, training=training)
        positions = ops.arange(length)
        causal = (positions[None, :] <= positions[:, None])[None, None]
        allowed = source_mask[:, None, None, :]
        hidden, read, attention = [], [], []
        for index in range(self.num_decoder_layers):
            layer = getattr(self, f"layer_{index}")
            states, normed, weights = layer(states, encoded, causal, allowed, training=training)
            hidden.append(states)
            read.append(normed)
            attention.append(weights)
        final = self.final(states, training=training)
        return DecoderOutput(
            self.softmax.logits(final),
            ops.stack(hidden, axis=1),
            ops.stack([*read[1:], final], axis=1),
            ops.stack(attention, axis=1),
        )

    def memory(self, encoded) -> dict[str, dict[str, Any]]:
        """Project the source once for all steps: float[B, S, D] → {layer: {"k", "v"}}."""
        return {
            f"layer_{index}": dict(
                zip(
                    "kv",
                    getattr(self, f"layer_{index}").encdec_attention.project("kv", encoded),
                    strict=True,
                )
            )
            for index in range(self.num_decoder_layers)
        }

    def empty_cache(self, batch_size, max_length, dtype="float32") -> dict[str, dict[str, Any]]:
        """Return empty caches: {layer: {"k", "v"}} of zeros[B, H, max_length, D/H]."""
        shape = (batch_size, self.num_heads, max_length, self.hidden_size // self.num_heads)
        return {
            f"layer_{index}": {letter: ops.zeros(shape, dtype) for letter in "kv"}
            for index in range(self.num_decoder_layers)
        }

    def step(self, last_ids, step, cache, memory, source_mask):
        """Predict the next token of R hypotheses from their last one.

        Args:
            last_ids: int[R], the previous token; 0 at step 0.
            step: int[], position that is predicted, from 0.
            cache: as `empty_cache` gives it, filled before `step`.
            memory: as `memory` gives it.
            source_mask: bool[R, S], True = real token.

        Returns:
            logits float[R, V] and the new cache.
        """
        embedded = self.target_embedding(last_ids[:, None])
        states = embedded + timing_signal(step[None], self.hidden_size, embedded.dtype)
        allowed = source_mask[:, None, None, :]
        new_cache = {}
        for index in range(self.num_decoder_layers):
            name = f"layer_{index}"
            states, new_cache[name] = getattr(self, name).step(
                states, cache[name], memory[name], step, allowed
            )
        return self.softmax.logits(self.final(states))[:, 0], new_cache
