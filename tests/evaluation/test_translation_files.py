import os

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.translation_files import (
    step_files,
    wait_for_step_files,
)


def make(directory, *names):
    directory.mkdir(exist_ok=True)
    for index, name in enumerate(names):
        (directory / name).write_text("x\n")
        os.utime(directory / name, (1000 + index, 1000 + index))


def test_files_in_the_order_of_their_steps(tmp_path):
    make(tmp_path, "p-1000", "p-200", "p-30", "p-flags.txt", "p-10.incomplete", "900")
    (tmp_path / "dir-5").mkdir()
    assert [(f.path.name, f.steps, f.mtime) for f in step_files(tmp_path)] == [
        ("p-30", 30, 1002),
        ("p-200", 200, 1001),
        ("p-1000", 1000, 1000),
    ]
    assert [file.steps for file in step_files(tmp_path, min_steps=200)] == [200, 1000]


class FakeTime:
    """A clock moved on by sleeping; something may happen after so many seconds."""

    def __init__(self, events):
        self.seconds = 0.0
        self.events = events

    def clock(self):
        return self.seconds

    def sleep(self, seconds):
        self.seconds += seconds
        for due in [due for due in self.events if due <= self.seconds]:
            self.events.pop(due)()


def test_new_files_are_waited_for(tmp_path):
    directory = tmp_path / "later"
    time = FakeTime(
        {
            30: lambda: make(directory, "p-2", "p-1"),
            80: lambda: make(directory, "p-3"),
            # One minute after the last file is over by then.
            150: lambda: make(directory, "p-4"),
        }
    )
    found = wait_for_step_files(directory, 0, 1, sleep=time.sleep, clock=time.clock)
    assert [file.steps for file in found] == [1, 2, 3]
    assert time.seconds == 140


def test_without_waiting_a_directory_must_be_there(tmp_path):
    with pytest.raises(InputError, match="no directory"):
        list(wait_for_step_files(tmp_path / "missing"))
    assert list(wait_for_step_files(tmp_path)) == []
