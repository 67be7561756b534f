"""What is known of a problem's data: a report, `<problem>-data.json`, beside the shards.

`begin` writes it under its `.incomplete` name, for a run after a kill to know what the shards
there are made of; `finish` adds what only the shards tell, and the date. `listing` is the text of
`t2t-datagen --only_list --data_dir=D`. No TensorFlow.
"""

import datetime
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from t2t_hint_nart.data.problem import DatasetSplit, PathLike, Problem
from t2t_hint_nart.data.problem_identity import Vocabulary
from t2t_hint_nart.data.shard_check import ShardRecord
from t2t_hint_nart.data.shard_files import (
    COUNTED,
    FEATURES,
    UNSHUFFLED_SUFFIX,
    find_shards,
)
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.digests import file_digest
from t2t_hint_nart.files.json_file import read_json
from t2t_hint_nart.files.whole_file import write_whole

SUFFIX = "-data.json"
UNFINISHED_SUFFIX = SUFFIX + ".incomplete"
PROVENANCE_SUFFIX = "-provenance.json"

_SHOWN_DIGITS = 12
_SHARD = re.compile(rf"(.+)-(?:{'|'.join(DatasetSplit.ALL)})-\d{{5}}-of-\d{{5}}")
_UNFINISHED = "not finished: run t2t-datagen again, it goes on"
_UNKNOWN = "shards without a report"
_REMOVE = "Remove it, and the shards it tells of."


class Vocabularies(TypedDict):
    """The vocabularies of a problem and the name of their file."""

    file: str
    inputs: Vocabulary
    targets: Vocabulary


class BegunSplit(TypedDict):
    """What is known of a split before its shards are written."""

    pairs_read: int
    pairs_dropped: dict[str, int]
    duplicate_pairs: int
    text_fingerprint: str
    pairs_in_training: NotRequired[int]
    sources_in_training: NotRequired[int]
    shards: NotRequired[int]


class FinishedSplit(BegunSplit):
    """All that is known of a split; `digests` are its shards' SHA-256, by file name."""

    pairs_written: int
    input_tokens: int
    target_tokens: int
    digests: NotRequired[dict[str, str]]


class _Made(TypedDict):
    problem: str
    random_seed: int
    vocabulary: Vocabularies
    key: str
    # Reports of earlier versions have no prefixes, and their splits no digests.
    prefixes: NotRequired[list[str]]


class BegunReport(_Made):
    """What is known before the shards are written: what they are made of."""

    splits: dict[str, BegunSplit]


class FinishedReport(_Made):
    """All that is known of a problem's data."""

    splits: dict[str, FinishedSplit]
    date: str


def begin(problem: Problem, data_dir: PathLike, report: Mapping[str, Any]) -> None:
    """Record what is known before the shards are written: what they will be made of."""
    path = _path(problem, data_dir)
    finished = finished_report(problem, data_dir)
    if finished and finished["key"] != report["key"]:
        path.unlink()
    _write(path, report)


def finish(problem: Problem, data_dir: PathLike, report: dict[str, Any]) -> None:
    """Write the report that `begin` was given, with what the shards tell and the date (UTC).

    Raises:
        InputError: a shard is damaged, or has ids that its vocabulary doesn't have.
    """
    from t2t_hint_nart.data.shards import count_tokens

    sizes = {side: report["vocabulary"][side]["size"] for side in FEATURES}
    for split, counts in report["splits"].items():
        paths = find_shards(data_dir, problem.dataset_filename(), split)
        counts.update(count_tokens(paths, sizes))
        counts["digests"] = {Path(path).name: file_digest(path) for path in paths}
    now = datetime.datetime.now(datetime.UTC)
    report["date"] = now.isoformat(timespec="seconds")
    path = _path(problem, data_dir)
    _write(path, report)
    _unfinished(path).replace(path)


def is_unfinished(problem: Problem, data_dir: PathLike) -> bool:
    """Return whether a run has begun and not come to its end."""
    return _unfinished(_path(problem, data_dir)).exists()


def begun_report(problem: Problem, data_dir: PathLike) -> BegunReport | None:
    """Return what the shards there were made of, None if there is no record."""
    path = _path(problem, data_dir)
    for candidate in (_unfinished(path), path):
        if candidate.exists():
            return read_json(candidate, BegunReport, _REMOVE)
    return None


def finished_report(problem: Problem, data_dir: PathLike) -> FinishedReport | None:
    """Return the report of data that are complete, or were; None if there is none."""
    path = _path(problem, data_dir)
    return read_json(path, FinishedReport, _REMOVE) if path.exists() else None


