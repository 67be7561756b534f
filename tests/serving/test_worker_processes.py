"""Workers that are processes: one, four, and some that are killed on the way."""

import multiprocessing
import os
import re
import signal

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.serving import worker_processes
from t2t_hint_nart.serving.worker_processes import WorkerProcesses


def test_four_make_what_one_process_makes_though_two_are_killed(distillation):
    expected = distillation.shards()

    def kill(processes):
        for process in processes[:2]:
            os.kill(process, signal.SIGKILL)

    thread = distillation.held_up(4, kill)
    assert distillation.shards(WorkerProcesses(distillation.settings), 4) == expected
    thread.join()
    assert len(distillation.ended) == 2
    for line in distillation.ended:
        assert re.fullmatch(
            r"worker process \d+ was ended by SIGKILL; another takes its place", line
        )
    assert not multiprocessing.active_children()


def test_a_batch_for_one_that_has_just_ended_is_no_error():
    ours, _ = multiprocessing.Pipe()
    ours.close()
    worker = object.__new__(worker_processes._WorkerProcess)
    worker.connection = ours
    worker.give(None)


def test_a_teacher_that_is_not_there(distillation):
    settings = distillation.settings._replace(export_dir="none")
    with pytest.raises(InputError, match=r"^worker process \d+: No export in none"):
        distillation.shards(WorkerProcesses(settings), 1)
    assert not multiprocessing.active_children()
