"""Batches decoded by several workers, processes here or on other machines (no TensorFlow).

The unit of work is a batch. One process forms all of them, from all sentences, and is the only one
that writes: what a sentence becomes depends neither on how many workers there are, nor on which of
them are killed, and what they have done is kept at once. A worker holds one batch at a time; of one
that is gone another takes it over, and a new worker is started in its place. A batch that several
have ended on isn't given to another.
"""

import os
from collections.abc import Callable, Generator, Iterable, Sequence
from typing import Any, NamedTuple, Protocol

import numpy as np

from t2t_hint_nart import registry
from t2t_hint_nart.data.sentence_batches import SentenceBatch
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.capabilities import ExportedTranslator
from t2t_hint_nart.process.threads import one_thread_by_default, use_threads
from t2t_hint_nart.serving.translator import called_by_halves
from t2t_hint_nart.user_directory import failure

# Workers that may end on one batch, or in a row before they have opened the teacher.
TRIES = 3

# The places of some sentences and what each becomes, int[B, L]; None of one that doesn't fit.
Decoded = tuple[Sequence[int], np.ndarray | None]
Tell = Callable[[str], None]


class Opened(NamedTuple):
    """A worker has opened the teacher.

    Attributes:
        fingerprint: of the teacher's weights.
    """

    fingerprint: str


class Failed(NamedTuple):
    """A worker can't do what it is asked for, and another couldn't either.

    Attributes:
        reason: one line.
    """

    reason: str


class Gone(NamedTuple):
    """A worker has ended.

    Attributes:
        reason: what is known of how.
    """

    reason: str


# The last: a batch is done.
Event = Opened | Failed | Gone | list[Decoded]


class WorkerSettings(NamedTuple):
    """What a worker is told when it starts.

    Attributes:
        export_dir: of the teacher.
        usr_dirs: users' own directories, which may have its runtime.
        intra_op: threads of one operation; 0 takes what was said to the process, else one.
        inter_op: operations beside each other, likewise.
        has_gpu: whether it may compute on one.
    """

    export_dir: str
    usr_dirs: Sequence[str] = ()
    intra_op: int = 0
    inter_op: int = 0
    has_gpu: bool = False


class OpenTeacher:
    """The teacher in a worker, where nothing has been computed yet.

    What goes wrong is an answer, not an exception.
    """

    def __init__(self, settings: WorkerSettings):
        self._settings = settings
        self._teacher: Any = None

    def open(self) -> Opened | Failed:
        """Open it."""
        export_dir, usr_dirs, intra_op, inter_op, has_gpu = self._settings
        use_threads(intra_op, inter_op)
        one_thread_by_default()
        if not has_gpu:
            os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
        try:
            for directory in usr_dirs:
                registry.import_usr_dir(directory)
            self._teacher = ExportedTranslator(export_dir)
        except Exception as error:
            return _failed(error)
        return Opened(self._teacher.metadata.weights_fingerprint)

    def decode(self, batch: SentenceBatch) -> list[Decoded] | Failed:
        """Decode a batch."""
        try:
            return decode_batch(self._teacher, batch)
        except Exception as error:
            return _failed(error)


def decode_batch(teacher: ExportedTranslator, batch: SentenceBatch) -> list[Decoded]:
    """Decode a batch, by halves if it doesn't fit into memory."""

    def call(part: SentenceBatch) -> np.ndarray:
        return np.asarray(teacher.decode(part.inputs)[0])

    return list(called_by_halves(call, batch))


def _failed(error: Exception) -> Failed:
    return Failed(str(error) if isinstance(error, InputError) else failure(error))


class Worker(Protocol):
    """Something that opens the teacher and then decodes a batch at a time.

    Attributes:
        name: what messages call it.
    """

    name: str

    def give(self, batch: SentenceBatch) -> None:
        """Have it decode a batch; it has opened the teacher, and has none."""


