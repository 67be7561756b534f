"""Progress lines, with a clock that is told the time."""

import io

import pytest

from t2t_hint_nart.losses.term import Scalar
from t2t_hint_nart.training.objective import Objective
from t2t_hint_nart.training.progress import Progress
from tests.models.tiny_networks import tiny_hparams

SCALARS = Objective(tiny_hparams("transformer_nat_small")).scalars()


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def stream():
    return io.StringIO()


def test_a_line(clock, stream):
    progress = Progress(1000, 100, stream, SCALARS, clock)
    clock.now += 50.0
    scalars = {"learning_rate": 6.9868e-4, "loss": 4.25, "nll": 4.0, "gate_fraction": 0.5}
    rates = progress.report(200, 5000.0, scalars)
    assert rates == {"steps_per_second": 2.0, "tokens_per_second": 100.0}
    assert stream.getvalue() == (
        "step 200/1000  100 tokens/s  ETA 0:06:40  loss 4.2500  nll 4.0000  gate 0.500  "
        "lr 6.99e-04\n"
    )


def test_an_objectives_numbers_are_shown_in_its_order_by_its_labels(clock, stream):
    scalars = (
        Scalar("ctc", "losses/training", "ctc"),
        Scalar("path", "hint/path"),
        Scalar("order", "losses/order", "order", "{:.1f}"),
    )
    progress = Progress(10, 0, stream, scalars, clock)
    clock.now += 1.0
    said = {"order": 0.25, "path": 3.0, "ctc": 2.0, "gradient_norm": 1.0, "loss": 2.25, "nll": 7.0}
    progress.report(1, 10.0, said)
    told = "loss 2.2500  ctc 2.0000  order 0.2  grad 1.000\n"
    assert stream.getvalue().endswith(f"ETA 0:00:09  {told}")


def test_rates_are_of_the_last_interval(clock, stream):
    progress = Progress(400, 0, stream, clock=clock)
    clock.now += 10.0
    progress.report(100, 1000.0, {})
    clock.now += 50.0
    assert progress.report(200, 1000.0, {}) == {"steps_per_second": 2.0, "tokens_per_second": 20.0}
    assert stream.getvalue().splitlines()[1] == "step 200/400  20 tokens/s  ETA 0:01:40"


def test_pauses_do_not_count(clock, stream):
    progress = Progress(200, 0, stream, clock=clock)
    clock.now += 5.0
    resume = progress.pause()
    clock.now += 3600.0
    resume()
    clock.now += 5.0
    assert progress.report(100, 50.0, {})["steps_per_second"] == 10.0


def test_no_time_at_all(clock, stream):
    """A clock that stands still is no division by zero."""
    progress = Progress(2, 0, stream, clock=clock)
    assert progress.report(1, 1.0, {})["steps_per_second"] > 0.0
    assert "ETA 0:00:00" in stream.getvalue()


def test_the_first_line_comes_after_seconds(clock, stream):
    """Not after a hundred slow steps, and once; the first step, with its tracing, doesn't count."""
    progress = Progress(1000, 0, stream, clock=clock)
    clock.now += 60.0
    for step in range(1, 5):
        progress.between(step, lambda: {"loss": 9.0, "learning_rate": 1e-4})
        clock.now += 4.0
    assert stream.getvalue() == "step 4/1000  ETA 1:06:24  loss 9.0000  lr 1.00e-04\n"
    progress.between(5, dict)
    rates = progress.report(100, 1000.0, {"loss": 8.0})
    # The interval's own, as without that line.
    assert rates["steps_per_second"] == 100 / 76.0


def test_a_long_interval_is_not_silent(clock, stream):
    progress = Progress(1000, 0, stream, clock=clock)
    progress.report(100, 1000.0, {"loss": 8.0})
    for step in range(101, 140):
        resume = progress.pause()
        clock.now += 3.0
        resume()
        clock.now += 2.0
        progress.between(step, lambda: {"loss": 7.0})
    _, *within = stream.getvalue().splitlines()
    # Once a minute, and the pace without the pauses.
    assert [line.split("  ")[0] for line in within] == [f"step {n}/1000" for n in (112, 124, 136)]
    assert within[0] == "step 112/1000  ETA 0:29:36  loss 7.0000"


def test_no_early_line_where_steps_are_fast(clock, stream):
    progress = Progress(1000, 0, stream, clock=clock)
    for step in range(1, 100):
        progress.between(step, dict)
        clock.now += 0.05
    assert stream.getvalue() == ""
