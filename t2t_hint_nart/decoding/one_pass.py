"""One-pass decoding: the lengths that are asked for, and all their tokens at once."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from t2t_hint_nart.decoding.reading import Reading, read_until_eos
from t2t_hint_nart.decoding.search import Hypotheses, repeat_sentences
from t2t_hint_nart.errors import InputError


def one_pass(
    logits_fn: Callable[[Any, tf.Tensor], tf.Tensor],
    inputs: Any,
    lengths: tf.Tensor,
    *,
    reading: Reading = read_until_eos,
    max_length: int | None = None,
    broadcast: bool = False,
) -> Hypotheses:
    """Predict all positions of every candidate in one batched call, and read each as a sentence.

    Args:
        logits_fn: (inputs of B*C rows, target_mask bool[B*C, T], True = real token) -> logits
            float[B*C, T, V]. Row b*C + c is candidate c of sentence b.
        inputs: int32[B, S], or any nested structure of tensors with leading dimension B: pass
            encoder outputs and their mask, and the encoder runs once a sentence.
        lengths: int32[B, C], see `candidate_lengths`.
        reading: what makes sentences of logits.
        max_length: static T, needed under XLA; longer candidates are clipped to it. None takes the
            longest candidate.
        broadcast: of a single sentence, give `logits_fn` its one row for all candidates.

    Returns:
        The candidates in the order of their lengths: ids int32[B, C, T], and the summed log
        probabilities of what was read, float32[B, C] in nats. PAD 0 follows it and never stands
        inside. Read until EOS: the tokens up to the first EOS, itself included; where there is
        none, as many tokens as were asked for, without EOS.
    """
    lengths = tf.cast(lengths, tf.int32)
    if max_length is not None:
        lengths = tf.minimum(lengths, max_length)
    count = tf.shape(lengths)[1] if lengths.shape[1] is None else lengths.shape[1]
    steps = tf.maximum(tf.reduce_max(lengths), 0) if max_length is None else max_length
    mask = tf.sequence_mask(tf.reshape(lengths, [-1]), steps)
    rows = inputs
    if not broadcast:
        rows = repeat_sentences(inputs, count)
    ids, log_probs = reading(logits_fn(rows, mask), mask)
    return Hypotheses(tf.reshape(ids, [-1, count, steps]), tf.reshape(log_probs, [-1, count]))


def candidate_lengths(
    source_lengths: tf.Tensor, length_bias: tf.Tensor | int, halfwidth: tf.Tensor | int
) -> tf.Tensor:
    """List the target lengths max(T_x + C + δ, 1) for δ = −B .. B (paper, section 3.2).

    Lengths count EOS on both sides. B = 4 gives the paper's 9 candidates, B = 0 gives one.

    Args:
        source_lengths: int32[B], T_x.
        length_bias: C.
        halfwidth: B, at least 0.

    Returns:
        int32[B, 2·halfwidth + 1], ascending. Short sources repeat the length 1.

    Example:
        >>> candidate_lengths(tf.constant([3, 1]), 1, 2).numpy().tolist()
        [[2, 3, 4, 5, 6], [1, 1, 2, 3, 4]]
    """
    if not tf.is_tensor(halfwidth) and halfwidth < 0:
        raise InputError(f"halfwidth must be at least 0, got {halfwidth}")
    middle = tf.cast(source_lengths, tf.int32)[:, None] + length_bias
    return tf.maximum(middle + tf.range(-halfwidth, halfwidth + 1), 1)
