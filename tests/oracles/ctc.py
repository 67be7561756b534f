"""Connectionist temporal classification (Graves et al., ICML 2006), one sentence at a time.

A path is one symbol at each of L positions, id 0 the blank. It collapses to the sentence that is
left when equal neighbours are merged and then blanks dropped. Positions are independent, so

    CTC = -log sum over all paths that collapse to the target of prod_t p_t(path_t)

By recursion over the target with blanks put between, y' = (0, y_1, 0, ..., y_U, 0), k = 0 .. 2U:

    a_1(0) = p_1(0),  a_1(1) = p_1(y_1)
    a_t(k) = p_t(y'_k) (a_{t-1}(k) + a_{t-1}(k-1) + [y'_k != 0 and y'_k != y'_{k-2}] a_{t-1}(k-2))
    CTC = -log (a_L(2U) + a_L(2U-1))

and b_t(k) likewise from the end, without p_t; a_t(k) b_t(k) is the probability of all paths through
state k at t. Everything in logarithms. A target has no EOS, no padding and no 0; L is at least 1.

A best path is of the highest probability among those that collapse to the target. Of several with
the same probability it is the one whose states, read from the last position back, are latest: it
ends in a blank rather than in y_U, and going back it stays where it is, rather than step, rather
than skip a blank.
"""

import itertools

import numpy as np

from tests.oracles.smoothed_cross_entropy import log_softmax

BLANK = 0


def collapse(path, blank=BLANK):
    """Equal neighbours merged, then blanks dropped: list of ids."""
    merged = [symbol for symbol, _ in itertools.groupby(path)]
    return [int(symbol) for symbol in merged if symbol != blank]


def infeasible(length, target):
    """Whether no path of `length` positions collapses to it: L < U + equal neighbours."""
    repeats = 0
    for u in range(1, len(target)):
        repeats += target[u] == target[u - 1]
    return length < len(target) + repeats


def paths_to(length, vocab_size, target):
    """All V^L paths but those which collapse to something else."""
    for path in itertools.product(range(vocab_size), repeat=length):
        if collapse(path) == list(target):
            yield path


def path_log_prob(log_probs, path):
    """Sum of log p_t(path_t), from the first position on."""
    total = 0.0
    for t, symbol in enumerate(path):
        total += log_probs[t][symbol]
    return float(total)


def log_sum_exp(values):
    """log sum exp; -inf of nothing."""
    values = [value for value in values if value > -np.inf]
    if not values:
        return -np.inf
    top = max(values)
    return float(top + np.log(sum(np.exp(value - top) for value in values)))


def ctc_brute_force(log_probs, target):
    """The loss by enumeration of paths, in nats; inf where none collapses to the target.

    log_probs float[L, V], target ids [U]. For L up to about 6 and V up to 4.
    """
    length, vocab_size = np.shape(log_probs)
    paths = paths_to(length, vocab_size, target)
    return -log_sum_exp([path_log_prob(log_probs, path) for path in paths])


def extended(target):
    """The target with blanks around and between: ids [2U + 1]."""
    states = [BLANK]
    for label in target:
        states += [int(label), BLANK]
    return states


def sources(states, k):
    """The states from which state k is reached: itself, the one before, over a blank."""
    reached_from = [k]
    if k >= 1:
        reached_from.append(k - 1)
    if k >= 2 and states[k] != BLANK and states[k] != states[k - 2]:
        reached_from.append(k - 2)
    return reached_from


def forward(log_probs, target):
    """log a_t(k), float64[L, 2U + 1]; -inf where no path leads."""
    states = extended(target)
    a = np.full((len(log_probs), len(states)), -np.inf, np.float64)
    for k in range(min(2, len(states))):
        a[0, k] = log_probs[0][states[k]]
    for t in range(1, len(log_probs)):
        for k in range(len(states)):
            before = [a[t - 1, j] for j in sources(states, k)]
            a[t, k] = log_probs[t][states[k]] + log_sum_exp(before)
    return a


def backward(log_probs, target):
    """log b_t(k), float64[L, 2U + 1]: the rest of the path after t, given state k at t."""
    states = extended(target)
    b = np.full((len(log_probs), len(states)), -np.inf, np.float64)
    b[-1, -2:] = 0.0
    for t in range(len(log_probs) - 2, -1, -1):
        for j in range(len(states)):
            after = [
                log_probs[t + 1][states[k]] + b[t + 1, k]
                for k in range(len(states))
                if j in sources(states, k)
            ]
            b[t, j] = log_sum_exp(after)
    return b


def ctc(log_probs, target):
    """The loss by the recursion, in nats; inf where no path collapses to the target."""
    return -log_sum_exp(forward(log_probs, target)[-1, -2:])


