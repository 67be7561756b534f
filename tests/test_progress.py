"""Lines of progress on a clock of the test's own."""

import pytest

from t2t_hint_nart.progress import Progress, duration, now_and_then


class Clock:
    now = 100.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [(0.4, "0:00:00"), (59.6, "0:01:00"), (3599.6, "1:00:00"), (9e5, "250:00:00")],
)
def test_durations(seconds, shown):
    assert duration(seconds) == shown


def test_count_speed_and_time_left(clock):
    told = []
    shown = Progress(told.append, "train", "pairs", total=9000, done=1000, clock=clock)
    shown.update(1500)
    clock.now += 20
    shown.update(5000)
    clock.now += 1
    shown.update(6000)
    assert told == ["train: 5,000 of 9,000 pairs (200/s, 0:00:20 left)"]


def test_slow_counts_and_another_interval(clock):
    told = []
    shown = Progress(told.append, "decoding", "sentences", total=4, every=2, clock=clock)
    for count in range(5):
        shown.update(count)
        clock.now += 1.6
    assert told == [
        "decoding: 2 of 4 sentences (0.6/s, 0:00:03 left)",
        "decoding: 4 of 4 sentences (0.6/s, 0:00:00 left)",
    ]


def test_without_a_total(clock):
    told = []

    def items():
        for _ in range(3000):
            clock.now += 0.02
            yield None

    counted = Progress(told.append, "reading", "pairs", clock=clock).counting(items())
    assert sum(1 for _ in counted) == 3000
    assert told == [f"reading: {count},000 pairs (50/s)" for count in (1, 2, 3)]


def test_now_and_then(clock):
    told = []
    tell = now_and_then(told.append, clock=clock)
    for line in ("a", "b", "c"):
        clock.now += 6
        tell(line)
    assert told == ["b"]
