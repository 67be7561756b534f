"""One pass over a split's text: each pair is encoded into the log of its shard (no TensorFlow).

Pair number i belongs to shard i modulo their number, kept or not, so that nothing about a shard
depends on which process writes it, on what other shards there are already, or on when a run before
this one was killed.
"""

import contextlib
import functools
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from t2t_hint_nart.data.corpus import Workspace
from t2t_hint_nart.data.example_bytes import example_bytes
from t2t_hint_nart.data.pair_filters import keeps
from t2t_hint_nart.data.shard_log import ShardLog
from t2t_hint_nart.errors import InputError

_PAIRS_BETWEEN_LOOKS = 1000


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

    Args:
        workspace: whose text.
        encoding: the pass.
        shards: which of its shards.
        look: called every thousand pairs with the number of pairs in these logs.

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
        for features in workspace.encoded_samples(split):
            yield functools.partial(example_bytes, features)
        return
    encode = problem.pair_encoder(workspace.data_dir)
    filters = problem.pair_filters(split)

    def record(sample: dict[str, str]) -> bytes:
        kept = keeps(filters, sample["inputs"], sample["targets"])
        return example_bytes(encode(sample)) if kept else b""

    for sample in workspace.samples(split):
        yield functools.partial(record, sample)
