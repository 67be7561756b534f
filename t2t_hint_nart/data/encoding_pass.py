"""One pass over a split's text: each pair is encoded into the log of its shard (no TensorFlow).

Pair number i belongs to shard i modulo their number, kept or not, so that nothing about a shard
depends on which process writes it, on what other shards there are already, or on when a run before
this one was killed.

A process is spawned, not forked: it shares nothing with this one, and makes the problem anew by
its registered name. It ends by itself when the process that started it is gone.
"""

import contextlib
import functools
import multiprocessing
import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from typing import Any, NamedTuple

from t2t_hint_nart import registry, user_directory
from t2t_hint_nart.data.corpus import Corpus
from t2t_hint_nart.data.example_bytes import example_bytes
from t2t_hint_nart.data.pair_filters import keeps
from t2t_hint_nart.data.shard_log import ShardLog
from t2t_hint_nart.data.workspace import Workspace
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.process.child_process import follow_parent

_PAIRS_BETWEEN_LOOKS = 1000
_SECONDS_BETWEEN_LOOKS = 0.5

# The number of pairs in the logs of a worker that has not begun.
_NOT_YET = -1

# In a worker: the number of pairs in each worker's logs, and at the end whether to stop.
_counts: Any = None


class EncodingPass(NamedTuple):
    """What one call of `generate_samples` is divided into.

    split: what `generate_samples` is asked for.
    paths: the shards.
    logs: of the shards.
    splits: of the shards; several where the samples of one call make up all splits.
    shuffled: whether the pairs of a shard are put in random order.
    key: digest of what the shards depend on.
    pairs: number of pairs of the text, kept or not.
    """

    split: str
    paths: tuple[str, ...]
    logs: tuple[str, ...]
    splits: tuple[str, ...]
    shuffled: bool
    key: bytes = b""
    pairs: int = 0


def encode_shards(
    workspace: Workspace,
    encoding: EncodingPass,
    shards: Iterable[int],
    look: Callable[[int], None],
) -> None:
    """Write the logs of some shards to their end, beginning where they end now.

    `look` is called every thousand pairs with the number of pairs in these logs.

    Raises:
        InputError: what reading or encoding the text raises; the text has another number of
            pairs than before.
    """
    with contextlib.ExitStack() as stack:
        logs = {
            shard: stack.enter_context(
                contextlib.closing(ShardLog(encoding.logs[shard], encoding.key))
            )
            for shard in shards
        }
        records = _records(workspace, encoding.split)
        number = -1
        for number, record in enumerate(records):
            if number % _PAIRS_BETWEEN_LOOKS == 0:
                look(sum(log.length for log in logs.values()))
            turn, shard = divmod(number, len(encoding.paths))
            log = logs.get(shard)
            if log is not None and turn >= log.length:
                log.append(record())
        look(sum(log.length for log in logs.values()))
    problem = workspace.problem
    if number + 1 != encoding.pairs and not problem.encodes_samples_itself:
        raise InputError(
            f"the {encoding.split} text of '{problem.name}' has {number + 1} sentence pairs; "
            f"when it was read before it had {encoding.pairs}"
        )


def _records(workspace: Workspace, split: str) -> Iterator[Callable[[], bytes]]:
    """Yield, for each sample, what encodes it: empty bytes if a filter refuses it."""
    problem = workspace.problem
    if problem.encodes_samples_itself:
        encoders = problem.feature_encoders(workspace.data_dir)
        sizes = {name: encoder.vocab_size for name, encoder in encoders.items()}
        for number, features in enumerate(workspace.encoded_samples(split), start=1):
            _check_ids(problem.name, number, features, sizes)
            yield functools.partial(example_bytes, features)
        return
    encode = problem.pair_encoder(workspace.data_dir)
    filters = problem.pair_filters(split)

    def record(sample: dict[str, str]) -> bytes:
        kept = keeps(filters, sample["inputs"], sample["targets"])
        return example_bytes(encode(sample)) if kept else b""

    for sample in workspace.samples(split):
        yield functools.partial(record, sample)


def _check_ids(
    name: str, number: int, features: Mapping[str, Sequence[int]], sizes: Mapping[str, int]
) -> None:
    for feature in sizes.keys() & features.keys():
        wrong = [id_ for id_ in features[feature] if not 0 <= id_ < sizes[feature]]
        if wrong:
            raise InputError(
                f"generate_encoded_samples of '{name}' gives the id {wrong[0]} among the {feature} "
                f"of pair {number}, but their vocabulary has ids from 0 to {sizes[feature] - 1}"
            )


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
    """Refuse a problem that is not registered: another process could not make it by its name."""
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
    """Do what `encode_shards` does, each part of the shards in a process of its own.

    `look` is called now and then with the number of pairs in all these logs.

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
    follow_parent()


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
