"""The autoregressive Transformer: the teacher."""

from typing import Any

from keras import ops

from t2t_hint_nart.layers.rows import to_rows
from t2t_hint_nart.layers.shift_right import shift_right
from t2t_hint_nart.layers.timing_signal import timing_signal
from t2t_hint_nart.models.decoder import DecoderLayer
from t2t_hint_nart.models.encoder_decoder import EncoderDecoder
from t2t_hint_nart.models.network import Canvas, Output, Source


class CachedDecoderLayer(DecoderLayer):
    """A decoder layer that can also go on position by position."""

    def step(self, states, cache, memory, step, allowed):
        """One layer over one position, with cached keys and values.

        Args:
            states: float[R, D] of R hypotheses.
            cache: {"k", "v"}: float[R, H, L, head size], filled before `step`.
            memory: {"k", "v"}: float[R, H, S, head size], the projected source.
            step: int[], position of `states`.
            allowed: bool[R, 1, 1, S], True = real source token.

        Returns:
            states float[R, D] and the cache with position `step` filled.
        """
        normed = self.self_attention_pre(states)
        query, key, value = self.self_attention.project("qkv", normed, 1)
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
        normed = self.encdec_attention_pre(states)
        (query,) = self.encdec_attention.project("q", normed, 1)
        attended, _ = self.encdec_attention.attend(query, memory["k"], memory["v"], allowed)
        states = self.encdec_attention_post(attended, states)
        return self.ffn_post(self.ffn(self.ffn_pre(states)), states), cache


class CachedDecoder:
    """What goes on position by position with the layers that it has, `layer_0` and so on.

    Attributes:
        num_decoder_layers: how many CachedDecoderLayers.
        num_heads: of each.
    """

    num_decoder_layers: int
    num_heads: int

    def start(self, source: Source, room) -> tuple[dict[str, Any], dict[str, Any]]:
        """Project the source once for all steps, and make empty caches.

        Args:
            source: as `encode` gives it.
            room: int[], positions that the caches have at first.

        Returns:
            memory {"mask": bool[B, S], layer: {"k", "v"}: float[B, H, S, head size]} and caches
            {layer: {"k", "v"}} of zeros[B, H, room, head size].
        """
        memory: dict[str, Any] = {"mask": source.mask}
        encoded, length = to_rows(source.states)
        shape = (ops.shape(source.mask)[0], self.num_heads, room)
        size = self._layer(0).self_attention.head_size
        caches = {}
        for index in range(self.num_decoder_layers):
            name = f"layer_{index}"
            keys, values = self._layer(index).encdec_attention.project("kv", encoded, length)
            memory[name] = {"k": keys, "v": values}
            caches[name] = {
                letter: ops.zeros((*shape, size(letter)), source.states.dtype) for letter in "kv"
            }
        return memory, caches

    def grow(self, state, positions: int):
        """Lengthen all caches by zeros."""
        padding = [[0, 0], [0, 0], [0, positions], [0, 0]]
        return {
            name: {letter: ops.pad(values, padding) for letter, values in cache.items()}
            for name, cache in state.items()
        }

    def advance(self, states, position, memory, state):
        """All layers over one position, with what `start` made.

        Args:
            states: float[R, D].
            position: int[], of `states`.
            memory: a row for each of `states`.
            state: of the position before.

        Returns:
            states float[R, D] and the new state.
        """
        allowed = ops.expand_dims(memory["mask"], (1, 2))
        grown = {}
        for index in range(self.num_decoder_layers):
            name = f"layer_{index}"
            states, grown[name] = self._layer(index).step(
                states, state[name], memory[name], position, allowed
            )
        return states, grown

    def _layer(self, index: int) -> CachedDecoderLayer:
        layer: CachedDecoderLayer = getattr(self, f"layer_{index}")
        return layer


class Transformer(CachedDecoder, EncoderDecoder):
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
    is_plain_transformer = True

    def decode(self, source: Source, canvas: Canvas, training=False, probes=()) -> Output:
        """Predict every token of a canvas from the known tokens before it.

        Args and returns as `Network.decode`.

        Raises:
            ValueError: the canvas has no tokens.
        """
        shifted = shift_right(self.target_embedding(canvas.known_tokens()))
        positions = ops.arange(ops.shape(canvas.tokens)[1])
        if self.has_timing:
            shifted = shifted + timing_signal(positions, self.hidden_size, shifted.dtype)
        causal = (positions[None, :] <= positions[:, None])[None, None]
        output = self._run_decoder(shifted, source, causal, training=training, probes=probes)
        return output._replace(mask=canvas.mask)

    def step(self, ids, position, memory, state):
        """Predict the next token of R hypotheses; args and returns as `Stepwise.step`."""
        states = self.target_embedding(ids)
        if self.has_timing:
            states = states + timing_signal(position[None], self.hidden_size, states.dtype)
        states, grown = self.advance(states, position, memory, state)
        return self.softmax.logits(self.final(states)), grown