def log_probs_of(logits):
    """log softmax at every position, float64[L, V]."""
    return np.array([log_softmax(row) for row in logits])


def posterior(log_probs, target):
    """float64[L, V]: probability that a path which collapses to the target has v at t.

    Raises: ValueError, where there is no such path.
    """
    a, b, states = forward(log_probs, target), backward(log_probs, target), extended(target)
    total = log_sum_exp(a[-1, -2:])
    if total == -np.inf:
        raise ValueError(f"no path of {len(log_probs)} positions collapses to {list(target)}")
    result = np.zeros(np.shape(log_probs), np.float64)
    for t in range(len(log_probs)):
        for k, symbol in enumerate(states):
            result[t, symbol] += np.exp(a[t, k] + b[t, k] - total)
    return result


def ctc_gradient(logits, target):
    """Gradient of the loss by the logits: p_t(v) - posterior_t(v), float64[L, V]."""
    log_probs = log_probs_of(logits)
    return np.exp(log_probs) - posterior(log_probs, target)


def smoothed(logits, target, epsilon):
    """(1 - e) CTC + e U mean over t, v of -log p_t(v): a sentence's term, in nats.

    Terms are summed over a batch and divided by the sum of all U; smoothing then weighs a sentence
    by its tokens, as CTC does.
    """
    log_probs = log_probs_of(logits)
    length, vocab_size = log_probs.shape
    uniform = 0.0
    for t in range(length):
        for v in range(vocab_size):
            uniform -= log_probs[t, v] / (length * vocab_size)
    return (1.0 - epsilon) * ctc(log_probs, target) + epsilon * len(target) * uniform


def smoothed_gradient(logits, target, epsilon):
    """(1 - e) gradient of CTC + e U / L (p_t(v) - 1 / V), float64[L, V]."""
    probs = np.exp(log_probs_of(logits))
    length, vocab_size = probs.shape
    uniform = (probs - 1.0 / vocab_size) * len(target) / length
    return (1.0 - epsilon) * ctc_gradient(logits, target) + epsilon * uniform


def path_states(path, blank=BLANK):
    """int[L]: which token of the collapsed sentence each position emits, -1 at blanks."""
    states, token = [], -1
    for t, symbol in enumerate(path):
        token += symbol != blank and (t == 0 or symbol != path[t - 1])
        states.append(-1 if symbol == blank else int(token))
    return states


def extended_states(path):
    """int[L]: the state k of y' in which the path is at each position."""
    states, token = [], -1
    for symbol, state in zip(path, path_states(path), strict=True):
        token = max(token, state)
        states.append(2 * token + 2 if symbol == BLANK else 2 * state + 1)
    return states


def viterbi_brute_force(log_probs, target):
    """(best path int[L], its log probability), by enumeration; (None, -inf) where there is none."""
    length, vocab_size = np.shape(log_probs)
    best, best_key = None, None
    for path in paths_to(length, vocab_size, target):
        key = (path_log_prob(log_probs, path), extended_states(path)[::-1])
        if best is None or key > best_key:
            best, best_key = list(path), key
    return (None, -np.inf) if best is None else (best, best_key[0])


def viterbi(log_probs, target):
    """(best path int[L], its log probability), by the recursion with max in place of the sum."""
    states, length = extended(target), len(log_probs)
    score = np.full((length, len(states)), -np.inf, np.float64)
    source = np.zeros((length, len(states)), np.int64)
    for k in range(min(2, len(states))):
        score[0, k] = log_probs[0][states[k]]
    for t in range(1, length):
        for k in range(len(states)):
            # The first of equal ones: stay, step, skip.
            source[t, k] = max(sources(states, k), key=lambda j: score[t - 1, j])
            score[t, k] = score[t - 1, source[t, k]] + log_probs[t][states[k]]
    k = len(states) - 1
    if k > 0 and score[-1, k - 1] > score[-1, k]:
        k -= 1
    if score[-1, k] == -np.inf:
        return None, -np.inf
    total, path = float(score[-1, k]), []
    for t in range(length - 1, -1, -1):
        path.append(states[k])
        k = source[t, k]
    return path[::-1], total


def label_runs(states, target_length, shown=()):
    """For each of U tokens the positions that emit it: a list of lists, from `path_states`.

    Positions that were shown what to say are in no list.
    """
    runs = [[] for _ in range(target_length)]
    for t, token in enumerate(states):
        if token >= 0 and t not in shown:
            runs[token].append(t)
    return runs


def representative(log_probs, runs, target):
    """int[U]: of each token's run the position with the highest log p of it, the first of equal.

    -1 of an empty run.
    """
    return [
        max(run, key=lambda t: log_probs[t][label], default=-1)
        for run, label in zip(runs, target, strict=True)
    ]
