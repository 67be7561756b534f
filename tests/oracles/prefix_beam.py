"""Prefix beam search of a CTC student with a language model (Hannun et al. 2014).

    score(y) = log p_ctc(y) + alpha log p_lm(y) + beta |y|

For every prefix y the search keeps the probability of all paths so far that collapse to it, those
that end in a blank apart from those that end in its last label:

    blank_t(y) = p_t(0) (blank_{t-1}(y) + label_{t-1}(y))
    label_t(y c) = p_t(c) (label_{t-1}(y c) + blank_{t-1}(y) + [c != last of y] label_{t-1}(y))

After each position the K prefixes of the best score stay, the lower ids first of equal ones. With K
as large as there are prefixes this is exact; with less, paths through dropped prefixes are missing
from p_ctc. The language model is a function of a tuple of ids and an id, log p(id | ids). With
`end_id`, results are ranked with alpha log p_lm(end_id | y) as well; beta doesn't count it.
"""

import itertools

import numpy as np

from tests.oracles.ctc import BLANK, ctc, log_sum_exp


def no_language_model(prefix, label):
    """log p of a model that says nothing."""
    del prefix, label
    return 0.0


def extra_score(prefix, lm, alpha, beta):
    """alpha log p_lm(prefix) + beta |prefix|."""
    log_prob = sum(lm(prefix[:i], label) for i, label in enumerate(prefix))
    return alpha * log_prob + beta * len(prefix)


def best_labels(row, count):
    """The `count` most probable labels of one position, the lower ids of equal ones."""
    labels = [label for label in range(len(row)) if label != BLANK]
    return sorted(labels, key=lambda label: (-row[label], label))[:count]


def advance(prefixes, row, labels):
    """One position: {prefix: (log p ending in a blank, log p ending in its last label)}."""
    blanks, ends = {}, {}
    for prefix, (blank, label) in prefixes.items():
        blanks.setdefault(prefix, []).append(row[BLANK] + log_sum_exp([blank, label]))
        if prefix:
            ends.setdefault(prefix, []).append(row[prefix[-1]] + label)
        for symbol in labels:
            before = [blank] if prefix and prefix[-1] == symbol else [blank, label]
            ends.setdefault((*prefix, symbol), []).append(row[symbol] + log_sum_exp(before))
    return {
        prefix: (log_sum_exp(blanks.get(prefix, [])), log_sum_exp(ends.get(prefix, [])))
        for prefix in {**blanks, **ends}
    }


def ranked(scores):
    """[(ids, score)] best first, the lower ids of equal ones first; without impossible ones."""
    possible = [(ids, score) for ids, score in scores if score > -np.inf]
    return sorted(possible, key=lambda pair: (-pair[1], pair[0]))


def prefix_beam_search(
    log_probs, beam_size, lm=no_language_model, alpha=0.0, beta=0.0, end_id=None, labels=None
):
    """[(ids, score)] of at most `beam_size` sentences, best first.

    log_probs float[L, V]; `labels`: prefixes grow by that many best labels of a position only, all
    unless given. Blanks and repetitions of the last label are never left out.
    """
    prefixes = {(): (0.0, -np.inf)}
    for row in log_probs:
        grown = advance(prefixes, row, best_labels(row, labels or len(row)))
        scores = [(y, log_sum_exp(p) + extra_score(y, lm, alpha, beta)) for y, p in grown.items()]
        prefixes = {y: grown[y] for y, _ in ranked(scores)[:beam_size]}
    return ranked(
        (y, log_sum_exp(p) + extra_score(y, lm, alpha, beta) + end_score(y, lm, alpha, end_id))
        for y, p in prefixes.items()
    )


def end_score(prefix, lm, alpha, end_id):
    """alpha log p_lm(end_id | prefix); 0 without an `end_id`."""
    return 0.0 if end_id is None else alpha * lm(prefix, end_id)


def exhaustive_search(log_probs, lm=no_language_model, alpha=0.0, beta=0.0, end_id=None):
    """[(ids, score)] of every sentence that some path collapses to, best first."""
    length, vocab_size = np.shape(log_probs)
    labels = [label for label in range(vocab_size) if label != BLANK]
    scores = []
    for count in range(length + 1):
        for y in itertools.product(labels, repeat=count):
            extra = extra_score(y, lm, alpha, beta) + end_score(y, lm, alpha, end_id)
            scores.append((y, extra - ctc(log_probs, y)))
    return ranked(scores)
