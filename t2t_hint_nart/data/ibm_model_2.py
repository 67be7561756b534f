"""IBM model 2 with a prior along the diagonal, fitted to pairs of sentences."""

from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

import numpy as np

from t2t_hint_nart.data.word_alignment import FLOOR, WordAlignment
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text import EOS_ID

PASSES = 5
TENSION = 4.0
TENSION_BOUNDS = (0.1, 14.0)
TENSION_STEPS = 8
TENSION_RATE = 20.0
PRIOR_COUNT = 0.01
# Pairs of a source and a target position that are worked on at a time.
_BLOCK_CELLS = 4_000_000

Pair = tuple[Sequence[int], Sequence[int]]
# A shape, and the source and target ids of sentences that have it: int64[n, S] and int64[n, T].
Group = tuple[int, np.ndarray, np.ndarray]


def digamma(x: np.ndarray) -> np.ndarray:
    """ψ(x) of positive numbers, to about 1e-9: the asymptotic series at x + 6.

    Example:
        >>> round(float(digamma(np.array(1.0))), 9)  # minus Euler's constant
        -0.577215665
    """
    shifted = x + 6.0
    inverse = 1.0 / (shifted * shifted)
    series = inverse * (1 / 12 - inverse * (1 / 120 - inverse * (1 / 252 - inverse / 240)))
    return np.log(shifted) - 0.5 / shifted - series - sum(1.0 / (x + k) for k in range(6))


class _Shapes(NamedTuple):
    """The different sizes of pairs of sentences, the cells of all in one array, row by row.

    Attributes:
        features: float64[cells], −|j/S − i/T|; of a shape T rows of S.
        starts: int[rows], where a row begins.
        row_sizes: int[rows], S of each.
        weights: float64[rows], how many sentences have the row.
        first: int[shapes], where a shape begins.
    """

    features: np.ndarray
    starts: np.ndarray
    row_sizes: np.ndarray
    weights: np.ndarray
    first: np.ndarray

    @classmethod
    def of(cls, sizes: np.ndarray, counts: np.ndarray) -> "_Shapes":
        """The shapes (S, T), int[shapes, 2], so many sentences having each."""
        features = [
            -np.abs(np.arange(1, s + 1) / s - np.arange(1, t + 1)[:, None] / t).ravel()
            for s, t in sizes
        ]
        row_sizes = np.repeat(sizes[:, 0], sizes[:, 1])
        return cls(
            np.concatenate(features),
            np.cumsum(row_sizes) - row_sizes,
            row_sizes,
            np.repeat(counts, sizes[:, 1]).astype(np.float64),
            np.cumsum(sizes[:, 0] * sizes[:, 1]) - sizes[:, 0] * sizes[:, 1],
        )

    def prior(self, tension: float) -> np.ndarray:
        """p(j | i) ∝ exp(−λ·|j/S − i/T|) of every cell: float64[cells]."""
        values: np.ndarray = np.exp(tension * self.features)
        values /= np.repeat(np.add.reduceat(values, self.starts), self.row_sizes)
        return values

    def expectation(self, tension: float) -> float:
        """The mean of the feature over all target tokens, under the prior alone."""
        means = np.add.reduceat(self.prior(tension) * self.features, self.starts)
        return float(means @ self.weights / self.weights.sum())


class _Block(NamedTuple):
    """Sentences that are worked on at a time.

    Attributes:
        entries: int[E], the entries of the table that the block has.
        cells: int32[cells], which of `entries` each pair of positions has.
        groups: (shape, sentences) of those that lie one after the other.
    """

    entries: np.ndarray
    cells: np.ndarray
    groups: list[tuple[int, int]]


