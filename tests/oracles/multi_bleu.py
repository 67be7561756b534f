"""BLEU as Moses' `multi-bleu.perl` defines it, with one reference: of lines whose tokens are given.

    BLEU = 100 BP exp(1/4 Σ_n log p_n),   BP = 1 if c >= r else exp(1 - r/c),   n = 1..4

p_n: over all lines, n-grams of the translation that occur in the reference, none counted more often
than there, over n-grams of the translation. c, r: tokens of all translations, all references. The
logarithm of 0 is -9999999999: an order without a match makes the score 0.
"""

import math
from collections import Counter


def counts(tokens, order):
    return Counter(zip(*(tokens[start:] for start in range(order)), strict=False))


def multi_bleu(hypotheses, references, lowercase=False):
    """(BLEU, [p_1..p_4], BP), BLEU and precisions 0 to 100."""
    correct, total, c, r = [0] * 4, [0] * 4, 0, 0
    for hypothesis, reference in zip(hypotheses, references, strict=True):
        if lowercase:
            hypothesis, reference = hypothesis.lower(), reference.lower()
        ours, theirs = hypothesis.split(), reference.split()
        c, r = c + len(ours), r + len(theirs)
        for n in range(4):
            found, there = counts(ours, n + 1), counts(theirs, n + 1)
            total[n] += sum(found.values())
            correct[n] += sum(min(times, there[ngram]) for ngram, times in found.items())
    precisions = [hit / all_ if all_ else 0.0 for hit, all_ in zip(correct, total, strict=True)]
    penalty = 1.0 if c >= r else math.exp(1 - r / c) if c else 0.0
    logs = [math.log(p) if p else -9999999999 for p in precisions]
    return 100 * penalty * math.exp(sum(logs) / 4), [100 * p for p in precisions], penalty
