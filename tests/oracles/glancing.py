"""Glancing (Qian et al., ACL 2021): how much, and where, of the answer a second pass is shown.

A first pass without gradient gives the most probable symbols. Where they differ from what is wanted
is counted, d, and floor(ratio d) positions are shown in the second pass. They are drawn from all
real positions, those that were right among them: here the ones with the smallest of the random
numbers r, the lower position first of equal ones.

Of a student of fixed length the wanted symbols are the target; of a CTC student (Gu & Kong,
Findings of ACL 2021) the best path for the target, blanks among them, on the sentence's own L
positions. The paper's ratio goes in a straight line over the updates, and stays.
"""

import math

import numpy as np

from tests.oracles.ctc import viterbi

HIDDEN = -1


def ratio_at(step, start, end, steps):
    """start + (end - start) min(step / steps, 1)."""
    return start + (end - start) * min(step / steps, 1.0)


def hamming(guess, wanted, real):
    """How many real positions differ."""
    return sum(int(g != w) for g, w, is_real in zip(guess, wanted, real, strict=True) if is_real)


def count_to_reveal(ratio, distance):
    """floor(ratio d), in float64."""
    return math.floor(ratio * distance)


def revealed(count, r, real):
    """bool[L]: the `count` real positions with the smallest r, the lower of equal ones first."""
    positions = sorted((r[t], t) for t in range(len(r)) if real[t])
    result = np.zeros(len(r), bool)
    for _, t in positions[:count]:
        result[t] = True
    return result


def shown(wanted, reveal):
    """int[L]: what is wanted where it is revealed, HIDDEN elsewhere."""
    return [int(w) if is_shown else HIDDEN for w, is_shown in zip(wanted, reveal, strict=True)]


def argmax(log_probs):
    """int[L]: the most probable symbol of each position, the lowest of equal ones."""
    return [int(np.argmax(row)) for row in log_probs]


def glance(log_probs, target, real, r, ratio):
    """Fixed length: (revealed bool[T], tokens int[T], HIDDEN where nothing is shown).

    log_probs float[T, V]; target int[T]; real bool[T], True = real token; r float[T].
    """
    distance = hamming(argmax(log_probs), target, real)
    reveal = revealed(count_to_reveal(ratio, distance), r, real)
    return reveal, shown(target, reveal)


def glance_ctc(log_probs, target, real, r, ratio):
    """CTC: (revealed bool[L], tokens int[L]); nothing where no path collapses to the target.

    log_probs float[L, V]; target ids [U]; real bool[L], the sentence's own positions; r float[L].
    """
    positions = [t for t in range(len(real)) if real[t]]
    path, _ = viterbi([log_probs[t] for t in positions], target)
    if path is None:
        return np.zeros(len(real), bool), [HIDDEN] * len(real)
    wanted = [0] * len(real)
    for t, symbol in zip(positions, path, strict=True):
        wanted[t] = symbol
    return glance(log_probs, wanted, real, r, ratio)
