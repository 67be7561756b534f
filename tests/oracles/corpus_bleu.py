"""Corpus BLEU with one reference, Papineni et al. (2002), and mteval-v14's international tokens.

    BLEU = 100 min(1, exp(1 - r/c)) exp(1/4 Σ_n log p_n),   n = 1..4

p_n: matched n-grams (each counted at most as often as in the reference) over n-grams of the
translations; c, r: tokens of translations and references. Without smoothing an order without a
match makes the score 0, as in `multi-bleu.perl`; with exponential smoothing (mteval-v13a) the k-th
such order counts 1 / (2^k n-grams).
"""

import math
import unicodedata


def ngrams(tokens, order):
    """List of the n-grams of one sentence."""
    return [tuple(tokens[i : i + order]) for i in range(len(tokens) - order + 1)]


def matches(hypothesis, reference, order):
    """Number of n-grams of the hypothesis in the reference, each reference n-gram used once."""
    left = ngrams(reference, order)
    found = 0
    for gram in ngrams(hypothesis, order):
        if gram in left:
            left.remove(gram)
            found += 1
    return found


def corpus_bleu(hypotheses, references, smooth_exponentially):
    """BLEU, 0 to 100, of lists of token lists."""
    log_sum, smoothing = 0.0, 1.0
    for order in range(1, 5):
        total = sum(len(ngrams(h, order)) for h in hypotheses)
        found = sum(matches(h, r, order) for h, r in zip(hypotheses, references, strict=True))
        if total == 0 or (found == 0 and not smooth_exponentially):
            return 0.0
        if found == 0:
            smoothing *= 2
            found = 1 / smoothing
        log_sum += math.log(found / total)
    c = sum(len(h) for h in hypotheses)
    r = sum(len(r) for r in references)
    return 100.0 * min(1.0, math.exp(1 - r / c)) * math.exp(log_sum / 4)


def is_punctuation(char):
    """Unicode category P, the class that mteval-v14 separates."""
    return unicodedata.category(char).startswith("P")


def international_tokens(line):
    """Mteval-v14's international tokenisation, character by character.

    1. a space around punctuation after anything but a digit; 2. around punctuation before anything
    but a digit; 3. around every symbol. A pass goes left to right and reuses no character.
    """
    out, i = [], 0
    while i < len(line):
        if i + 1 < len(line) and not line[i].isdecimal() and is_punctuation(line[i + 1]):
            out.append(f"{line[i]} {line[i + 1]} ")
            i += 2
        else:
            out.append(line[i])
            i += 1
    line, out, i = "".join(out), [], 0
    while i < len(line):
        if i + 1 < len(line) and is_punctuation(line[i]) and not line[i + 1].isdecimal():
            out.append(f" {line[i]} {line[i + 1]}")
            i += 2
        else:
            out.append(line[i])
            i += 1
    symbols = (f" {c} " if unicodedata.category(c).startswith("S") else c for c in "".join(out))
    return "".join(symbols).split()
