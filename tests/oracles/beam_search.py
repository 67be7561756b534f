"""Beam search of tensor2tensor (utils/beam_search.py) for one sentence, and an exhaustive search.

`log_probs(prefix)` gives the normalised log probabilities float[V] of the next id after `prefix`, a
tuple of ids without the start symbol. score = sum log p / ((5 + length) / 6) ^ alpha, where the
length counts EOS.

A step of T2T's search: extend every alive hypothesis by every id; keep the best 2K extensions by
score; the best K of them without EOS are alive; the best K by score of the old finished ones and
the new ones with EOS are finished. Ties go to the earlier one. It stops after `max_steps`, or by a
stopping rule given as a function (finished, best_alive_log_prob, max_penalty, K) -> bool:

    worst_finished  1.2.9: worst finished score > best alive log p / penalty(max_steps)
    best_finished   1.15, one result: best finished score > that bound
    all_finished    1.15, K results: K are finished and the worst score > that bound
    run_to_limit    1.2.9 with return_beams: never
"""

import itertools

import numpy as np

from tests.oracles.length_penalty import length_penalty, normalized_score

INF = 1e7


def worst_finished(finished, best_alive, max_penalty, beam_size):
    """1.2.9's rule; with nothing finished it goes on."""
    del beam_size
    return bool(finished) and min(score for _, score in finished) > best_alive / max_penalty


def best_finished(finished, best_alive, max_penalty, beam_size):
    """1.15's rule for a single result."""
    del beam_size
    return bool(finished) and max(score for _, score in finished) > best_alive / max_penalty


def all_finished(finished, best_alive, max_penalty, beam_size):
    """1.15's rule for K results."""
    if len(finished) < beam_size:
        return False
    return min(score for _, score in finished) > best_alive / max_penalty


def run_to_limit(finished, best_alive, max_penalty, beam_size):
    """Never stops early."""
    del finished, best_alive, max_penalty, beam_size
    return False


def _best(hypotheses, count):
    """The `count` best by value, ties in their order; hypotheses are (ids, value)."""
    return sorted(hypotheses, key=lambda hypothesis: -hypothesis[1])[:count]


def _extensions(alive, log_probs):
    """Every alive hypothesis with every next id: (ids, log p)."""
    grown = []
    for ids, total in alive:
        for next_id, log_p in enumerate(log_probs(ids)):
            if total + log_p > -np.inf:
                grown.append((ids + (next_id,), total + float(log_p)))
    return grown


def search(log_probs, beam_size, max_steps, alpha, eos_id=1, stopping=worst_finished):
    """(hypotheses [(ids, score)] best first, steps made).

    Only hypotheses which are finished are returned, at most K; if there are none, the alive ones
    with their log probabilities, not normalised.
    """
    alive, finished = [((), 0.0)], []
    max_penalty = length_penalty(max_steps, alpha)
    step = 0
    while step < max_steps and alive:
        if stopping(finished, alive[0][1], max_penalty, beam_size):
            break
        step += 1
        # All extensions have the same length: the order by log p is the order by score.
        candidates = _best(_extensions(alive, log_probs), 2 * beam_size)
        ended = [
            (ids, normalized_score(total, step, alpha))
            for ids, total in candidates
            if ids[-1] == eos_id
        ]
        alive = [hypothesis for hypothesis in candidates if hypothesis[0][-1] != eos_id][:beam_size]
        finished = _best(finished + ended, beam_size)
    return (finished or alive), step


def batch_search(log_probs, beam_size, max_steps, alpha, eos_id=1, stopping=worst_finished):
    """(ids int64[B, K, L], scores float64[B, K]), each sentence searched alone.

    log_probs: a list of functions, one per sentence; max_steps: a list of limits; L is their
    maximum. Ids after the end are 0. Missing hypotheses are all 0 with score -1e7.
    """
    longest = max(max_steps)
    ids = np.zeros((len(log_probs), beam_size, longest), np.int64)
    scores = np.full((len(log_probs), beam_size), -INF, np.float64)
    for b, function in enumerate(log_probs):
        found, _ = search(function, beam_size, max_steps[b], alpha, eos_id, stopping)
        for k, (hypothesis, score) in enumerate(found):
            ids[b, k, : len(hypothesis)] = hypothesis
            scores[b, k] = score
    return ids, scores


def exhaustive_search(log_probs, vocab_size, beam_size, max_steps, alpha, eos_id=1):
    """The K best of all sequences which end in their only EOS within max_steps: [(ids, score)]."""
    others = [v for v in range(vocab_size) if v != eos_id]
    finished = []
    for length in range(1, max_steps + 1):
        for prefix in itertools.product(others, repeat=length - 1):
            ids = prefix + (eos_id,)
            total = 0.0
            for t in range(length):
                total += float(log_probs(ids[:t])[ids[t]])
            finished.append((ids, normalized_score(total, length, alpha)))
    return _best(finished, beam_size)


def greedy_search(log_probs, max_steps, eos_id=1):
    """(ids, sum of log p): the most probable id at each step, the lowest on ties, up to EOS."""
    ids, total = (), 0.0
    while len(ids) < max_steps and (not ids or ids[-1] != eos_id):
        step = np.asarray(log_probs(ids), np.float64)
        best = int(np.argmax(step))
        ids, total = ids + (best,), total + float(step[best])
    return ids, total