class IbmModel2:
    """Expectation maximisation of t(y | x) and λ (Dyer, Chahuneau and Smith 2013; fast_align).

    Without a word NULL, in one direction: each target token has exactly one source token. Positions
    count from 1 and both normalisers are those of their own side, where fast_align mixes both.

    Args:
        pairs: source ids and target ids; EOS in them is left out.
        vocab_size: V, of the target.
        variational: t = exp(ψ(c + .01) − ψ(Σ (c + .01))); else t = c / Σ c.
        fits_tension: λ is fitted, from the second pass on.

    Raises:
        InputError: no pair has a word on both sides.
    """

    def __init__(
        self,
        pairs: Iterable[Pair],
        vocab_size: int,
        variational: bool = True,
        fits_tension: bool = True,
    ):
        self.vocab_size = vocab_size
        self.tension = TENSION
        self._variational = variational
        self._fits_tension = fits_tension
        self._passes = 0
        by_size = _by_size(pairs)
        if not by_size:
            raise InputError("Word alignments need at least one pair with a word on both sides.")
        self._sizes = np.array(list(by_size), np.int64)
        counts = np.array([len(pair[0]) for pair in by_size.values()])
        self._tokens = float(counts @ self._sizes[:, 1])
        self._shapes = _Shapes.of(self._sizes, counts)
        raw = [self._block(group) for group in _blocks(by_size)]
        self.keys = np.unique(np.concatenate([keys for keys, _, _ in raw]))
        self._blocks = [
            _Block(np.searchsorted(self.keys, keys), cells, groups) for keys, cells, groups in raw
        ]
        self._sources = self.keys // vocab_size
        self.probs = np.full(len(self.keys), 1.0 / vocab_size)

    def _block(self, groups: list[Group]) -> tuple[np.ndarray, np.ndarray, list[tuple[int, int]]]:
        keys = [
            (source[:, None, :] * self.vocab_size + target[:, :, None]).ravel()
            for _, source, target in groups
        ]
        unique, cells = np.unique(np.concatenate(keys), return_inverse=True)
        return unique, cells.astype(np.int32), [(shape, len(source)) for shape, source, _ in groups]

    def step(self) -> float:
        """Make one pass over all pairs; return their log likelihood before it, in nats."""
        prior = self._shapes.prior(self.tension)
        counts = np.zeros(len(self.keys))
        likelihood = feature = 0.0
        for block in self._blocks:
            posterior = self.probs[block.entries][block.cells]
            for cells, shape in self._groups(block):
                first = self._shapes.first[shape]
                source, target = self._sizes[shape]
                part = posterior[cells].reshape(-1, target, source)
                of_shape = slice(first, first + source * target)
                part *= prior[of_shape].reshape(target, source)
                totals = part.sum(axis=2, keepdims=True)
                part /= totals
                likelihood += np.log(totals).sum()
                feature += part.sum(axis=0).ravel() @ self._shapes.features[of_shape]
            counts[block.entries] += np.bincount(block.cells, posterior, len(block.entries))
        self._passes += 1
        if self._fits_tension and self._passes > 1:
            self._fit_tension(feature / self._tokens)
        self._normalise(counts)
        return float(likelihood)

    def _groups(self, block: _Block) -> Iterator[tuple[slice, int]]:
        """Where the cells of the sentences of each shape lie in a block."""
        start = 0
        for shape, sentences in block.groups:
            end = start + sentences * int(self._sizes[shape].prod())
            yield slice(start, end), shape
            start = end

    def _fit_tension(self, empirical: float) -> None:
        for _ in range(TENSION_STEPS):
            gradient = empirical - self._shapes.expectation(self.tension)
            self.tension = float(np.clip(self.tension + TENSION_RATE * gradient, *TENSION_BOUNDS))

    def _normalise(self, counts: np.ndarray) -> None:
        added = counts + PRIOR_COUNT if self._variational else counts
        totals = np.bincount(self._sources, added)[self._sources]
        if self._variational:
            self.probs = np.exp(digamma(added) - digamma(totals))
        else:
            self.probs = added / totals

    def result(self) -> WordAlignment:
        """What the next pass would align with."""
        kept = self.probs > FLOOR
        return WordAlignment(
            self.vocab_size,
            self.keys[kept],
            np.log(self.probs[kept]).astype(np.float32),
            self.tension,
        )


def measure_word_alignment(pairs: Iterable[Pair], vocab_size: int) -> WordAlignment:
    """Measure which words translate which, on training pairs.

    Of `PASSES` the last is the one that aligns, here with what is returned.

    Args:
        pairs: source ids and target ids; EOS in them is left out.
        vocab_size: V, of the target.
    """
    model = IbmModel2(pairs, vocab_size)
    for _ in range(PASSES - 1):
        model.step()
    return model.result()


def _by_size(pairs: Iterable[Pair]) -> dict[tuple[int, int], tuple[np.ndarray, np.ndarray]]:
    """Sentences without EOS, by the sizes (S, T) of pairs: int64[n, S] and int64[n, T]."""
    found: dict[tuple[int, int], tuple[list[list[int]], list[list[int]]]] = {}
    for source, target in pairs:
        sides = [[token for token in ids if token != EOS_ID] for ids in (source, target)]
        if all(sides):
            lists = found.setdefault((len(sides[0]), len(sides[1])), ([], []))
            for side, ids in zip(lists, sides, strict=True):
                side.append(ids)
    return {
        size: (np.array(sides[0], np.int64), np.array(sides[1], np.int64))
        for size, sides in sorted(found.items())
    }


def _blocks(
    by_size: dict[tuple[int, int], tuple[np.ndarray, np.ndarray]],
) -> Iterator[list[Group]]:
    """Groups (shape, source ids, target ids), in lists of about `_BLOCK_CELLS` cells."""
    block: list[Group] = []
    room = _BLOCK_CELLS
    for shape, (size, (sources, targets)) in enumerate(by_size.items()):
        cells = size[0] * size[1]
        start = 0
        while start < len(sources):
            end = min(len(sources), start + max(room // cells, 1))
            block.append((shape, sources[start:end], targets[start:end]))
            room -= (end - start) * cells
            start = end
            if room < cells:
                yield block
                block, room = [], _BLOCK_CELLS
    if block:
        yield block