class Workers(Protocol):
    """Where workers come from; `wait` and `close` are about all of them."""

    def start(self) -> None:
        """Start one more, which opens the teacher."""

    def wait(self) -> list[tuple[Any, Event]]:
        """Wait for something to happen, and return workers with what did."""

    def close(self) -> None:
        """End all of them, whatever they do."""


class _Task:
    """A batch, and how many workers have ended on it."""

    def __init__(self, batch: SentenceBatch):
        self.batch, self.ended = batch, 0


def decoded_by_workers(
    workers: Workers, number: int, fingerprint: str, batches: Iterable[SentenceBatch], tell: Tell
) -> Generator[list[Decoded], None, None]:
    """Yield what batches become, as they are done, in any order.

    Args:
        workers: none of which is started yet; closed at the end, and when the caller stops.
        number: of workers at a time.
        fingerprint: of the teacher's weights.
        batches: read as they are needed.
        tell: told of workers that have ended.

    Raises:
        InputError: a worker can't open the teacher or decode with it, has another one, or `TRIES`
            of them have ended on one batch.
    """
    job = _Job(workers, fingerprint, batches, tell, TRIES * number)
    try:
        if job.has_more():
            for _ in range(number):
                workers.start()
        while job.has_more() or job.at_work:
            for worker, event in workers.wait():
                if isinstance(event, list):
                    yield event
                job.handle(worker, event)
    finally:
        workers.close()


class _Job:
    """Which worker has which batch, and what is still to do."""

    def __init__(
        self,
        workers: Workers,
        fingerprint: str,
        batches: Iterable[SentenceBatch],
        tell: Tell,
        most_failed_starts: int,
    ):
        self.at_work: dict[Any, _Task] = {}
        self._workers, self._fingerprint, self._tell = workers, fingerprint, tell
        self._new = map(_Task, batches)
        self._waiting: list[_Task] = []
        self._idle: list[Worker] = []
        self._starts_left = self._most_failed_starts = most_failed_starts

    def has_more(self) -> bool:
        """Whether a batch waits for a worker."""
        if not self._waiting:
            self._waiting.extend(filter(None, [next(self._new, None)]))
        return bool(self._waiting)

    def handle(self, worker: Worker, event: Event) -> None:
        """Do what follows from an event."""
        if isinstance(event, Failed):
            raise InputError(f"{worker.name}: {event.reason}")
        if isinstance(event, Gone):
            self._replace(worker, event.reason)
        elif isinstance(event, Opened):
            self._starts_left = self._most_failed_starts
            self._check_teacher(worker, event.fingerprint)
            self._idle.append(worker)
        else:
            del self.at_work[worker]
            self._idle.append(worker)
        while self._idle and self.has_more():
            free, task = self._idle.pop(), self._waiting.pop()
            self.at_work[free] = task
            free.give(task.batch)

    def _check_teacher(self, worker: Worker, fingerprint: str) -> None:
        if fingerprint != self._fingerprint:
            raise InputError(
                f"{worker.name} has another teacher at the same path: --teacher_export_dir must "
                "be on a file system that all machines share"
            )

    def _replace(self, worker: Worker, reason: str) -> None:
        task = self.at_work.pop(worker, None)
        if worker in self._idle:
            self._idle.remove(worker)
        elif task is None:
            self._starts_left -= 1
            if not self._starts_left:
                raise InputError(f"{worker.name}, like others before, {reason} at its start")
        else:
            task.ended += 1
            if task.ended == TRIES:
                count, width = task.batch.inputs.shape
                raise InputError(
                    f"{worker.name} {reason}; {TRIES} workers have ended on the same batch of "
                    f"{count} sentences of up to {width} tokens, perhaps for want of memory; with "
                    "fewer workers or a smaller --batch_size run it again, it goes on from there"
                )
            self._waiting.append(task)
        self._tell(f"{worker.name} {reason}; another takes its place")
        self._workers.start()
