"""The teacher's translations: beam search over cached decoder steps."""

from typing import NamedTuple

import tensorflow as tf

from t2t_hint_nart.decoding.beam_search import beam_search, tile_to_beam
from t2t_hint_nart.decoding.growing_cache import BLOCK, make_room
from t2t_hint_nart.decoding.search import BeamResult
from t2t_hint_nart.losses.cross_entropy import token_log_probs
from t2t_hint_nart.models.transformer import Transformer


class BeamSettings(NamedTuple):
    """How the teacher searches; names and defaults of T2T's decode hparams."""

    beam_size: int = 4
    alpha: float = 0.6
    extra_length: int = 50
    stopping: str = "1.2.9"


def beam_decode(model: Transformer, inputs: tf.Tensor, settings: BeamSettings) -> BeamResult:
    """Translate a batch; a sentence's result doesn't depend on the others or on padding.

    Args:
        model: the teacher.
        inputs: int32[B, S], ending in EOS, PAD 0 after it.
        settings: of the search; at most source length (with EOS) + extra_length tokens come out.

    Returns:
        BeamResult: ids int32[B, K, L] and scores float32[B, K], best first.
    """
    encoded, mask = model.encode(inputs, training=False)
    batch = tf.shape(inputs)[0]
    lengths = tf.reduce_sum(tf.cast(mask, tf.int32), axis=1)
    limits = lengths + settings.extra_length
    memory = tile_to_beam(model.memory(encoded), settings.beam_size)
    tiled_mask = tile_to_beam(mask, settings.beam_size)

    def symbols_to_logits(last_ids, step, cache):
        cache = make_room(cache, step)
        return model.step(last_ids, step, cache, memory, tiled_mask)

    return beam_search(
        symbols_to_logits,
        tf.zeros([batch], tf.int32),
        settings.beam_size,
        limits,
        model.vocab_size,
        settings.alpha,
        model.empty_cache(batch, tf.minimum(BLOCK, tf.reduce_max(limits)), encoded.dtype),
        stopping=settings.stopping,
    )


def score(model: Transformer, inputs: tf.Tensor, targets: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Log-probability of given translations, in parallel over positions.

    Args:
        model: the teacher.
        inputs: int32[B, S].
        targets: int32[B, T], ending in EOS, PAD 0 after it.

    Returns:
        log_prob float32[B] and token_log_prob float32[B, T] (0 at PAD), in nats.
    """
    tokens = token_log_probs(model(inputs, targets, training=False).logits, targets)
    return tf.reduce_sum(tokens, axis=1), tokens


def score_encoded(
    model: Transformer, encoded: tf.Tensor, source_mask: tf.Tensor, targets: tf.Tensor
) -> tf.Tensor:
    """Log-probability of given translations of sources that were encoded once.

    Args:
        model: the teacher.
        encoded: float32[B, S, D], the encoder's output.
        source_mask: bool[B, S], True = real token.
        targets: int32[B, T], ending in EOS, PAD 0 after it.

    Returns:
        float32[B], in nats.
    """
    output = model.decode(encoded, source_mask, targets, training=False)
    return tf.reduce_sum(token_log_probs(output.logits, targets), axis=1)