def recorded_shards(problem: Problem, data_dir: PathLike, split: str) -> ShardRecord | None:
    """Return what the report says of a split's shards, None if there is none or nothing of it."""
    report = finished_report(problem, data_dir)
    if report is None or split not in report["splits"]:
        return None
    counts, vocabulary = report["splits"][split], report["vocabulary"]
    return ShardRecord(
        _path(problem, data_dir),
        {name: counts[name] for name in COUNTED},  # type: ignore[literal-required]
        counts.get("digests", {}),
        {side: vocabulary[side]["fingerprint"] for side in FEATURES},  # type: ignore[literal-required]
    )


def lines(report: Mapping[str, Any]) -> list[str]:
    """Return a report for people to read, a line for the vocabulary and one for each split."""
    vocabulary = report["vocabulary"]
    sizes = {part["size"]: None for part in (vocabulary["inputs"], vocabulary["targets"])}
    digest = vocabulary["inputs"]["fingerprint"][:_SHOWN_DIGITS]
    shown = [
        f"vocabulary {vocabulary['file']}: "
        f"{' and '.join(f'{size:,}' for size in sizes)} subtokens, fingerprint {digest}"
    ]
    return shown + [_split_line(split, counts) for split, counts in report["splits"].items()]


def _split_line(split: str, counts: Mapping[str, Any]) -> str:
    parts = [f"{counts['pairs_written']:,} of {_number(counts['pairs_read'], 'pair')} written"]
    dropped = [f"{name} {count:,}" for name, count in counts["pairs_dropped"].items() if count]
    if counts["pairs_dropped"]:
        parts.append(f"dropped: {', '.join(dropped) or 'none'}")
    parts.append(f"tokens {counts['input_tokens']:,} in, {counts['target_tokens']:,} out")
    parts.append(_number(counts["duplicate_pairs"], "duplicate pair"))
    if "pairs_in_training" in counts and "sources_in_training" in counts:
        pairs = _number(counts["pairs_in_training"], "pair")
        sources = _number(counts["sources_in_training"], "source")
        parts.append(f"{pairs} and {sources} also in training")
    return f"{split}: {'; '.join(parts)}"


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'s' * (count != 1)}"


def listing(data_dir: PathLike) -> list[str]:
    """Return, for every problem that has data in a folder, its name and what is known of them."""
    folder = Path(data_dir)
    if not folder.is_dir():
        raise InputError(f"--data_dir={folder} does not exist")
    found = {match[1] for path in folder.iterdir() if (match := _SHARD.fullmatch(path.name))}
    # What a run before its end writes the pairs to is no problem of its own.
    names = {name for name in found if not name.endswith(UNSHUFFLED_SUFFIX)}
    for suffix in (SUFFIX, UNFINISHED_SUFFIX, PROVENANCE_SUFFIX):
        names |= {path.name.removesuffix(suffix) for path in folder.glob(f"*{suffix}")}
    if not names:
        raise InputError(f"--data_dir={folder} holds no data of any problem")
    return [line for name in sorted(names) for line in [name, *_about(folder, name)]]


def _about(folder: Path, name: str) -> list[str]:
    provenance = folder / f"{name}{PROVENANCE_SUFFIX}"
    report = folder / f"{name}{SUFFIX}"
    if provenance.exists():
        recorded = read_json(provenance, dict[str, Any], _REMOVE)
        recorded.pop("digests", None)
        known = [f"{key}: {_shown(value)}" for key, value in recorded.items()]
    elif (folder / f"{name}{UNFINISHED_SUFFIX}").exists():
        known = [_UNFINISHED]
    elif report.exists():
        content = read_json(report, FinishedReport, _REMOVE)
        known = [f"written {content['date']}", *lines(content)]
    else:
        known = [_UNKNOWN]
    return [f"  {line}" for line in known]


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        # An empty or a line-breaking value could not be seen as it is.
        shown = {key: part if str(part).strip() else repr(part) for key, part in value.items()}
        return ", ".join(f"{key}={part}" for key, part in shown.items())
    return f"{value:,}" if isinstance(value, int) else str(value)


def _path(problem: Problem, data_dir: PathLike) -> Path:
    return Path(data_dir) / f"{problem.dataset_filename()}{SUFFIX}"


def _unfinished(path: Path) -> Path:
    return path.with_name(path.name.removesuffix(SUFFIX) + UNFINISHED_SUFFIX)


def _write(path: Path, report: Mapping[str, Any]) -> None:
    """Write a report under its unfinished name."""
    write_whole(_unfinished(path), json.dumps(report, indent=2, ensure_ascii=False) + "\n")
