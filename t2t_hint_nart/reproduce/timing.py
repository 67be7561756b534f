"""Latency and throughput of an experiment's systems, in a process of its own, on one thread.

TensorFlow can't change its threads once it has started, and a process that has trained or
translated isn't as one that serves. More threads than one make a search at batch 1 slower, so
that speed-ups over it would be too good.
"""

import multiprocessing
import time
from collections.abc import Sequence
from multiprocessing.connection import Connection
from typing import Any, NamedTuple

import tensorflow as tf

from t2t_hint_nart import registry, user_directory
from t2t_hint_nart.data.sentence_batches import sentence_batches
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.latency import measure_latencies
from t2t_hint_nart.evaluation.throughput import measure_throughputs
from t2t_hint_nart.process.child_process import follow_parent
from t2t_hint_nart.process.threads import use_threads
from t2t_hint_nart.reproduce.execution import Exports
from t2t_hint_nart.reproduce.recipe import Recipe

THREADS = 1
ROUNDS = 3
BATCH_SIZES = (1, 8, 32)


class _Task(NamedTuple):
    """What is timed, and what makes it anew in another process."""

    recipe: Recipe
    export_dirs: dict[str, str]
    data_dir: str
    usr_dirs: tuple[str, ...]
    keys: tuple[tuple[str, str], ...]
    sentences: tuple[str, ...]
    alone: int


def time_systems(
    exports: Exports, keys: Sequence[tuple[str, str]], sentences: Sequence[str], alone: int
) -> dict[str, Any]:
    """Time systems by their decodings, a sentence at a time and in batches, ids to ids.

    Args:
        exports: of the systems.
        keys: (system, decoding) of what is timed, in turn.
        sentences: the sources.
        alone: the first so many are timed one at a time.

    Returns:
        By "<system>.<decoding>" the fields of a `Latency` and a `Throughput`, and `cpu_share`,
        of the clock's seconds those that this process had a processor: about 1, or the machine was
        busy and times mean little; `threads`, of each kind that TensorFlow has.

    Raises:
        InputError: what opening an export raises; the process was killed.
    """
    recipe = exports.recipe
    names = {name for system, by in keys for name in recipe.decoding(by).exports(system)}
    task = _Task(
        recipe,
        {name: exports.export_dir(name) for name in names},
        exports.data_dir,
        user_directory.imported_directories(),
        tuple(keys),
        tuple(sentences),
        alone,
    )
    context = multiprocessing.get_context("spawn")
    receiver, sender = context.Pipe(duplex=False)
    process = context.Process(target=_tell, args=(sender, task), daemon=True)
    process.start()
    sender.close()
    try:
        told = receiver.recv()
    except EOFError:
        raise InputError(
            "The process that measures latency ended before it told, perhaps for want of memory; "
            "run the command again, it goes on from there."
        ) from None
    finally:
        process.terminate()
        process.join()
    if isinstance(told, InputError):
        raise told
    return told


def _tell(sender: Connection, task: _Task) -> None:
    follow_parent()
    use_threads(THREADS, THREADS)
    try:
        told: Any = _measured(task)
    except InputError as error:
        told = error
    sender.send(told)


def _measured(task: _Task) -> dict[str, Any]:
    registry.load_plugins()
    for directory in task.usr_dirs:
        registry.import_usr_dir(directory)
    recipe = task.recipe
    problem = registry.problem(recipe.problem)
    exports = Exports(recipe, task.export_dirs.__getitem__, problem, task.data_dir)
    # All read the same ids.
    sources = exports.ids(task.sentences)
    inputs = [tf.constant([ids], tf.int32) for ids in sources[: task.alone]]
    batches = {
        size: [tf.constant(batch.inputs, tf.int32) for batch in sentence_batches(sources, size)]
        for size in BATCH_SIZES
    }
    calls = {".".join(key): exports.call(*key) for key in task.keys}
    began = time.perf_counter(), time.process_time()
    latency = measure_latencies(calls, inputs, rounds=ROUNDS)
    throughput = measure_throughputs(calls, batches, len(sources))
    share = {"cpu_share": (time.process_time() - began[1]) / (time.perf_counter() - began[0])}
    told = {name: {**vars(latency[name]), **vars(throughput[name]), **share} for name in calls}
    return {**told, "threads": THREADS}
