"""Workers that are processes of this machine (`serving.teacher_workers`; no TensorFlow)."""

import contextlib
import multiprocessing
import signal
from multiprocessing.connection import Connection, wait
from typing import Any

from t2t_hint_nart.data.sentence_batches import SentenceBatch
from t2t_hint_nart.process.child_process import follow_parent
from t2t_hint_nart.serving.teacher_workers import Event, Gone, OpenTeacher, WorkerSettings

_SECONDS_TO_END = 5.0


class WorkerProcesses:
    """Processes, each with what it was told (`Workers`)."""

    def __init__(self, settings: WorkerSettings):
        self._settings = settings
        self._by_connection: dict[Any, _WorkerProcess] = {}

    def start(self) -> None:
        """Start one more."""
        worker = _WorkerProcess(self._settings)
        self._by_connection[worker.connection] = worker

    def wait(self) -> list[tuple["_WorkerProcess", Event]]:
        """Wait for answers, or ends; see `Workers.wait`."""
        happened = []
        for connection in wait(list(self._by_connection)):
            worker = self._by_connection[connection]
            event = worker.answer()
            if isinstance(event, Gone):
                del self._by_connection[connection]
            happened.append((worker, event))
        return happened

    def close(self) -> None:
        """End all of them."""
        for worker in self._by_connection.values():
            worker.end()
        self._by_connection.clear()


class _WorkerProcess:
    """A process and the pipe to it."""

    def __init__(self, settings: WorkerSettings):
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self._process = context.Process(target=_work, args=(theirs, settings), daemon=True)
        self._process.start()
        # With no other copy left here, the end of the process is the end of the file.
        theirs.close()
        self.name = f"worker process {self._process.pid}"

    def give(self, batch: SentenceBatch) -> None:
        """Send a batch; that the process has ended is told by `answer`."""
        with contextlib.suppress(OSError):
            self.connection.send(batch)

    def answer(self) -> Event:
        """Read what it sent."""
        try:
            event: Event = self.connection.recv()
        except (EOFError, OSError):
            # It is about to end, with a status of its own.
            self._process.join(_SECONDS_TO_END)
            event = Gone(_how_it_ended(self._process.exitcode))
            self.end()
        return event

    def end(self) -> None:
        """End it, whatever it does."""
        self._process.kill()
        self._process.join()
        self.connection.close()


def _how_it_ended(status: int | None) -> str:
    if status is not None and status < 0:
        return f"was ended by {signal.Signals(-status).name}"
    return f"ended with status {status}"


def _work(connection: Connection, settings: WorkerSettings) -> None:
    """Open the teacher, then decode what comes, until nobody asks."""
    follow_parent()
    teacher = OpenTeacher(settings)
    with contextlib.suppress(EOFError, OSError):
        connection.send(teacher.open())
        while True:
            connection.send(teacher.decode(connection.recv()))
