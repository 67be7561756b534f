"""One-pass decoding: all tokens of all candidate lengths at once."""

from collections.abc import Callable
from typing import Any, NamedTuple

import tensorflow as tf

from t2t_hint_nart.decoding.sentence_end import until_eos
from t2t_hint_nart.decoding.top_k import top_k


class OnePassResult(NamedTuple):
    """The candidates of each sentence, in the order of the lengths asked for.

    Attributes:
        ids: int32[B, C, T]. The tokens up to the first EOS, itself included; where there is none,
            as many tokens as were asked for, without EOS. PAD 0 follows and never stands inside.
        lengths: int32[B, C], tokens in `ids`, EOS counted where there is one.
        log_probs: float32[B, C], summed log probability of those tokens in nats.
    """

    ids: tf.Tensor
    lengths: tf.Tensor
    log_probs: tf.Tensor


def one_pass(
    logits_fn: Callable[[Any, tf.Tensor], tf.Tensor],
    inputs: Any,
    lengths: tf.Tensor,
    *,
    eos_id: int = 1,
    max_length: int | None = None,
) -> OnePassResult:
    """Take the most probable token at every position of every candidate, in one batched call.

    y_t = argmax_v p(v | t, x), independently for every t (paper, section 2.1), over all v but PAD;
    then each candidate is cut behind its first EOS.

    Args:
        logits_fn: (inputs of B*C rows, target_mask bool[B*C, T], True = real token) -> logits
            float[B*C, T, V]. Row b*C + c is candidate c of sentence b.
        inputs: int32[B, S], or any nested structure of tensors with leading dimension B: pass
            encoder outputs and their mask, and the encoder runs once a sentence.
        lengths: int32[B, C], see `candidate_lengths`.
        eos_id: id that ends a sentence.
        max_length: static T, needed under XLA; longer candidates are clipped to it. None takes the
            longest candidate.

    Returns:
        OnePassResult.
    """
    lengths = tf.cast(lengths, tf.int32)
    if max_length is not None:
        lengths = tf.minimum(lengths, max_length)
    count = tf.shape(lengths)[1] if lengths.shape[1] is None else lengths.shape[1]
    steps = tf.maximum(tf.reduce_max(lengths), 0) if max_length is None else max_length
    mask = tf.sequence_mask(tf.reshape(lengths, [-1]), steps)
    rows = tf.nest.map_structure(lambda tensor: tf.repeat(tensor, count, axis=0), inputs)
    tokens, log_probs = _best_tokens(logits_fn(rows, mask))
    kept = mask & until_eos(tokens, eos_id)
    shape = [-1, count]
    return OnePassResult(
        ids=tf.reshape(tf.where(kept, tokens, 0), [-1, count, steps]),
        lengths=tf.reshape(tf.reduce_sum(tf.cast(kept, tf.int32), axis=1), shape),
        log_probs=tf.reshape(tf.reduce_sum(tf.where(kept, log_probs, 0.0), axis=1), shape),
    )


def _best_tokens(logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the most probable ids other than PAD, int32[N, T], and their log probabilities."""
    leading = tf.shape(logits)[:2]
    logits = tf.cast(tf.reshape(logits, [-1, logits.shape[2]]), tf.float32)
    # The runner-up takes PAD's place: cheaper than a masked copy of the logits.
    values, ids = top_k(logits, 2)
    is_pad = ids[:, 0] == 0
    best = tf.where(is_pad, values[:, 1], values[:, 0])
    tokens = tf.where(is_pad, ids[:, 1], ids[:, 0])
    log_probs = best - tf.reduce_logsumexp(logits, axis=1)
    return tf.reshape(tokens, leading), tf.reshape(log_probs, leading)
