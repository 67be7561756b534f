"""How many threads are said, and by whom."""

import os

import pytest

from t2t_hint_nart.process.threads import (
    INTER_OP,
    INTRA_OP,
    one_thread_by_default,
    threads_of_a_call,
    use_threads,
)


@pytest.fixture(autouse=True)
def nothing_said(monkeypatch):
    for name in (INTRA_OP, INTER_OP):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)


def test_what_is_said_stays():
    use_threads(4, 0)
    one_thread_by_default()
    use_threads(0, 0)
    assert (os.environ[INTRA_OP], os.environ[INTER_OP]) == ("4", "1")
    assert threads_of_a_call() == 4


@pytest.mark.parametrize("said", [None, "", "0", "many"])
def test_a_call_has_one_thread(said, monkeypatch):
    if said is not None:
        monkeypatch.setenv(INTRA_OP, said)
    assert threads_of_a_call() == 1
