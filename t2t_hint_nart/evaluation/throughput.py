"""Sentences a second, at the best size of a batch."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from t2t_hint_nart.errors import InputError

Input = TypeVar("Input")


@dataclass(frozen=True)
class Throughput:
    """How many sentences come out.

    Attributes:
        throughput: sentences a second.
        throughput_batch: sentences of a batch with which it is so.
    """

    throughput: float
    throughput_batch: int


def measure_throughputs(
    calls: Mapping[str, Callable[[Input], object]],
    batches: Mapping[int, Sequence[Input]],
    sentences: int,
    *,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Throughput]:
    """Time each system on the same sentences in batches of several sizes, in turn.

    The first batch of each size is run once before, outside the clock: let it be the largest.

    Args:
        calls: by name, what translates a batch and returns when the result is there.
        batches: of the sentences, by their size.
        sentences: how many they are.
        clock: returns seconds; only differences count.

    Returns:
        By name, that of the best size.

    Example:
        >>> measured = measure_throughputs({"upper": str.upper}, {2: ["ab", "c"]}, sentences=3)
        >>> measured["upper"].throughput_batch
        2
    """
    if not batches or not all(batches.values()) or sentences < 1:
        raise InputError(
            f"nothing to time: {sentences} sentences in batches of {len(batches)} sizes, at least "
            "1 of 1 is needed"
        )
    found: dict[str, list[Throughput]] = {name: [] for name in calls}
    for size, group in batches.items():
        for name, call in calls.items():
            call(group[0])
            start = clock()
            for batch in group:
                call(batch)
            found[name].append(Throughput(sentences / (clock() - start), size))
    return {name: max(of, key=lambda one: one.throughput) for name, of in found.items()}
