"""Latency of one translation at a time: batch 1, warm-up excluded.

The paper measures "the average decode latency per sentence" at batch size 1 on one GPU. The
released code times graph construction, loading and the first, slow call too; here these are outside
the clock.
"""

import math
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from t2t_hint_nart.errors import InputError

Input = TypeVar("Input")


@dataclass(frozen=True)
class Latency:
    """Milliseconds per call over all timed calls.

    Attributes:
        median_ms: the number reported; robust against a busy machine.
        mean_ms: the paper's statistic.
        p95_ms: of twenty calls nineteen take at most this long (nearest rank).
        calls: number of timed calls.
        warmup_calls: number of calls before the clock started.
    """

    median_ms: float
    mean_ms: float
    p95_ms: float
    calls: int
    warmup_calls: int


def measure_latencies(
    calls: Mapping[str, Callable[[Input], object]],
    inputs: Sequence[Input],
    *,
    rounds: int = 1,
    clock: Callable[[], float] = time.perf_counter,
) -> dict[str, Latency]:
    """Time each system on each input alone, every input having been run before.

    A compiled function traces and compiles at the first call of a shape, which takes seconds. What
    counts of latencies is mostly their ratio: all systems are timed in every round, so that a slow
    spell of the machine doesn't fall on one alone.

    Args:
        calls: by name, what translates one input. It must return only when the result is there:
            convert lazily computed results, for instance with `.numpy()`, inside it.
        inputs: one sentence each, that is batches of 1.
        rounds: times each input is timed.
        clock: returns seconds; only differences count.

    Returns:
        By name, the statistics over `rounds` times `len(inputs)` calls.

    Example:
        >>> measure_latencies({"upper": str.upper}, ["ein Satz", "noch einer"])["upper"].calls
        2
    """
    if not inputs or rounds < 1:
        raise InputError(
            f"nothing to time: {len(inputs)} inputs in {rounds} rounds, at least 1 in 1 is needed"
        )
    for call in calls.values():
        for item in inputs:
            call(item)
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            for item in inputs:
                start = clock()
                call(item)
                seconds[name].append(clock() - start)
    return {name: _statistics(taken, len(inputs)) for name, taken in seconds.items()}


def _statistics(seconds: list[float], warmup_calls: int) -> Latency:
    ordered = sorted(seconds)
    return Latency(
        median_ms=1000.0 * statistics.median(ordered),
        mean_ms=1000.0 * statistics.fmean(ordered),
        p95_ms=1000.0 * ordered[math.ceil(0.95 * len(ordered)) - 1],
        calls=len(ordered),
        warmup_calls=warmup_calls,
    )
