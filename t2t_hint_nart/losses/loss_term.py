"""A loss as a sum and a count, so that it adds over micro-batches and replicas."""

from typing import Any, NamedTuple

from keras import ops


class LossTerm(NamedTuple):
    """One term of the objective, unweighted and unreduced.

    Attributes:
        total: float[], summed over what is counted, in nats.
        count: float[], number of tokens or sentences that `total` sums over.
    """

    total: Any
    count: Any

    def mean(self) -> Any:
        """Total / max(count, 1): float[]."""
        return self.total / ops.maximum(self.count, 1)


def weighted_sum(terms: dict[str, LossTerm], weights: dict[str, float]) -> Any:
    """Return L = Σ weightᵢ · meanᵢ (paper equation 3), the one place where weights apply.

    Args:
        terms: the terms by name.
        weights: a weight for every term.

    Returns:
        float[], in nats.
    """
    return sum(weights[name] * term.mean() for name, term in terms.items())
