"""Beam search with T2T's length penalty, finished and alive hypotheses kept apart."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from t2t_hint_nart.decoding import search
from t2t_hint_nart.decoding.greedy_search import greedy_search
from t2t_hint_nart.decoding.search import (
    INF,
    Hypotheses,
    SymbolsToLogits,
    length_penalty,
    repeat_sentences,
    top_k,
)
from t2t_hint_nart.errors import InputError, nearest


class _Beams(NamedTuple):
    step: tf.Tensor  # int32[]
    active: tf.Tensor  # bool[B], True = still searching
    last_ids: tf.Tensor  # int32[B, K], last token of each alive hypothesis
    log_probs: tf.Tensor  # float32[B, K], of the alive hypotheses, best first
    scores: tf.Tensor  # float32[B, K], of the finished hypotheses, best first
    sequences: tf.Tensor  # int32[B, 2K, L], K finished hypotheses, then K alive ones
    states: Any  # leading dimension B*K, of the alive hypotheses


def worst_finished(scores: tf.Tensor, best_alive: tf.Tensor) -> tf.Tensor:
    """T2T 1.2.9: stop when even the worst finished hypothesis beats all the alive can reach.

    Args:
        scores: float32[B, K], of the finished hypotheses, -INF where there is none.
        best_alive: float32[B], upper bound of the score of any alive hypothesis.

    Returns:
        bool[B], True = stop.
    """
    exists = scores > -INF
    worst = tf.reduce_min(tf.where(exists, scores, 0.0), axis=1)
    return tf.reduce_any(exists, axis=1) & (worst > best_alive)


def best_finished(scores: tf.Tensor, best_alive: tf.Tensor) -> tf.Tensor:
    """T2T 1.15, one translation: stop when the best finished cannot be beaten. Shapes as above."""
    return scores[:, 0] > best_alive


def full_beam(scores: tf.Tensor, best_alive: tf.Tensor) -> tf.Tensor:
    """T2T 1.15, n-best: stop when none of K finished can be displaced. Shapes as above."""
    return scores[:, -1] > best_alive


STOPPING_RULES: dict[str, Callable[[tf.Tensor, tf.Tensor], tf.Tensor]] = {
    "1.2.9": worst_finished,
    "best_finished": best_finished,
    "full_beam": full_beam,
}


def beam_search(
    symbols_to_logits: SymbolsToLogits,
    initial_ids: tf.Tensor,
    beam_size: int,
    max_steps: tf.Tensor | np.ndarray | int,
    vocab_size: int,
    alpha: tf.Tensor | float,
    states: Any = None,
    *,
    eos_id: int = 1,
    stopping: str = "1.2.9",
    max_length: int | None = None,
) -> Hypotheses:
    """Search for the hypotheses with the best length-normalised log probability.

    score(y) = sum_t log p(y_t) / ((5 + |y|) / 6)^alpha, |y| counting EOS (T2T utils/beam_search.py;
    Wu et al., 2016). Each step takes the 2K best extensions of the K alive hypotheses; those that
    end in EOS compete with the finished ones, the K best others live on. Unlike T2T, each sentence
    stops on its own: its result does not depend on the rest of the batch. A beam of 1 is greedy
    search, as in T2T's `infer`.

    Args:
        symbols_to_logits: (last_ids int32[B*K], step int32[], states) -> (logits float[B*K, V],
            states of the same structure and shapes). Row b*K + k is hypothesis k of sentence b.
            States are re-ordered with the hypotheses; constants are closed over instead, see
            `repeat_sentences`.
        initial_ids: int32[B], the start symbols.
        beam_size: K.
        max_steps: int32[] or int32[B], the most tokens of a sentence, EOS included; in T2T the
            source length plus `extra_length`.
        vocab_size: V.
        alpha: exponent of the length penalty, not negative (the stopping bound needs that).
        states: any nested structure of tensors with leading dimension B, tiled here. None becomes
            the empty structure `()`. Axes unknown when traced may grow, see `growing_cache`.
        eos_id: id that ends a sentence.
        stopping: a name in STOPPING_RULES.
        max_length: static L; needed under XLA when `max_steps` is only known at run time. Limits
            are clipped to it.

    Returns:
        Hypotheses: ids int32[B, K, L], scores float32[B, K].

    Raises:
        InputError: beam, vocabulary, alpha, limits or stopping rule out of range.
    """
    _check(beam_size, vocab_size, alpha, stopping)
    if beam_size == 1:
        return greedy_search(
            symbols_to_logits,
            initial_ids,
            max_steps,
            alpha,
            states,
            eos_id=eos_id,
            max_length=max_length,
        )
    initial_ids = tf.cast(tf.convert_to_tensor(initial_ids), tf.int32)
    batch = search.batch_size(initial_ids)
    limits, buffer_length = search.step_limits(max_steps, batch, max_length)
    highest_penalty = length_penalty(limits, alpha)

    def grow(now: _Beams) -> list[_Beams]:
        logits, states = symbols_to_logits(tf.reshape(now.last_ids, [-1]), now.step, now.states)
        if logits.shape[-1] not in (None, vocab_size):
            raise InputError(f"logits have {logits.shape[-1]} entries, vocab_size is {vocab_size}")
        now = now._replace(states=search.keep_shape(states, now.states))
        extensions = _extensions(tf.cast(logits, tf.float32), now.log_probs, vocab_size)
        grown = _select(now, extensions, eos_id, length_penalty(now.step + 1, alpha))
        stop = STOPPING_RULES[stopping](grown.scores, grown.log_probs[:, 0] / highest_penalty)
        return [grown._replace(active=now.active & ~stop & (grown.step < limits))]

    start = _Beams(
        step=tf.constant(0),
        active=limits > 0,
        last_ids=tf.repeat(initial_ids[:, None], beam_size, axis=1),
        # All K hypotheses start equal, so only the first may be extended.
        log_probs=tf.tile(tf.constant([[0.0] + [-np.inf] * (beam_size - 1)]), [batch, 1]),
        scores=tf.fill([batch, beam_size], -INF),
        sequences=tf.zeros([batch, 2 * beam_size, buffer_length], tf.int32),
        states=repeat_sentences(() if states is None else states, beam_size),
    )
    (end,) = tf.while_loop(lambda now: tf.reduce_any(now.active), grow, [start])
    return _result(end)


def _check(beam_size: int, vocab_size: int, alpha: tf.Tensor | float, stopping: str) -> None:
    if beam_size < 1:
        raise InputError(f"beam_size must be at least 1, got {beam_size}")
    if vocab_size < 2:
        raise InputError(f"vocab_size must be at least 2, got {vocab_size}")
    if not tf.is_tensor(alpha) and alpha < 0:
        raise InputError(f"alpha must not be negative, got {alpha}")
    if stopping not in STOPPING_RULES:
        allowed = ", ".join(f"'{name}'" for name in STOPPING_RULES)
        hint = nearest(stopping, STOPPING_RULES)
        raise InputError(f"unknown stopping rule '{stopping}', use one of {allowed}.{hint}")


class _Extensions(NamedTuple):
    log_probs: tf.Tensor  # float32[B, 2K], best first
    beams: tf.Tensor  # int32[B, 2K], the alive hypothesis extended
    tokens: tf.Tensor  # int32[B, 2K]


def _extensions(logits: tf.Tensor, log_probs: tf.Tensor, vocab_size: int) -> _Extensions:
    """Return the 2K best one-token extensions of each sentence's alive hypotheses.

    The best 2K of K*V are among the best 2K of each hypothesis, so the wide pass sorts nothing
    across hypotheses and log-softmax needs only its normaliser.

    Args:
        logits: float32[B*K, V].
        log_probs: float32[B, K].
        vocab_size: V.
    """
    beam_size = log_probs.shape[1]
    width = min(2 * beam_size, vocab_size)
    values, ids = top_k(logits, width)
    best = values[:, :1]
    # log-sum-exp in the form that cannot overflow; where all are -inf, none is subtracted.
    best = tf.where(best > -np.inf, best, 0.0)
    normaliser = best + tf.math.log(tf.reduce_sum(tf.exp(logits - best), axis=1, keepdims=True))
    extended = values - normaliser + tf.reshape(log_probs, [-1, 1])
    # Hypothesis and token travel as one number.
    codes = tf.reshape(ids, [-1, beam_size, width]) + (tf.range(beam_size) * vocab_size)[:, None]
    top, position = tf.math.top_k(tf.reshape(extended, [-1, beam_size * width]), 2 * beam_size)
    codes = tf.gather(tf.reshape(codes, [-1, beam_size * width]), position, batch_dims=1)
    return _Extensions(top, codes // vocab_size, codes % vocab_size)


def _select(now: _Beams, extensions: _Extensions, eos_id: int, penalty: tf.Tensor) -> _Beams:
    """Choose the new finished and alive hypotheses; inactive sentences stay as they are."""
    beam_size = now.log_probs.shape[1]
    active = now.active[:, None]
    ended = extensions.tokens == eos_id

    # K finished ones kept in front: among equals, the one found first stays.
    ended_scores = tf.where(ended & active, extensions.log_probs / penalty, -INF)
    scores, kept = tf.math.top_k(tf.concat([now.scores, ended_scores], 1), beam_size)
    own = tf.zeros_like(now.last_ids) + tf.range(beam_size)
    finished_from = tf.gather(tf.concat([own, extensions.beams + beam_size], 1), kept, batch_dims=1)
    finished_tokens = tf.where(kept < beam_size, 0, eos_id)

    log_probs, chosen = tf.math.top_k(tf.where(ended, -np.inf, extensions.log_probs), beam_size)
    beams = tf.where(active, tf.gather(extensions.beams, chosen, batch_dims=1), own)
    tokens = tf.where(active, tf.gather(extensions.tokens, chosen, batch_dims=1), 0)

    origin = tf.concat([finished_from, beams + beam_size], 1)
    column = tf.concat([finished_tokens, tokens], 1)
    here = tf.range(tf.shape(now.sequences)[2]) == now.step
    sequences = tf.gather(now.sequences, origin, batch_dims=1)
    rows = tf.range(tf.shape(beams)[0])[:, None] * beam_size + beams
    rows = tf.reshape(rows, [-1])
    return _Beams(
        step=now.step + 1,
        active=now.active,
        last_ids=tokens,
        log_probs=tf.where(active, log_probs, now.log_probs),
        scores=scores,
        sequences=tf.where(here, column[:, :, None], sequences),
        states=tf.nest.map_structure(lambda state: tf.gather(state, rows), now.states),
    )


def _result(end: _Beams) -> Hypotheses:
    """Return the finished hypotheses, or the alive ones of a sentence of which nothing finished."""
    beam_size = end.scores.shape[1]
    finished = end.scores[:, :1] > -INF
    scores = tf.where(finished, end.scores, end.log_probs)
    ids = tf.where(finished[:, :, None], end.sequences[:, :beam_size], end.sequences[:, beam_size:])
    exists = scores > -INF
    return Hypotheses(tf.where(exists[:, :, None], ids, 0), tf.where(exists, scores, -INF))
