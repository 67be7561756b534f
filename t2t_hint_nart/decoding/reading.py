"""What a row of ids or logits reads as: where it ends, what is repeated, what is blank.

A reading turns the logits of a pass into a sentence; it is what makes an output of fixed length one
of variable length.
"""

from collections.abc import Callable

import tensorflow as tf

from t2t_hint_nart.decoding.search import top_k
from t2t_hint_nart.text import EOS_ID, PAD_ID

# logits float[N, T, V], mask bool[N, T] → ids int32[N, T], PAD 0 behind the sentence, and the
# summed log probability float32[N] of what was read, in nats.
Reading = Callable[[tf.Tensor, tf.Tensor], tuple[tf.Tensor, tf.Tensor]]


def until_eos(ids: tf.Tensor) -> tf.Tensor:
    """Mark the ids up to the first EOS, itself included; all of them where there is none.

    Args:
        ids: int32[..., T].

    Returns:
        bool[..., T], True = part of the sentence.

    Example:
        >>> until_eos(tf.constant([5, 1, 6, 1])).numpy().tolist()
        [True, True, False, False]
    """
    return tf.cumsum(tf.cast(ids == EOS_ID, tf.int32), axis=-1, exclusive=True) == 0


def complete_sentences(ids: tf.Tensor) -> tf.Tensor:
    """Give every row exactly one EOS: cut behind the first, append one where there is none.

    Args:
        ids: int32[..., T], PAD 0 only behind the sentence.

    Returns:
        int32[..., T + 1]: the sentence, EOS, then PAD.

    Example:
        >>> complete_sentences(tf.constant([[5, 1, 6], [5, 6, 0], [5, 6, 7]])).numpy().tolist()
        [[5, 1, 0, 0], [5, 6, 1, 0], [5, 6, 7, 1]]
    """
    ids = tf.where(until_eos(ids), ids, 0)
    ids = tf.concat([ids, tf.zeros_like(ids[..., :1])], axis=-1)
    ended = tf.reduce_any(ids == EOS_ID, axis=-1, keepdims=True)
    length = tf.reduce_sum(tf.cast(ids != 0, tf.int32), axis=-1, keepdims=True)
    behind = tf.range(tf.shape(ids)[-1]) == length
    return tf.where(behind & ~ended, tf.cast(EOS_ID, ids.dtype), ids)


def dedup(ids: tf.Tensor) -> tf.Tensor:
    """Keep one token of every run of equal adjacent tokens and close the gaps.

    The `--dedup` of the authors' T2T fork, off by default there and here. The fork merges before it
    cuts at EOS; both orders give the same sentence, so this may follow `one_pass`.

    Args:
        ids: int32[..., T], PAD 0 only behind the sentence.

    Returns:
        int32[..., T], PAD 0 behind the shortened sentence.

    Example:
        >>> dedup(tf.constant([[5, 5, 6, 5, 5, 1], [7, 7, 7, 0, 0, 0]])).numpy().tolist()
        [[5, 6, 5, 1, 0, 0], [7, 0, 0, 0, 0, 0]]
    """
    before = tf.concat([tf.zeros_like(ids[..., :1]), ids[..., :-1]], axis=-1)
    kept = (ids != before) & (ids != 0)
    order = tf.argsort(tf.cast(kept, tf.int32), axis=-1, direction="DESCENDING", stable=True)
    return tf.gather(tf.where(kept, ids, 0), order, batch_dims=ids.shape.rank - 1)


def read_until_eos(logits: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Read the most probable tokens up to the first EOS (paper, section 2.1); a `Reading`.

    y_t = argmax_v p(v | t, x), independently for every t, over all v but PAD. Where there is no EOS
    the sentence has as many tokens as the mask.
    """
    tokens, log_probs = _best_tokens(logits, PAD_ID)
    kept = mask & until_eos(tokens)
    return tf.where(kept, tokens, 0), tf.reduce_sum(tf.where(kept, log_probs, 0.0), axis=1)


def read_collapsed(logits: tf.Tensor, mask: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Read the best path of a connectionist temporal classification; a `Reading`.

    The most probable ids, PAD 0 being the blank: of a run of equal ones one is kept, then blanks go
    (Graves et al. 2006). EOS is never read: no target of such a model has it, and its reading ends
    with its positions. The log probability is that of the path.

    Example:
        >>> logits = tf.math.log(tf.one_hot([[3, 3, 0, 3, 4]], 5) + 1e-3)
        >>> read_collapsed(logits, tf.ones([1, 5], tf.bool))[0].numpy().tolist()
        [[3, 3, 4, 0, 0]]
    """
    ids, log_probs = _best_tokens(logits, EOS_ID)
    return dedup(tf.where(mask, ids, 0)), tf.reduce_sum(tf.where(mask, log_probs, 0.0), axis=1)


def _best_tokens(logits: tf.Tensor, unsaid: int) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the most probable ids other than one, int32[N, T], and their log probabilities."""
    leading = tf.shape(logits)[:2]
    logits = tf.cast(tf.reshape(logits, [-1, logits.shape[2]]), tf.float32)
    # The runner-up takes its place: cheaper than a masked copy of the logits.
    values, ids = top_k(logits, 2)
    is_unsaid = ids[:, 0] == unsaid
    best = tf.where(is_unsaid, values[:, 1], values[:, 0])
    tokens = tf.where(is_unsaid, ids[:, 1], ids[:, 0])
    log_probs = best - tf.reduce_logsumexp(logits, axis=1)
    return tf.reshape(tokens, leading), tf.reshape(log_probs, leading)
