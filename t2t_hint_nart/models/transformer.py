"""The autoregressive Transformer: the teacher."""

from typing import Any

from keras import ops

from t2t_hint_nart.layers.timing_signal import timing_signal
from t2t_hint_nart.models.decoder import DecoderLayer
from t2t_hint_nart.models.decoder_output import DecoderOutput
from t2t_hint_nart.models.encoder_decoder import EncoderDecoder


class CachedDecoderLayer(DecoderLayer):
    """A decoder layer that can also go on position by position."""

    def step(self, states, cache, memory, step, allowed):
        """One layer over one position, with cached keys and values.

        Args:
            states: float[R, 1, D] of R hypotheses.
            cache: {"k", "v"}: float[R, H, L, head size], filled before `step`.
            memory: {"k", "v"}: float[R, H, S, head size], the projected source.
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
        attended, _ = self.self_attention.attend(
            query, cache["k"], cache["v"], past, query_positions=step[None]
        )
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

    decoder_layer = CachedDecoderLayer

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
        return self.decode(encoded, source_mask, targets, training=training)

    def decode(self, encoded, source_mask, targets, training=False) -> DecoderOutput:
        """Predict every target token from an encoded source and the target tokens before it.

        Args:
            encoded: float[B, S, D], the encoder's output.
            source_mask: bool[B, S], True = real token.
            targets: int[B, T] target ids, ending in EOS, PAD 0 after it.
            training: whether dropout is on.

        Returns:
            A DecoderOutput.
        """
        shifted = ops.pad(self.target_embedding(targets)[:, :-1], [[0, 0], [1, 0], [0, 0]])
        positions = ops.arange(ops.shape(targets)[1])
        if self.has_timing:
            shifted = shifted + timing_signal(positions, self.hidden_size, encoded.dtype)
        causal = (positions[None, :] <= positions[:, None])[None, None]
        return self._run_decoder(shifted, encoded, causal, source_mask, training=training)

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
        """Return empty caches: {layer: {"k", "v"}} of zeros[B, H, max_length, head size]."""
        shape = (batch_size, self.num_heads, max_length)
        size = self.layer_0.self_attention.head_size
        return {
            f"layer_{index}": {letter: ops.zeros((*shape, size(letter)), dtype) for letter in "kv"}
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
        states = self.target_embedding(last_ids[:, None])
        if self.has_timing:
            states = states + timing_signal(step[None], self.hidden_size, states.dtype)
        allowed = source_mask[:, None, None, :]
        new_cache = {}
        for index in range(self.num_decoder_layers):
            name = f"layer_{index}"
            states, new_cache[name] = getattr(self, name).step(
                states, cache[name], memory[name], step, allowed
            )
        return self.softmax.logits(self.final(states))[:, 0], new_cache
