"""Whether shards hold what was written to them: digests, counts and the vocabulary's ids.

In: paths of a split's shards, its encoders, and what is recorded of them. Needs TensorFlow only
where no digests are recorded, or to say what is wrong.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from t2t_hint_nart.data.problem import TextEncoder
from t2t_hint_nart.data.shard_files import FEATURES
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.digests import file_digest

_SHOWN_DIGITS = 12


class ShardRecord(NamedTuple):
    """What is recorded of a split's shards.

    file: that says it.
    counts: of `shard_files.COUNTED`.
    digests: file name -> SHA-256; empty if they aren't known.
    fingerprints: stored feature -> fingerprint of its vocabulary; empty if that isn't known.
    """

    file: Path
    counts: Mapping[str, int]
    digests: Mapping[str, str]
    fingerprints: Mapping[str, str]


def check_shards(
    paths: Sequence[str],
    encoders: Mapping[str, TextEncoder],
    record: ShardRecord | None,
    remedy: str,
) -> None:
    """Refuse shards that aren't those that were written, or whose ids no vocabulary has.

    Where digests are recorded these are compared; else all records are read.

    Args:
        paths: of a complete split's shards.
        encoders: of the stored features.
        record: what is known of the shards, None if nothing is.
        remedy: the command line that makes them again.

    Raises:
        InputError: a shard is damaged, has other content than was written, or ids that the
            vocabulary doesn't have; the vocabulary is another; names the file.
    """
    if record is None:
        _counts(paths, encoders)
        return
    _check_vocabulary(encoders, record, remedy)
    if record.digests:
        check_digests(paths, encoders, record, remedy)
        return
    for name, count in _counts(paths, encoders).items():
        if count != record.counts[name]:
            raise InputError(
                f"{paths[0]!r} and its like have {count} {name.replace('_', ' ')}, but "
                f"'{record.file}' says {record.counts[name]}; remove them and make them again "
                f"with: {remedy}"
            )


def check_digests(
    paths: Sequence[str], encoders: Mapping[str, TextEncoder], record: ShardRecord, remedy: str
) -> None:
    """Refuse shards, some of a split's or all, with other content than was written.

    Arguments and errors are those of `check_shards`.
    """
    for path in paths:
        if file_digest(path) == record.digests.get(Path(path).name):
            continue
        pairs = _counts([path], encoders)["pairs_written"]
        raise InputError(
            f"shard {path!r}, of {pairs} sentence pairs, isn't the one that was written, says "
            f"'{record.file}'; remove it and make it again with: {remedy}"
        )


def _check_vocabulary(
    encoders: Mapping[str, TextEncoder], record: ShardRecord, remedy: str
) -> None:
    for feature, fingerprint in record.fingerprints.items():
        if fingerprint != encoders[feature].fingerprint():
            raise InputError(
                f"the vocabulary of the {feature} isn't the one that the shards were made with, "
                f"which had fingerprint {fingerprint[:_SHOWN_DIGITS]}, says '{record.file}'; bring "
                f"it back, or remove the shards and make them again with: {remedy}"
            )


def _counts(paths: Sequence[str], encoders: Mapping[str, TextEncoder]) -> dict[str, int]:
    """Read all records; refuse damaged ones, and ids that the vocabulary doesn't have."""
    from t2t_hint_nart.data.shards import count_tokens

    return count_tokens(paths, {feature: encoders[feature].vocab_size for feature in FEATURES})
