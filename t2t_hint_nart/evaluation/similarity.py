"""How alike the decoder states of one sentence are: the statistic behind the hidden-state hint.

The paper (section 2.1, Figure 1) finds the states of a one-pass decoder far more alike than those
of its teacher, where "70% of the cosine similarities between hidden states in the ART model are
less than 0.25, and 95% are less than 0.5".
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from t2t_hint_nart.errors import InputError

PAPER_THRESHOLDS = (0.25, 0.5)


def cosine_matrix(states: ArrayLike) -> NDArray[np.float64]:
    """Return the cosine of every two states: cos_ij = <r_i, r_j> / (|r_i| |r_j|).

    Args:
        states: float[..., T, D], the states of T positions.

    Returns:
        float64[..., T, T]; a state of length zero has cosine 0 with every other.

    Example:
        >>> cosine_matrix([[3.0, 0.0], [0.0, 2.0], [1.0, 1.0]]).round(3).tolist()[2]
        [0.707, 0.707, 1.0]
    """
    array = np.asarray(states, dtype=np.float64)
    norms = np.linalg.norm(array, axis=-1, keepdims=True)
    unit = np.divide(array, norms, out=np.zeros_like(array), where=norms > 0)
    return np.asarray(np.clip(unit @ np.swapaxes(unit, -1, -2), -1.0, 1.0))


@dataclass(frozen=True)
class PairStatistics:
    """Cosines of many pairs of positions, summed up.

    Attributes:
        mean: of the cosines; NaN where there are no pairs.
        below: share (0 to 1) of the cosines below each threshold.
        pairs: number of pairs.
    """

    mean: float
    below: dict[float, float]
    pairs: int

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON, thresholds as strings."""
        below = {f"{threshold:g}": share for threshold, share in self.below.items()}
        return {"mean": self.mean, "below": below, "pairs": self.pairs}


@dataclass(frozen=True)
class CosineStatistics:
    """Cosines of the decoder states over all layers together, and layer by layer."""

    overall: PairStatistics
    layers: tuple[PairStatistics, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return `overall` as plain values with a list `layers` beside them."""
        return {
            **self.overall.to_dict(),
            "layers": [layer.to_dict() for layer in self.layers],
        }


class CosineAccumulator:
    """Sums up pairwise cosines batch by batch, without keeping them.

    Counted are the pairs of the hidden-state hint: positions s < t of the same sentence, both real
    tokens, in every layer.

    Example:
        >>> accumulator = CosineAccumulator()
        >>> states = np.array([[[[1.0, 0.0], [0.0, 1.0], [9.0, 9.0]]]])  # B=1, N=1, T=3, D=2
        >>> accumulator.update(states, np.array([[True, True, False]]))
        >>> accumulator.result().overall
        PairStatistics(mean=0.0, below={0.25: 1.0, 0.5: 1.0}, pairs=1)
    """

    def __init__(self, thresholds: Sequence[float] = PAPER_THRESHOLDS) -> None:
        """Start with nothing counted.

        Args:
            thresholds: the share of cosines below each of these is reported.
        """
        self._thresholds = tuple(thresholds)
        self._sums: NDArray[np.float64] | None = None
        self._below: NDArray[np.int64] | None = None
        self._pairs = 0

    def update(self, hidden: ArrayLike, mask: ArrayLike) -> None:
        """Add one batch.

        Args:
            hidden: float[B, N, T, D], output of each decoder layer.
            mask: bool[B, T], True = real token (EOS included).

        Raises:
            InputError: if the shapes don't fit each other or the batches before.
        """
        states, real = np.asarray(hidden), np.asarray(mask, dtype=bool)
        if states.ndim != 4 or real.shape != (states.shape[0], states.shape[2]):
            raise InputError(
                f"hidden states of shape {states.shape} with a mask of shape {real.shape}: "
                "[B, N, T, D] and [B, T] are needed"
            )
        layers = states.shape[1]
        if self._sums is None or self._below is None:
            self._sums = np.zeros(layers)
            self._below = np.zeros((layers, len(self._thresholds)), dtype=np.int64)
        if len(self._sums) != layers:
            raise InputError(f"a batch of {layers} layers after batches of {len(self._sums)}")
        # One sentence at a time keeps memory at N T T, and what stands under padding is never read.
        for sentence, tokens in zip(states, real, strict=True):
            cosines = cosine_matrix(sentence[:, tokens])
            rows, columns = np.triu_indices(cosines.shape[-1], k=1)
            pairs = cosines[:, rows, columns]
            self._pairs += pairs.shape[1]
            self._sums += pairs.sum(axis=1)
            for index, threshold in enumerate(self._thresholds):
                self._below[:, index] += (pairs < threshold).sum(axis=1)

    def result(self) -> CosineStatistics:
        """Return the statistics so far.

        Raises:
            InputError: if no batch has been added.
        """
        if self._sums is None or self._below is None:
            raise InputError("no hidden states were added: at least 1 batch is needed")
        layers = tuple(
            self._statistics(total, below, self._pairs)
            for total, below in zip(self._sums, self._below, strict=True)
        )
        overall = self._statistics(
            self._sums.sum(), self._below.sum(axis=0), self._pairs * len(layers)
        )
        return CosineStatistics(overall, layers)

    def _statistics(
        self, total: np.float64, below: NDArray[np.int64], pairs: int
    ) -> PairStatistics:
        shares = [float(count / pairs) if pairs else float("nan") for count in below]
        return PairStatistics(
            mean=float(total / pairs) if pairs else float("nan"),
            below=dict(zip(self._thresholds, shares, strict=True)),
            pairs=pairs,
        )
