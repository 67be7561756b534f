"""IBM model 2 with a prior along the diagonal, by loops over sentences, targets and sources.

Dyer, Chahuneau and Smith 2013; fast_align without NULL: p(j | i) = exp(λ h_ij) / Σ_j' exp(λ h_ij'),
h_ij = −|j/S − i/T|, i and j from 1. A pass: posterior t(y_i|x_j) p(j|i) / Σ_j', counts,
t = exp(ψ(c + .01) − ψ(Σ_y (c + .01))) or c / Σ_y c; from the second pass on, 8 times
λ += 20 (E_empirical[h] − E_model[h]), both a target token, kept in [.1, 14].
"""

import math

import numpy as np


def digamma(x):
    """ψ by its differences, and the first terms of its series 1,000 further on."""
    y = x + 1000
    return math.log(y) - 0.5 / y - 1 / (12 * y * y) - sum(1.0 / (x + k) for k in range(1000))


def feature(i, j, target, source):
    """Minus the distance from the diagonal."""
    return -abs(j / source - i / target)


def prior(i, target, source, tension):
    """p(j | i) of all j."""
    values = [math.exp(tension * feature(i, j, target, source)) for j in range(1, source + 1)]
    return [value / sum(values) for value in values]


def run(pairs, vocab_size, passes, variational=True):
    """Parameters and log likelihoods after some passes.

    Returns:
        t by (x, y), λ and the log likelihood before each pass.
    """
    table, tension, likelihoods = {}, 4.0, []
    tokens = sum(len(y) for _, y in pairs)
    for number in range(passes):
        counts, likelihood, empirical = {}, 0.0, 0.0
        for xs, ys in pairs:
            for i, y in enumerate(ys, 1):
                weights = prior(i, len(ys), len(xs), tension)
                joint = [
                    table.get((x, y), 1.0 / vocab_size) * weight
                    for x, weight in zip(xs, weights, strict=True)
                ]
                likelihood += math.log(sum(joint))
                for j, x in enumerate(xs, 1):
                    posterior = joint[j - 1] / sum(joint)
                    counts[x, y] = counts.get((x, y), 0.0) + posterior
                    empirical += posterior * feature(i, j, len(ys), len(xs))
        likelihoods.append(likelihood)
        for _ in range(8 if number else 0):
            model = 0.0
            for xs, ys in pairs:
                for i in range(1, len(ys) + 1):
                    weights = prior(i, len(ys), len(xs), tension)
                    for j, weight in enumerate(weights, 1):
                        model += weight * feature(i, j, len(ys), len(xs))
            tension += 20.0 * (empirical - model) / tokens
            tension = min(max(tension, 0.1), 14.0)
        added = 0.01 if variational else 0.0
        totals = {}
        for (x, _), count in counts.items():
            totals[x] = totals.get(x, 0.0) + count + added
        for (x, y), count in counts.items():
            if variational:
                table[x, y] = math.exp(digamma(count + added) - digamma(totals[x]))
            else:
                table[x, y] = count / totals[x]
    return table, tension, likelihoods


def viterbi(xs, ys, log_prob, tension):
    """The source position, from 0, of each target position; the first of equals."""
    links = []
    for i, y in enumerate(ys, 1):
        scores = [
            log_prob(x, y) + tension * feature(i, j, len(ys), len(xs)) for j, x in enumerate(xs, 1)
        ]
        links.append(int(np.argmax(scores)))
    return links
