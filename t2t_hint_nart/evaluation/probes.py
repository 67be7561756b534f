"""What the probes of a decoder show: how alike its states are, and how sharp its attention.

The paper (section 2.1, Figure 1) finds the states of a one-pass decoder far more alike than those
of its teacher, where "70% of the cosine similarities between hidden states in the ART model are
less than 0.25, and 95% are less than 0.5", and its attention "more ambiguous" (Figure 2): here that
is the entropy of the weights. Their distance from the teacher's is the KL divergence that the
alignment hint minimises (section 2.2).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from t2t_hint_nart.errors import InputError

PAPER_THRESHOLDS = (0.25, 0.5)
SMALLEST_WEIGHT = 1e-9


def cosine_matrix(states: ArrayLike) -> NDArray[np.float64]:
    """Return cos_ij = <r_i, r_j> / (|r_i| |r_j|) of every two states, float64[..., T, T].

    Args:
        states: float[..., T, D]; one of length zero has cosine 0 with every other.

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


@dataclass(frozen=True)
class CosineStatistics:
    """Cosines of the decoder states over all layers together, and layer by layer."""

    overall: PairStatistics
    layers: tuple[PairStatistics, ...]


class CosineAccumulator:
    """Sums up pairwise cosines batch by batch, without keeping them.

    Counted are the pairs of the hidden-state hint: positions s < t of the same sentence, both real
    tokens, in every layer; and how many are below each of the thresholds.

    Example:
        >>> accumulator = CosineAccumulator()
        >>> states = np.array([[[[1.0, 0.0], [0.0, 1.0], [9.0, 9.0]]]])  # B=1, N=1, T=3, D=2
        >>> accumulator.update(states, np.array([[True, True, False]]))
        >>> accumulator.result().overall
        PairStatistics(mean=0.0, below={0.25: 1.0, 0.5: 1.0}, pairs=1)
    """

    def __init__(self, thresholds: Sequence[float] = PAPER_THRESHOLDS) -> None:
        self._thresholds = tuple(thresholds)
        self._sums: NDArray[np.float64] | None = None
        self._below: NDArray[np.int64] | None = None
        self._pairs = 0

    def update(self, hidden: ArrayLike, mask: ArrayLike) -> None:
        """Add one batch.

        Args:
            hidden: float[B, N, T, D], output of each decoder layer.
            mask: bool[B, T], True = real token (EOS included); batches have as many layers.
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
        """Return the statistics so far, of at least one batch."""
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


def entropy(attention: ArrayLike) -> NDArray[np.float64]:
    """Return the entropy in nats, -Σ_i a_i log a_i with 0 log 0 = 0: float64[...].

    Args:
        attention: float[..., S], weights that sum to 1 over the source.

    Example:
        >>> entropy([[1.0, 0.0], [0.5, 0.5]]).round(4).tolist()
        [0.0, 0.6931]
    """
    weights = np.asarray(attention, dtype=np.float64)
    logs = np.log(np.where(weights > 0, weights, 1.0))
    # Adding zero turns -0.0, which is printed as such, into 0.0.
    return np.asarray(-(weights * logs).sum(axis=-1) + 0.0)


def kl_divergence(teacher: ArrayLike, student: ArrayLike) -> NDArray[np.float64]:
    """Return D_KL(a^tr || a^st) = Σ_i a^tr_i log(a^tr_i / a^st_i) in nats (paper, section 2.2).

    Args:
        teacher: float[..., S], weights a^tr.
        student: float[..., S], weights a^st; those below 1e-9 count as 1e-9.

    Example:
        >>> kl_divergence([[1.0, 0.0]], [[0.5, 0.5]]).round(4).tolist()
        [0.6931]
    """
    target = np.asarray(teacher, dtype=np.float64)
    guess = np.maximum(np.asarray(student, dtype=np.float64), SMALLEST_WEIGHT)
    logs = np.log(np.where(target > 0, target, 1.0)) - np.log(guess)
    return np.asarray((target * logs).sum(axis=-1))


def sharpest_head(entropies: NDArray[np.float64]) -> tuple[int, int]:
    """Return (layer, head), counted from 0, of the lowest of the entropies float64[N, H]."""
    layer, head = np.unravel_index(int(np.argmin(entropies)), entropies.shape)
    return int(layer), int(head)


@dataclass(frozen=True)
class AttentionStatistics:
    """Means over all real target tokens, in nats.

    Attributes:
        entropy: of the weights, over all layers and heads.
        kl_to_teacher: divergence from the teacher's weights, or None if there was no teacher.
        entropy_per_head: float64[N, H].
        tokens: number of target tokens.
    """

    entropy: float
    kl_to_teacher: float | None
    entropy_per_head: NDArray[np.float64]
    tokens: int

    def sharpest_head(self) -> tuple[int, int]:
        """Return (layer, head), counted from 0, of the lowest entropy: the one worth plotting."""
        return sharpest_head(self.entropy_per_head)


class AttentionAccumulator:
    """Sums up entropy and divergence batch by batch.

    Example:
        >>> accumulator = AttentionAccumulator()
        >>> weights = np.full((1, 1, 1, 2, 4), 0.25)  # B=1, N=1, H=1, T=2, S=4
        >>> accumulator.update(weights, np.array([[True, False]]), teacher=weights)
        >>> result = accumulator.result()
        >>> round(result.entropy, 4), result.kl_to_teacher, result.tokens
        (1.3863, 0.0, 1)
    """

    def __init__(self) -> None:
        self._entropy: NDArray[np.float64] | None = None
        self._divergence = 0.0
        self._compared = 0
        self._tokens = 0

    def update(
        self, attention: ArrayLike, mask: ArrayLike, teacher: ArrayLike | None = None
    ) -> None:
        """Add one batch.

        Args:
            attention: float[B, N, H, T, S], encoder-decoder weights, 0 on source padding.
            mask: bool[B, T], True = real target token (EOS included).
            teacher: float[B, N, H, T, S], the teacher's weights for the same tokens.
        """
        weights, real = np.asarray(attention), np.asarray(mask, dtype=bool)
        if weights.ndim != 5 or real.shape != (weights.shape[0], weights.shape[3]):
            raise InputError(
                f"attention of shape {weights.shape} with a mask of shape {real.shape}: "
                "[B, N, H, T, S] and [B, T] are needed"
            )
        target = None if teacher is None else np.asarray(teacher)
        if target is not None and target.shape != weights.shape:
            raise InputError(
                f"attention of shape {weights.shape}, but the teacher's is {target.shape}"
            )
        # [tokens, N, H, S]: only the rows of real target tokens.
        rows = np.moveaxis(weights, 3, 1)[real]
        per_head = entropy(rows).sum(axis=0)
        self._entropy = per_head if self._entropy is None else self._entropy + per_head
        self._tokens += rows.shape[0]
        if target is not None:
            divergence = kl_divergence(np.moveaxis(target, 3, 1)[real], rows)
            self._divergence += float(divergence.sum())
            self._compared += divergence.size

    def result(self) -> AttentionStatistics:
        """Return the statistics so far, of at least one target token."""
        if self._entropy is None or not self._tokens:
            raise InputError("no attention was added: at least 1 target token is needed")
        per_head = self._entropy / self._tokens
        return AttentionStatistics(
            entropy=float(per_head.mean()),
            kl_to_teacher=self._divergence / self._compared if self._compared else None,
            entropy_per_head=per_head,
            tokens=self._tokens,
        )
