"""Names of a problem's TFRecord shards, and finding a complete set of them (no TensorFlow)."""

import os
import re
from pathlib import Path

from t2t_hint_nart.errors import InputError

FEATURES = ("inputs", "targets")
# What is counted of the shards of a split.
COUNTED = ("pairs_written", "input_tokens", "target_tokens")
UNSHUFFLED_SUFFIX = "-unshuffled"
_COUNT = re.compile(r"-(\d{5})-of-(\d{5})$")


def shard_paths(
    data_dir: str | os.PathLike[str], dataset_name: str, split: str, num_shards: int
) -> list[str]:
    """Return the paths of a split's shards, tensor2tensor's names.

    Example:
        >>> shard_paths("data", "translate_deen", "dev", 1)
        ['data/translate_deen-dev-00000-of-00001']
    """
    return [
        str(Path(data_dir) / f"{dataset_name}-{split}-{shard:05d}-of-{num_shards:05d}")
        for shard in range(num_shards)
    ]


def find_shards(data_dir: str | os.PathLike[str], dataset_name: str, split: str) -> list[str]:
    """Return the paths of a split's shards, in order; none if the folder holds none or isn't there.

    Raises:
        InputError: some shards are missing, or there are two sets.
    """
    if not Path(data_dir).is_dir():
        return []
    prefix = f"{dataset_name}-{split}"
    name = re.compile(re.escape(prefix) + _COUNT.pattern)
    found = sorted(path for path in Path(data_dir).iterdir() if name.fullmatch(path.name))
    sizes = sorted({path.name.rsplit("-", 1)[1] for path in found})
    if len(sizes) > 1:
        raise InputError(
            f"{os.fspath(data_dir)!r} holds more than one set of {prefix} shards "
            f"(of {', of '.join(sizes)}); remove all but one"
        )
    if found and len(found) != int(sizes[0]):
        expected = shard_paths(data_dir, dataset_name, split, int(sizes[0]))
        missing = [path for path in expected if Path(path) not in found]
        raise InputError(
            f"{len(missing)} of {len(expected)} {prefix} shards are missing, "
            f"the first of them {missing[0]!r}"
        )
    return [str(path) for path in found]
