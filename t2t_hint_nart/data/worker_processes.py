"""The shards of a pass divided over processes (no TensorFlow).

A process is spawned, not forked: it shares nothing with this one, and makes the problem anew by
its registered name. It ends by itself when the process that started it is gone.
"""

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, NamedTuple

from t2t_hint_nart import registry, user_directory
from t2t_hint_nart.data.corpus import Corpus, Workspace
from t2t_hint_nart.data.encoding_pass import EncodingPass, encode_shards
from t2t_hint_nart.errors import InputError

_SECONDS_BETWEEN_LOOKS = 0.5

# The number of pairs in the logs of a worker that has not begun.
_NOT_YET = -1

# In a worker: the number of pairs in each worker's logs, and at the end whether to stop.
_counts: Any = None


class _Task(NamedTuple):
    """Some shards of a pass, and what makes the problem anew in another process."""

    problem_name: str
    random_seed: int
    usr_dirs: tuple[str, ...]
    data_dir: str
    tmp_dir: str
    encoding: EncodingPass
    shards: tuple[int, ...]


class _StoppedError(Exception):
    """Another worker failed, or the command was interrupted."""


def check_can_be_made_anew(problem: Corpus) -> None:
    """Refuse a problem that another process could not make by its name.

    Raises:
        InputError: it is not registered.
    """
    name = problem.base_name
    if name not in registry.list_problems() or type(registry.problem(name)) is not type(problem):
        raise InputError(
            f"problem '{problem.name}' is not registered, so that only one process can write its "
            "data: leave out --num_concurrent_processes"
        )


def encode_in_processes(
    workspace: Workspace,
    encoding: EncodingPass,
    parts: Sequence[Sequence[int]],
    look: Callable[[int], None],
) -> None:
    """Do what `encoding_pass.encode_shards` does, each part of the shards in a process of its own.

    Args:
        workspace: of a registered problem.
        encoding: the pass.
        parts: shards of each process.
        look: called now and then with the number of pairs in all these logs.

    Raises:
        InputError: what reading or encoding the text raises; a process was killed.
    """
    check_can_be_made_anew(workspace.problem)
    context = multiprocessing.get_context("spawn")
    counts = context.Array("q", [_NOT_YET] * len(parts) + [False], lock=False)

    def look_at_all() -> None:
        if _NOT_YET not in counts[:-1]:
            look(sum(counts[:-1]))

    tasks = [_task(workspace, encoding, part) for part in parts]
    with ProcessPoolExecutor(len(parts), context, _begin, (counts,)) as pool:
        futures = [pool.submit(_encode, task, place) for place, task in enumerate(tasks)]
        try:
            _watch(futures, look_at_all)
        except BrokenProcessPool:
            raise InputError(
                "a process that encodes text was killed, perhaps for want of memory; "
                "run the command again, it goes on from there"
            ) from None
        finally:
            counts[-1] = True


def _watch(futures: Sequence["Future[None]"], look: Callable[[], None]) -> None:
    while True:
        done, running = wait(futures, _SECONDS_BETWEEN_LOOKS, return_when=FIRST_EXCEPTION)
        look()
        for future in done:
            future.result()
        if not running:
            return


def _task(workspace: Workspace, encoding: EncodingPass, shards: Sequence[int]) -> _Task:
    return _Task(
        workspace.problem.base_name,
        workspace.problem.random_seed,
        user_directory.imported_directories(),
        os.fspath(workspace.data_dir),
        os.fspath(workspace.tmp_dir),
        encoding,
        tuple(shards),
    )


def _begin(counts: Any) -> None:
    global _counts
    _counts = counts
    # Ctrl-C reaches every process of the terminal; the first one tells the others to stop.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that started it is gone, however it was killed."""
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _encode(task: _Task, place: int) -> None:
    for directory in task.usr_dirs:
        registry.import_usr_dir(directory)
    problem = registry.problem(task.problem_name)
    problem.random_seed = task.random_seed

    def look(count: int) -> None:
        _counts[place] = count
        if _counts[-1]:
            raise _StoppedError

    workspace = Workspace(problem, task.data_dir, task.tmp_dir)
    encode_shards(workspace, task.encoding, task.shards, look)
