"""What a strategy is given: sources without a word, and sources longer than is accepted."""

import tensorflow as tf

from t2t_hint_nart.decoding.search import INF, Hypotheses
from t2t_hint_nart.text import EOS_ID, PAD_ID


def cut(inputs: tf.Tensor, limit: int) -> tf.Tensor:
    """Keep so many tokens of each source, EOS the last of them, as T2T's max_input_size does.

    Args:
        inputs: int32[B, S], ending in EOS, PAD 0 after it.
        limit: at least 1.

    Returns:
        int32[B, min(S, limit)].

    Example:
        >>> cut(tf.constant([[5, 6, 7, 1], [5, 6, 1, 0], [1, 0, 0, 0]]), 3).numpy().tolist()
        [[5, 6, 1], [5, 6, 1], [1, 0, 0]]
    """
    kept = inputs[:, :limit]
    is_longer = tf.reduce_any(inputs[:, limit:] != PAD_ID, axis=1, keepdims=True)
    return tf.where(is_longer & (tf.range(tf.shape(kept)[1]) == limit - 1), EOS_ID, kept)


def best(found: Hypotheses, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
    """The translation of each source, as an export's signature gives it.

    Args:
        found: best first.
        inputs: int32[B, S], ending in EOS, PAD 0 after it.

    Returns:
        outputs int32[B, L], PAD after EOS, and scores float32[B]; see `keep_empty`.
    """
    kept = keep_empty(found, inputs)
    return {"outputs": kept.ids[:, 0], "scores": kept.scores[:, 0]}


def keep_empty(found: Hypotheses, inputs: tf.Tensor) -> Hypotheses:
    """Translate a source without a word by the empty sentence, score 0, and by nothing else.

    A model knows no such source and would invent a translation.

    Args:
        found: of any sources.
        inputs: int32[B, S], ending in EOS, PAD 0 after it.
    """
    has_word = tf.reduce_any((inputs != PAD_ID) & (inputs != EOS_ID), axis=1)
    is_best = tf.range(tf.shape(found.scores)[1]) == 0
    is_first = tf.range(tf.shape(found.ids)[2]) == 0
    ended = tf.where(is_best[:, None] & is_first, EOS_ID, PAD_ID)
    return Hypotheses(
        ids=tf.where(has_word[:, None, None], found.ids, ended),
        scores=tf.where(has_word[:, None], found.scores, tf.where(is_best, 0.0, -INF)),
    )
