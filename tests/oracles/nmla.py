"""Non-monotonic latent alignments (Shao & Feng, NeurIPS 2022): the bigrams a CTC student expects.

Over all paths of independent positions, p_t(v), blank 0, the collapsed sentence has on average

    C(u, v) = sum_{i<j} p_i(u) p_j(v) prod_{i<k<j} p_k(0)  - [u = v] sum_i p_i(u) p_{i+1}(u)
    E = sum_{v != 0} p_1(v) + sum_{j>=2, v != 0} p_j(v) (1 - p_{j-1}(v))

times the bigram u v, and tokens. Both are exact: a pair of positions with only blanks between is
the last of one run and the first of the next, unless they are neighbours with the same symbol,
which merge and make no bigram. With ref_g the count in the target of U tokens

    loss = -2 sum_g min(C_g, ref_g) / (U + E - 2)    over the distinct bigrams g of the target

is an F-score of bigrams, negated. What it takes for granted:

- min(C_g, ref_g) of the mean count is the mean of min(count, ref_g), or more.
- A quotient of means stands for the mean of quotients.
- E - 1 bigrams are expected. A sentence without tokens has 0 of them rather than -1: there are
  E - 1 + prod_t p_t(0). As it stands above the loss can fall below -1 where an empty sentence is
  likely; with that number, `expected_bigrams`, it cannot.
- The released code (ictnlp/NMLA-NAT) leaves the first position out of E; `expected_length` has it,
  as the expectation does. There targets begin with a start symbol; here they don't.
"""

import itertools
from collections import Counter

import numpy as np

from tests.oracles.ctc import BLANK, collapse


def bigrams(sentence):
    """Counter of pairs of neighbours."""
    return Counter(itertools.pairwise(int(token) for token in sentence))


def sentences(probs):
    """(collapsed sentence, probability) of each of V^L paths; probs float[L, V]."""
    length, vocab_size = np.shape(probs)
    for path in itertools.product(range(vocab_size), repeat=length):
        probability = 1.0
        for t, symbol in enumerate(path):
            probability *= probs[t][symbol]
        yield collapse(path), probability


def bigram_count_brute_force(probs, u, v):
    """Expected count of u v in the collapsed sentence, over all paths."""
    return sum(p * bigrams(sentence)[u, v] for sentence, p in sentences(probs))


def length_brute_force(probs):
    """Expected number of tokens of the collapsed sentence, over all paths."""
    return sum(p * len(sentence) for sentence, p in sentences(probs))


def bigrams_brute_force(probs):
    """Expected number of bigrams, over all paths."""
    return sum(p * max(len(sentence) - 1, 0) for sentence, p in sentences(probs))


def bigram_count(probs, u, v):
    """C(u, v) by the formula."""
    total, length = 0.0, len(probs)
    for i in range(length):
        blanks = 1.0
        for j in range(i + 1, length):
            total += probs[i][u] * probs[j][v] * blanks
            blanks *= probs[j][BLANK]
    if u == v:
        for i in range(length - 1):
            total -= probs[i][u] * probs[i + 1][u]
    return total


def expected_length(probs):
    """E by the formula: every symbol that isn't blank and not its predecessor's begins a token."""
    total = 0.0
    for t in range(len(probs)):
        for v in range(len(probs[t])):
            if v != BLANK:
                total += probs[t][v] * (1.0 - (probs[t - 1][v] if t > 0 else 0.0))
    return total


def expected_bigrams(probs):
    """E - 1 + the probability of a sentence without tokens."""
    empty = 1.0
    for row in probs:
        empty *= row[BLANK]
    return expected_length(probs) - 1.0 + empty


def matched(probs, target):
    """sum over distinct bigrams g of the target of min(C_g, ref_g)."""
    counts = bigrams(target)
    return sum(min(bigram_count(probs, u, v), count) for (u, v), count in counts.items())


def nmla(probs, target):
    """The loss as it stands above; 0 where U < 2. probs float[L, V], target ids [U]."""
    if len(target) < 2:
        return 0.0
    return -2.0 * matched(probs, target) / (len(target) + expected_length(probs) - 2.0)


def nmla_exact_bigrams(probs, target):
    """The loss with the expected number of bigrams in place of E - 1; from -1 to 0."""
    if len(target) < 2:
        return 0.0
    return -2.0 * matched(probs, target) / (len(target) - 1.0 + expected_bigrams(probs))
