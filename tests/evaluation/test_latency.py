import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.latency import measure_latencies


class FakeClock:
    """A clock that only a call moves on."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        return self.seconds


def timed(durations, clock, first=100.0):
    """A call that takes `durations[item]` seconds, and `first` more when its shape is new."""
    seen, calls = set(), []

    def call(item):
        calls.append(item)
        clock.seconds += durations[item] + (0.0 if item[0] in seen else first)
        seen.add(item[0])

    return call, calls


def measure_latency(call, inputs, **kwargs):
    return measure_latencies({"one": call}, inputs, **kwargs)["one"]


def test_statistics_by_hand():
    clock = FakeClock()
    durations = {f"{n}": n / 1000 for n in range(1, 10)} | {"x": 1.0}
    call, calls = timed(durations, clock)
    latency = measure_latency(call, list(durations), clock=clock)
    assert latency.median_ms == pytest.approx(5.5)
    assert latency.mean_ms == pytest.approx(104.5)
    assert latency.p95_ms == pytest.approx(1000.0)
    assert (latency.calls, latency.warmup_calls) == (10, 10)
    assert calls == list(durations) * 2


def test_every_input_is_warmed_up_before_any_is_timed():
    clock = FakeClock()
    durations = {"a1": 0.001, "a2": 0.002, "b1": 0.003}
    call, calls = timed(durations, clock)
    latency = measure_latency(call, list(durations), rounds=2, clock=clock)
    assert (latency.warmup_calls, latency.calls, len(calls)) == (3, 6, 9)
    assert latency.mean_ms == pytest.approx(2.0)


def test_every_system_is_timed_in_every_round():
    clock, order = FakeClock(), []

    def call(name, seconds):
        def timed_call(item):
            order.append(f"{name}{item}")
            # The machine is slow in the second of two rounds, after two warm-ups of two calls each.
            clock.seconds += seconds * (10 if len(order) > 8 else 1)

        return timed_call

    calls = {"a": call("a", 0.001), "b": call("b", 0.003)}
    latencies = measure_latencies(calls, ["1", "2"], rounds=2, clock=clock)
    assert order == ["a1", "a2", "b1", "b2"] * 3
    assert latencies["b"].mean_ms == pytest.approx(3 * latencies["a"].mean_ms)
    assert latencies["a"].mean_ms == pytest.approx(5.5)
    assert (latencies["a"].calls, latencies["a"].warmup_calls) == (4, 2)


@pytest.mark.parametrize(("inputs", "rounds"), [([], 1), (["a1"], 0)])
def test_nothing_to_time(inputs, rounds):
    with pytest.raises(InputError, match="nothing to time"):
        measure_latency(print, inputs, rounds=rounds)
