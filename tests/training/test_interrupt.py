import os
import signal
import threading

import pytest

from t2t_hint_nart.training.interrupt import InterruptedWithin, interrupt_waits


def interrupt():
    os.kill(os.getpid(), signal.SIGINT)


def test_an_interrupt_waits_for_the_end(ctrl_c):
    done = []
    with pytest.raises(KeyboardInterrupt) as raised, interrupt_waits():
        interrupt()
        done.append("rest")
    assert done == ["rest"] and not isinstance(raised.value, InterruptedWithin)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_second_one_does_not_wait(ctrl_c):
    done = []
    with pytest.raises(InterruptedWithin), interrupt_waits():
        interrupt()
        interrupt()
        done.append("rest")
    assert done == []
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_an_error_within_goes_first(ctrl_c):
    with pytest.raises(ValueError, match="trouble"), interrupt_waits():
        interrupt()
        raise ValueError("trouble")
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_somebody_elses_handler_stays(ctrl_c):
    received = []
    signal.signal(signal.SIGINT, lambda *_: received.append("theirs"))
    with interrupt_waits():
        interrupt()
        assert received == ["theirs"]


def test_another_thread_may_train():
    done = []

    def train():
        with interrupt_waits():
            done.append("step")

    thread = threading.Thread(target=train)
    thread.start()
    thread.join()
    assert done == ["step"]
