"""Lines of progress on a clock of the test's own."""

import pytest

from t2t_hint_nart.data import progress
from t2t_hint_nart.data.progress import Progress, now_and_then


@pytest.fixture
def clock(monkeypatch):
    class Clock:
        now = 100.0

    monkeypatch.setattr(progress.time, "monotonic", lambda: Clock.now)
    return Clock


def test_count_speed_and_time_left(clock):
    told = []
    shown = Progress(told.append, "train", "pairs", total=9000, done=1000)
    shown.update(1500)
    clock.now += 20
    shown.update(5000)
    clock.now += 1
    shown.update(6000)
    assert told == ["train: 5,000 of 9,000 pairs (200/s, 20 s left)"]


def test_without_a_total(clock):
    told = []

    def items():
        for _ in range(3000):
            clock.now += 0.02
            yield None

    counted = Progress(told.append, "reading", "pairs").counting(items())
    assert sum(1 for _ in counted) == 3000
    assert told == [f"reading: {count},000 pairs (50/s)" for count in (1, 2, 3)]


def test_now_and_then(clock):
    told = []
    tell = now_and_then(told.append)
    for line in ("a", "b", "c"):
        clock.now += 6
        tell(line)
    assert told == ["b"]
