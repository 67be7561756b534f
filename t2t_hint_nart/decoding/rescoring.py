"""Choice among candidate translations by the teacher's probability (paper, section 3.2)."""

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from t2t_hint_nart.decoding.reading import complete_sentences
from t2t_hint_nart.decoding.search import Hypotheses, length_penalty


def rank_candidates(
    inputs: Any,
    ids: tf.Tensor,
    score: Callable[[Any, tf.Tensor], tf.Tensor],
    alpha: tf.Tensor | float = 0.0,
    *,
    eos_id: int = 1,
) -> Hypotheses:
    """Sort the candidates of each sentence by the teacher's score, best first.

    score(y) = log p_teacher(y, EOS | x) / ((5 + |y|) / 6)^alpha, |y| counting EOS. Alpha 0 is the
    paper's "highest probability", 0.6 the authors' T2T fork.

    What is scored is the sentence that is read: tokens behind the first EOS are cut, and a
    candidate without EOS gets one. So every candidate answers for ending where it ends, and one
    that stops in mid-sentence has no advantage. (The fork sums over all positions asked for: it
    counts tokens behind an early EOS, which nobody sees, and never asks for an end.)

    Args:
        inputs: int32[B, S], or any nested structure of tensors with leading dimension B, repeated
            for each candidate.
        ids: int32[B, C, T], PAD 0 only behind the sentence. Duplicates do no harm; among equals
            the earlier comes first.
        score: (inputs of B*C rows, targets int32[B*C, T + 1], each with one EOS, PAD behind it)
            -> float[B*C], summed log probability of the targets in nats, EOS included, PAD not.
        alpha: exponent of the length penalty.
        eos_id: id that ends a sentence.

    Returns:
        Hypotheses: ids int32[B, C, T + 1], each with its EOS, and scores float32[B, C].
    """
    targets = complete_sentences(ids, eos_id)
    shape = tf.shape(targets)
    batch, count, steps = shape[0], shape[1], shape[2]
    rows = tf.nest.map_structure(lambda tensor: tf.repeat(tensor, count, axis=0), inputs)
    log_probs = score(rows, tf.reshape(targets, [batch * count, steps]))
    lengths = tf.reduce_sum(tf.cast(targets != 0, tf.int32), axis=2)
    log_probs = tf.reshape(tf.cast(log_probs, tf.float32), [batch, count])
    scores = log_probs / length_penalty(lengths, alpha)
    order = tf.argsort(scores, axis=1, direction="DESCENDING", stable=True)
    return Hypotheses(
        ids=tf.gather(targets, order, batch_dims=1),
        scores=tf.gather(scores, order, batch_dims=1),
    )
