"""Signals that end a run: held back, and left alone where somebody else handles them."""

import os
import signal
import threading

import pytest

from t2t_hint_nart.training.interrupts import (
    InterruptedWithin,
    interrupt_waits,
    signals_interrupt,
)

SIGNALS = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.fixture(params=SIGNALS)
def number(request, usual_signals):
    return request.param


@pytest.fixture(autouse=True)
def handlers_stay():
    before = [signal.getsignal(number) for number in SIGNALS]
    yield
    assert [signal.getsignal(number) for number in SIGNALS] == before


def interrupt(number=signal.SIGINT):
    os.kill(os.getpid(), number)


def test_it_waits_for_the_end(number):
    done = []
    with pytest.raises(KeyboardInterrupt) as raised, interrupt_waits():
        interrupt(number)
        done.append("rest")
    assert done == ["rest"] and not isinstance(raised.value, InterruptedWithin)
    assert raised.value.args == (number,)


def test_a_second_one_does_not_wait(number):
    done = []
    with pytest.raises(InterruptedWithin), interrupt_waits():
        interrupt(number)
        interrupt()
        done.append("rest")
    assert done == []


def test_between_steps_it_is_raised_at_once(number):
    done = []
    with pytest.raises(KeyboardInterrupt), signals_interrupt():
        with interrupt_waits():
            done.append("step")
        interrupt(number)
        done.append("rest")
    assert done == ["step"]


def test_an_error_within_goes_first(number):
    with pytest.raises(ValueError, match="trouble"), interrupt_waits():
        interrupt(number)
        raise ValueError("trouble")


@pytest.mark.parametrize("block", [interrupt_waits, signals_interrupt])
def test_somebody_elses_handler_stays(number, block):
    received = []
    before = signal.signal(number, lambda *_: received.append("theirs"))
    with block():
        interrupt(number)
        assert received == ["theirs"]
    signal.signal(number, before)


def test_what_is_ignored_stays_ignored(number):
    """As with nohup."""
    before = signal.signal(number, signal.SIG_IGN)
    with signals_interrupt(), interrupt_waits():
        interrupt(number)
    signal.signal(number, before)


def test_another_thread_may_train():
    done = []

    def train():
        with signals_interrupt(), interrupt_waits():
            done.append("step")

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert done == ["step"]
