"""Workers of a Ray cluster of two machines, one of which is lost on the way."""

import importlib.util
import os
import signal
import time
from pathlib import Path

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.serving import ray_workers
from t2t_hint_nart.serving.ray_workers import RayWorkers
from tests.commands import refusal

needs_extra = pytest.mark.skipif(
    importlib.util.find_spec("ray") is None, reason='needs pip install ".[cluster]"'
)
MACHINE = {"num_cpus": 1, "object_store_memory": 80 * 2**20}


@pytest.fixture(scope="module")
def cluster():
    """Two machines with a processor each, which are processes of this one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RAY_USAGE_STATS_ENABLED", "0")
        from ray.cluster_utils import Cluster

        started = Cluster(
            initialize_head=True, head_node_args={**MACHINE, "include_dashboard": False}
        )
        yield started
        started.shutdown()


def ray_workers_of(cluster, distillation):
    return RayWorkers(distillation.settings, cluster.address, print)


def is_running(process):
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


@needs_extra
def test_two_machines_make_what_one_process_makes_though_one_is_lost(cluster, distillation):
    expected = distillation.shards()
    second = cluster.add_node(**MACHINE)

    def lose(processes):
        assert len(processes) == 2
        cluster.remove_node(second, allow_graceful=False)
        # Until they notice it, its processes go on.
        while all(map(is_running, processes)):
            time.sleep(0.01)

    workers = ray_workers_of(cluster, distillation)
    assert workers.room == 2
    thread = distillation.held_up(2, lose)
    assert distillation.shards(workers, 2) == expected
    thread.join()
    (line,) = distillation.ended
    assert line.startswith("worker process ") and line.endswith("; another takes its place")


@needs_extra
def test_a_worker_that_is_killed(cluster, distillation):
    expected = distillation.shards()
    thread = distillation.held_up(1, lambda processes: os.kill(processes[0], signal.SIGKILL))
    assert distillation.shards(ray_workers_of(cluster, distillation), 1) == expected
    thread.join()
    (line,) = distillation.ended
    assert line.startswith("worker process ") and line.endswith("; another takes its place")


@needs_extra
def test_where_there_is_no_room_one_waits_for_it(cluster, distillation):
    settings = distillation.settings._replace(intra_op=64)
    workers = RayWorkers(settings, cluster.address, print)
    assert workers.room == 1
    workers.close()


@needs_extra
def test_a_cluster_that_is_not_there(distillation):
    with pytest.raises(InputError, match="^--ray_address=127.0.0.1:9: "):
        RayWorkers(distillation.settings, "127.0.0.1:9", print)


def test_without_ray(tmp_path, monkeypatch):
    monkeypatch.setattr(ray_workers.importlib.util, "find_spec", lambda name: None)
    flags = {"problem": "p", "data_dir": tmp_path, "teacher_export_dir": "t"}
    line = refusal("t2t-distill", **flags, ray_address="auto")
    assert line == '--ray_address needs Ray: pip install "t2t-hint-nart[cluster]"'
