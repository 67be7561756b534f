"""The expected cost of a model's own candidates (Edunov et al. 2018; minimum risk training)."""

from collections.abc import Callable

from keras import ops

from t2t_hint_nart.losses.term import LossTerm

# What the softmax over candidates is of, by u, the mean log-probability of a candidate's tokens:
# the code that trained the published system has e^u, the paper (recalled, unverified) u.
SCORES: dict[str, Callable] = {"probability": ops.exp, "log_probability": lambda u: u}


def expected_cost(log_probs, costs, distinct, scores: str = "probability") -> LossTerm:
    """Σ_c p_c·cost_c of each sentence, p = softmax over its candidates of e^u or u.

    Args:
        log_probs: float[B, N], u, mean over a candidate's tokens, in nats.
        costs: float[B, N], through which no gradient goes.
        distinct: bool[B, N], False = says what another candidate says, and is left out; at least
            one of a sentence is True.
        scores: a name of SCORES.

    Returns:
        LossTerm(summed over sentences, B).
    """
    values = ops.where(distinct, SCORES[scores](log_probs), -1e9)
    weights = ops.softmax(values, axis=-1)
    costs = ops.stop_gradient(ops.cast(costs, weights.dtype))
    return LossTerm(ops.sum(weights * costs), ops.cast(ops.shape(costs)[0], weights.dtype))


def first_of_equals(candidates):
    """Whether no candidate before it is the same: int[B, N, T] → bool[B, N]."""
    same = ops.all(ops.equal(candidates[:, :, None], candidates[:, None, :]), axis=-1)
    return ops.logical_not(ops.any(ops.tril(same, -1), axis=-1))
