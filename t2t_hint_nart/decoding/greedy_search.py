"""Greedy search: the most probable token at every step."""

from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from t2t_hint_nart.decoding import search
from t2t_hint_nart.decoding.search import Hypotheses, SymbolsToLogits, length_penalty


class _Greedy(NamedTuple):
    step: tf.Tensor  # int32[]
    active: tf.Tensor  # bool[B], True = still growing
    last_ids: tf.Tensor  # int32[B]
    log_prob: tf.Tensor  # float32[B]
    length: tf.Tensor  # int32[B]
    ids: tf.Tensor  # int32[B, L]
    states: Any


def greedy_search(
    symbols_to_logits: SymbolsToLogits,
    initial_ids: tf.Tensor,
    max_steps: tf.Tensor | np.ndarray | int,
    alpha: tf.Tensor | float = 0.0,
    states: Any = None,
    *,
    eos_id: int = 1,
    max_length: int | None = None,
) -> Hypotheses:
    """Extend every sentence by its most probable token up to EOS or its limit.

    score = sum_t log p(y_t) / ((5 + length) / 6)^alpha, the length counting EOS; a sentence cut by
    its limit keeps its plain log probability, as in beam search. T2T 1.2.9 runs every step; this
    stops as T2T 1.15 does.

    Args as `beam_search`'s, with a row for each sentence; alpha changes the score, not the tokens.

    Returns:
        Hypotheses with K = 1: ids int32[B, 1, L], scores float32[B, 1].
    """
    initial_ids = tf.cast(tf.convert_to_tensor(initial_ids), tf.int32)
    batch = search.batch_size(initial_ids)
    limits, buffer_length = search.step_limits(max_steps, batch, max_length)
    states = tf.nest.map_structure(tf.convert_to_tensor, () if states is None else states)

    def grow(now: _Greedy) -> list[_Greedy]:
        logits, new_states = symbols_to_logits(now.last_ids, now.step, now.states)
        tokens, log_probs = _best_token(tf.cast(logits, tf.float32))
        tokens = tf.where(now.active, tokens, 0)
        here = tf.range(buffer_length) == now.step
        return [
            _Greedy(
                step=now.step + 1,
                active=now.active & (tokens != eos_id) & (now.step + 1 < limits),
                last_ids=tokens,
                log_prob=now.log_prob + tf.where(now.active, log_probs, 0.0),
                length=now.length + tf.cast(now.active, tf.int32),
                ids=tf.where(here, tokens[:, None], now.ids),
                states=search.keep_shape(new_states, now.states),
            )
        ]

    start = _Greedy(
        step=tf.constant(0),
        active=limits > 0,
        last_ids=initial_ids,
        log_prob=tf.zeros([batch], tf.float32),
        length=tf.zeros([batch], tf.int32),
        ids=tf.zeros([batch, buffer_length], tf.int32),
        states=states,
    )
    (end,) = tf.while_loop(lambda now: tf.reduce_any(now.active), grow, [start])
    finished = tf.reduce_any(end.ids == eos_id, axis=1)
    penalty = tf.where(finished, length_penalty(end.length, alpha), 1.0)
    return Hypotheses(ids=end.ids[:, None], scores=(end.log_prob / penalty)[:, None])


def _best_token(logits: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Return the most probable ids int32[B] and their log probabilities float32[B]."""
    best = tf.reduce_max(logits, axis=-1, keepdims=True)
    # log p(best) = best - logsumexp(logits), in the form that cannot overflow.
    log_prob = -tf.math.log(tf.reduce_sum(tf.exp(logits - best), axis=-1))
    return tf.argmax(logits, axis=-1, output_type=tf.int32), log_prob
