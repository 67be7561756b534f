"""TF_CONFIG, by which TensorFlow is told of the processes that train together.

    {"cluster": {"worker": ["a:2222", "b:2222"]}, "task": {"type": "worker", "index": 0}}

Must not import TensorFlow.
"""

import os
from dataclasses import dataclass
from typing import TypedDict

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.json_file import parse_json

VARIABLE = "TF_CONFIG"
# A chief, if there is one of that name, is the first worker.
_JOBS = ("chief", "worker")


class _Task(TypedDict, total=False):
    type: str
    index: int


class _Config(TypedDict, total=False):
    """What is read of it: of each job the addresses of its tasks, and which of them this one is."""

    cluster: dict[str, list[str]]
    task: _Task


@dataclass(frozen=True)
class Worker:
    """One of the processes that train together.

    Attributes:
        index: 0 for the chief.
        count: how many there are.
    """

    index: int = 0
    count: int = 1

    @property
    def is_chief(self) -> bool:
        """Whether it writes what training gives."""
        return self.index == 0

    @property
    def has_peers(self) -> bool:
        """Whether there are others."""
        return self.count > 1


def _read(advice: str) -> tuple[dict[str, list[str]], _Task]:
    text = os.environ.get(VARIABLE, "").strip()
    if not text:
        return {}, {}
    config = parse_json(text, _Config, f"The environment's {VARIABLE}", advice)
    cluster = {job: tasks for job, tasks in config.get("cluster", {}).items() if tasks}
    return cluster, config.get("task", {})


def _named(cluster: dict[str, list[str]]) -> str:
    return ", ".join(f"{len(tasks)} {job}" for job, tasks in cluster.items())


def this_worker() -> Worker:
    """Return which of the processes that the environment names this one is; alone by default.

    Raises:
        InputError: it can't be read, names jobs that aren't workers, or doesn't name this one.
    """
    advice = f"Unset {VARIABLE} to train in one process."
    cluster, task = _read(advice)
    if sum(map(len, cluster.values())) < 2:
        return Worker()
    where = f"The environment's {VARIABLE} names a cluster of {_named(cluster)}"
    if set(cluster) - set(_JOBS) or len(cluster.get("chief", [])) > 1:
        raise InputError(
            f"{where}; only workers, and one chief, train together, without parameter servers. "
            f"{advice}"
        )
    tasks = [(job, i) for job in _JOBS for i in range(len(cluster.get(job, [])))]
    this = task.get("type", ""), task.get("index", -1)
    if this not in tasks:
        raise InputError(f"{where}, but this process is its task {this[0]!r}, {this[1]}. {advice}")
    addresses = [address for job in cluster.values() for address in job]
    if len(set(addresses)) < len(addresses):
        raise InputError(f"{where}, of which two have the same address. {advice}")
    return Worker(tasks.index(this), len(tasks))


def check_one_process(what: str) -> None:
    """Refuse to be one of several processes that each would do the same, in the same directory.

    Args:
        what: runs in one process.

    Raises:
        InputError: the environment names several tasks, or can't be read.
    """
    advice = f"Unset {VARIABLE}: {what} runs in one process."
    cluster, _ = _read(advice)
    if sum(map(len, cluster.values())) > 1:
        raise InputError(
            f"The environment's {VARIABLE} names a cluster of {_named(cluster)}. {advice}"
        )
