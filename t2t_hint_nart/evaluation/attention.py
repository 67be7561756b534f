"""How sharp encoder-decoder attention is, and how far the student's is from the teacher's.

The paper (section 2.1, Figure 2) finds the attention of a one-pass decoder "more ambiguous" than
its teacher's: here that is the entropy of the weights. The distance is the KL divergence that the
alignment hint minimises (section 2.2).
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from t2t_hint_nart.errors import InputError

SMALLEST_WEIGHT = 1e-9


def entropy(attention: ArrayLike) -> NDArray[np.float64]:
    """Return the entropy of attention weights in nats, -Σ_i a_i log a_i, with 0 log 0 = 0.

    Args:
        attention: float[..., S], weights that sum to 1 over the source.

    Returns:
        float64[...]: 0 for one source token alone, log S for all alike.

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

    Returns:
        float64[...]

    Example:
        >>> kl_divergence([[1.0, 0.0]], [[0.5, 0.5]]).round(4).tolist()
        [0.6931]
    """
    target = np.asarray(teacher, dtype=np.float64)
    guess = np.maximum(np.asarray(student, dtype=np.float64), SMALLEST_WEIGHT)
    logs = np.log(np.where(target > 0, target, 1.0)) - np.log(guess)
    return np.asarray((target * logs).sum(axis=-1))


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
        layer, head = np.unravel_index(
            np.argmin(self.entropy_per_head), self.entropy_per_head.shape
        )
        return int(layer), int(head)

    def to_dict(self) -> dict[str, Any]:
        """Return plain values for JSON."""
        return {
            "entropy": self.entropy,
            "kl_to_teacher": self.kl_to_teacher,
            "entropy_per_head": self.entropy_per_head.tolist(),
            "tokens": self.tokens,
        }


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
        """Start with nothing counted."""
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

        Raises:
            InputError: if the shapes don't fit each other.
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
        """Return the statistics so far.

        Raises:
            InputError: if no target token has been added.
        """
        if self._entropy is None or not self._tokens:
            raise InputError("no attention was added: at least 1 target token is needed")
        per_head = self._entropy / self._tokens
        return AttentionStatistics(
            entropy=float(per_head.mean()),
            kl_to_teacher=self._divergence / self._compared if self._compared else None,
            entropy_per_head=per_head,
            tokens=self._tokens,
        )
