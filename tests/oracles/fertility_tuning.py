"""What a teacher thinks of a student's sentences, as loops (Gu et al. 2018, section 3.4)."""

import math


def _log_softmax(logits):
    largest = max(logits)
    total = math.log(sum(math.exp(logit - largest) for logit in logits))
    return [logit - largest - total for logit in logits]


def reverse_cross_entropy(logits, judged):
    """−Σ_y p(y)·log q(y) of one position, from logits of both."""
    log_p, log_q = _log_softmax(logits), _log_softmax(judged)
    return -sum(math.exp(p) * q for p, q in zip(log_p, log_q, strict=True))


def score_function(logits, choices, advantages, mask):
    """−Σ_b A_b·Σ_s log p(c_bs) over what was chosen."""
    total = 0.0
    for rows, chosen, advantage, counted in zip(logits, choices, advantages, mask, strict=True):
        for row, choice, counts in zip(rows, chosen, counted, strict=True):
            if counts:
                total -= advantage * _log_softmax(row)[choice]
    return total


def mean_fertility(logits):
    """Σ_k k·p_k, rounded to an even number where it lies half-way."""
    return round(sum(k * math.exp(log_p) for k, log_p in enumerate(_log_softmax(logits))))
