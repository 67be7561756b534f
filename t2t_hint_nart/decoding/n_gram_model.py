"""N-gram model of token ids: how probable each is after the few before it."""

import itertools
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.whole_file import written_whole
from t2t_hint_nart.text import EOS_ID, PAD_ID

# Of probabilities that are kept, 64 MiB; their logarithms may take as much.
_KEPT_NUMBERS = 2**23
# What the entry of a history takes besides, in such numbers.
_ENTRY_NUMBERS = 32


class Counts(NamedTuple):
    """How often ids follow a history of n − 1 ids, for one n.

    Attributes:
        histories: int64[H], ascending; the ids of each as the digits of a number to the base V.
        starts: int64[H + 1], where in the rest each history's ids begin.
        ids: int32[G].
        counts: int32[G].
    """

    histories: np.ndarray
    starts: np.ndarray
    ids: np.ndarray
    counts: np.ndarray

    @property
    def discount(self) -> float:
        """n₁ / (n₁ + 2·n₂), of so many that were seen once and twice; ½ where one of them is 0."""
        once, twice = (int((self.counts == number).sum()) for number in (1, 2))
        return once / (once + 2.0 * twice) if once and twice else 0.5


class _Row:
    """Probabilities float64[V] after a history, shared by those that are told apart by nothing."""

    __slots__ = ("_logs", "probs")

    def __init__(self, probs: np.ndarray):
        self.probs = probs
        self._logs: np.ndarray | None = None

    @property
    def logs(self) -> np.ndarray:
        """Their logarithms."""
        if self._logs is None:
            with np.errstate(divide="ignore"):
                self._logs = np.log(self.probs)
        return self._logs


class NGramModel:
    """Absolute discounting, interpolated (Ney, Essen and Kneser 1994; Chen and Goodman 1998).

    p(w | h) = max(c(h w) − D_n, 0) / c(h) + D_n·N(h) / c(h) · p(w | h'), h' being h without the
    oldest id and N(h) the number of different ids seen after h; p(w | h') where h wasn't seen, and
    the same for all ids but PAD below n = 1.

    Args:
        tables: counts for n = 1, 2, ...
        vocab_size: V.
    """

    def __init__(self, tables: Sequence[Counts], vocab_size: int):
        self.vocab_size = vocab_size
        self._tables = tuple(tables)
        self._discounts = [table.discount for table in tables]
        self._rows: dict[tuple[int, ...], _Row] = {}
        self._kept = 0

    @property
    def order(self) -> int:
        """The largest n."""
        return len(self._tables)

    @classmethod
    def of(cls, sentences: Iterable[Sequence[int]], order: int, vocab_size: int) -> "NGramModel":
        """Count the n-grams of sentences up to an order; an EOS is added to each.

        Args:
            sentences: ids from 2.
            order: the largest n.
            vocab_size: V.

        Raises:
            InputError: V^(order − 1) is too large for the numbers of histories.
        """
        if order < 1 or vocab_size ** (order - 1) >= 2**63:
            raise InputError(
                f"An n-gram model of order {order} and {vocab_size} ids isn't possible; "
                f"the order must be from 1 to {int(63 / np.log2(vocab_size)) + 1}."
            )
        before = [PAD_ID] * (order - 1)
        padded = np.fromiter(
            itertools.chain.from_iterable((*before, *ids, EOS_ID) for ids in sentences), np.int64
        )
        places = np.flatnonzero(padded != PAD_ID)
        tables, histories, base = [], np.zeros(len(places), np.int64), 1
        for n in range(1, order + 1):
            if n > 1:
                histories = histories + base * padded[places - n + 1]
                base *= vocab_size
            tables.append(_counted(histories, padded[places], vocab_size))
        return cls(tables, vocab_size)

    @property
    def start(self) -> tuple[int, ...]:
        """The history at the beginning of a sentence."""
        return (PAD_ID,) * (self.order - 1)

    def after(self, history: tuple[int, ...], id_: int) -> tuple[int, ...]:
        """The history when another id has been added."""
        return (*history, id_)[1:]

    def log_probs(self, history: tuple[int, ...]) -> np.ndarray:
        """Log p(w | history) of all ids, in nats: float64[V], of PAD −∞.

        Args:
            history: the last order − 1 ids, from `start` by `after`.
        """
        return self._row(history).logs

    def _row(self, history: tuple[int, ...]) -> _Row:
        """What follows a history of any length below the order."""
        found = self._rows.get(history)
        if found is None:
            shorter = self._row(history[1:]) if history else self._any()
            found = self._computed(history, shorter)
            if self._kept > _KEPT_NUMBERS:
                self._rows.clear()
                self._kept = 0
            self._kept += _ENTRY_NUMBERS + self.vocab_size * (found is not shorter)
            self._rows[history] = found
        return found

    def _any(self) -> _Row:
        """Every id but PAD alike."""
        probs = np.full(self.vocab_size, 1.0 / (self.vocab_size - 1))
        probs[PAD_ID] = 0.0
        return _Row(probs)

    def _computed(self, history: tuple[int, ...], shorter: _Row) -> _Row:
        """Interpolate with what follows the history without its oldest id."""
        table, discount = self._tables[len(history)], self._discounts[len(history)]
        number = 0
        for id_ in history:
            number = number * self.vocab_size + id_
        place = int(table.histories.searchsorted(number))
        if place == len(table.histories) or table.histories[place] != number:
            return shorter
        seen = slice(table.starts[place], table.starts[place + 1])
        counts = table.counts[seen]
        total = counts.sum()
        probs = shorter.probs * (discount * len(counts) / total)
        probs[table.ids[seen]] += np.maximum(counts - discount, 0.0) / total
        return _Row(probs)

    def write(self, path: str | Path) -> None:
        """Write a file, whole or not at all."""
        arrays = {
            f"{name}_{n}": values
            for n, table in enumerate(self._tables, start=1)
            for name, values in table._asdict().items()
        }
        with written_whole(path) as incomplete, incomplete.open("wb") as file:
            np.savez(file, vocab_size=self.vocab_size, order=self.order, **arrays)

    @classmethod
    def read(cls, path: str | Path) -> "NGramModel":
        """Read what `write` wrote.

        Raises:
            InputError: there is no such file, or it is something else.
        """
        try:
            with np.load(path) as arrays:
                tables = [
                    Counts(**{name: arrays[f"{name}_{n}"] for name in Counts._fields})
                    for n in range(1, int(arrays["order"]) + 1)
                ]
                return cls(tables, int(arrays["vocab_size"]))
        except FileNotFoundError:
            raise InputError(
                f"There is no n-gram model {path}; t2t-distill's --n_gram_order=4 makes one."
            ) from None
        except (
            OSError,
            ValueError,
            KeyError,
            EOFError,
            AttributeError,
            TypeError,
            zipfile.BadZipFile,
        ) as error:
            raise InputError(
                f"{path} is no n-gram model; t2t-distill's --n_gram_order=4 makes one."
            ) from error


def _counted(histories: np.ndarray, ids: np.ndarray, vocab_size: int) -> Counts:
    """Count pairs of a history int64[M] and the id int64[M] after it."""
    distinct, places = np.unique(histories, return_inverse=True)
    pairs, counts = np.unique(places * vocab_size + ids, return_counts=True)
    starts = np.searchsorted(pairs, np.arange(len(distinct) + 1) * vocab_size)
    return Counts(
        distinct,
        starts.astype(np.int64),
        (pairs % vocab_size).astype(np.int32),
        counts.astype(np.int32),
    )
