"""Workers that are actors of a Ray cluster (`serving.teacher_workers`; no TensorFlow).

Ray's actors, and not Ray Data's pool of them over a data set: an answer is wanted as soon as it is
there, to be written down before anything else can be lost, and of each worker that ends a batch is
to be given to another a limited number of times. That is all that is left to do here, and Ray Data
would bring pandas with it. Nor does Ray restart an actor itself: on a cluster that has lost a
machine, one that waits for room would keep its batch for as long.
"""

import importlib.util
import logging
import os
import socket
from typing import Any

from t2t_hint_nart.data.sentence_batches import SentenceBatch
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.serving.teacher_workers import (
    Decoded,
    Event,
    Failed,
    Gone,
    Opened,
    OpenTeacher,
    Tell,
    WorkerSettings,
)

EXTRA = 'pip install "t2t-hint-nart[cluster]"'
# Starts a cluster of this machine alone, which ends with the command.
LOCAL = "local"
_SECONDS_BETWEEN_LINES = 60.0
_SECONDS_TO_ANSWER = 10.0


def check_installed() -> None:
    """Refuse to do without Ray.

    Raises:
        InputError: saying what installs it.
    """
    if importlib.util.find_spec("ray") is None:
        raise InputError(f"--ray_address needs Ray: {EXTRA}")


class RayWorkers:
    """Actors, each with what it was told (`Workers`).

    An actor has as many CPUs as one operation has threads and, if the cluster has GPUs, one of
    them, of which Ray shows it no other.

    Args:
        settings: of a worker; its paths must be on a file system that all machines share.
        address: of the cluster: "auto" for the one that this machine is part of, its head's as
            "10.0.0.1:6379", or "local".
        tell: told when there is room for no worker.

    Raises:
        InputError: no cluster there.
    """

    def __init__(self, settings: WorkerSettings, address: str, tell: Tell):
        import ray

        _connect(address)
        self._tell = tell
        cpus = max(1, settings.intra_op)
        available = ray.cluster_resources()
        has_gpu = available.get("GPU", 0) >= 1
        # Where there is none yet, one waits for it.
        self.room = max(1, int(available["GPU"] if has_gpu else available.get("CPU", 0) // cpus))
        self._settings = settings._replace(has_gpu=has_gpu)
        # Machines are filled evenly: each has its own memory.
        self._actor_class = ray.remote(_Actor).options(
            num_cpus=cpus, num_gpus=int(has_gpu), scheduling_strategy="SPREAD"
        )
        self._waited_for: dict[Any, _RayWorker] = {}
        self._workers: set[_RayWorker] = set()

    def start(self) -> None:
        """Start one more; it opens the teacher when there is room for it."""
        worker = _RayWorker(self._actor_class.remote(self._settings), self._waited_for)
        self._workers.add(worker)

    def wait(self) -> list[tuple["_RayWorker", Event]]:
        """Wait for answers, or ends; see `Workers.wait`."""
        import ray

        while True:
            waited_for = list(self._waited_for)
            done, _ = ray.wait(waited_for, timeout=_SECONDS_BETWEEN_LINES)
            if done:
                break
            if not any(worker.is_open for worker in self._workers):
                self._tell("no worker is ready: the cluster has no room for one, or it is starting")
        happened = []
        for answer in done:
            worker = self._waited_for.pop(answer)
            event = worker.event(answer)
            if isinstance(event, Gone):
                self._workers.remove(worker)
            happened.append((worker, event))
        return happened

    def close(self) -> None:
        """End all of them, and leave the cluster."""
        import ray

        ray.shutdown()


def _connect(address: str) -> None:
    import ray

    _check_answers(address)
    if address == LOCAL:
        # Nothing is reported to anybody by a cluster that a command starts.
        os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        ray.init(
            address=address,
            log_to_driver=False,
            logging_level=logging.ERROR,
            include_dashboard=False if address == LOCAL else None,
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())
        raise InputError(f"--ray_address={address}: {reason}") from None


def _check_answers(address: str) -> None:
    """Refuse the address of a machine that doesn't answer; Ray would try for very long.

    Raises:
        InputError: saying why.
    """
    host, _, port = address.rpartition(":")
    if port.isdecimal() and "://" not in address:
        try:
            socket.create_connection((host, int(port)), _SECONDS_TO_ANSWER).close()
        except (OSError, OverflowError) as error:
            raise InputError(f"--ray_address={address}: {error}") from None


class _Actor:
    """What runs on the machines of the cluster."""

    def __init__(self, settings: WorkerSettings):
        self._teacher = OpenTeacher(settings)

    def open(self) -> tuple[str, Opened | Failed]:
        """Say where it is, and open the teacher."""
        import ray

        name = f"worker process {os.getpid()} on {ray.util.get_node_ip_address()}"
        return name, self._teacher.open()

    def decode(self, batch: SentenceBatch) -> list[Decoded] | Failed:
        """Decode a batch."""
        return self._teacher.decode(batch)


class _RayWorker:
    """An actor, and what it is asked for.

    Attributes:
        name: where it is, once it has said so.
        is_open: whether it has opened the teacher.
    """

    name = "a worker"
    is_open = False

    def __init__(self, actor: Any, waited_for: dict[Any, "_RayWorker"]):
        self._actor, self._waited_for = actor, waited_for
        waited_for[actor.open.remote()] = self

    def give(self, batch: SentenceBatch) -> None:
        """Send a batch."""
        self._waited_for[self._actor.decode.remote(batch)] = self

    def event(self, answer: Any) -> Event:
        """What an answer says, or that there is none."""
        import ray

        try:
            value = ray.get(answer)
        except ray.exceptions.RayTaskError as error:
            return Failed(_last_line(error))
        except ray.exceptions.RayError as error:
            # It may only be out of reach.
            ray.kill(self._actor)
            return Gone(f"is gone ({_last_line(error)})")
        if not self.is_open:
            self.name, value = value
            self.is_open = True
        event: Event = value
        return event


def _last_line(error: Exception) -> str:
    """What happened; above it there are traces and numbers of Ray's."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1] if lines else type(error).__name__
