"""Text to shards, in bounded memory and any number of processes; a killed run goes on.

survey: the text of all splits is read once, checked and counted (`text_survey`)
vocabulary: built of the training text unless it is there
encoding: each pair goes into the log of its shard (`encoding_pass`)
shards: each log is shuffled into its shard, which gets its name when it is complete
report: counts and fingerprints (`data_report`), `<problem>-data.json.incomplete` until then

Run again after a kill, it reads the text again, leaves alone what is finished and goes on with the
logs. What is written never depends on the number of processes or on kills.
"""

import contextlib
import hashlib
import itertools
import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from t2t_hint_nart.data import data_report
from t2t_hint_nart.data.encoding_pass import (
    EncodingPass,
    check_can_be_made_anew,
    encode_in_processes,
    encode_shards,
)
from t2t_hint_nart.data.problem import DatasetSplit
from t2t_hint_nart.data.problem_identity import vocabularies_of
from t2t_hint_nart.data.shard_check import check_digests, check_shards
from t2t_hint_nart.data.shard_log import read_log
from t2t_hint_nart.data.text_survey import SplitText, all_counts, survey_text
from t2t_hint_nart.data.workspace import Workspace, seed_generators
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.directory_lock import directory_lock
from t2t_hint_nart.progress import Progress, duration


def generate(workspace: Workspace, tasks: Sequence[int] | None = None) -> None:
    """Write what is missing of the vocabulary, the shards and the data report.

    Args:
        workspace: whose data; its problem's `num_concurrent_processes` encode.
        tasks: which training shards to write, and nothing else; None writes everything.

    Raises:
        InputError: what is wrong with the text; a split without a pair; shards of other text, or
            made with other settings, are there; a property that would not be read.
    """
    problem, data_dir, tmp_dir = workspace
    problem.check_unread_properties()
    if problem.num_concurrent_processes > 1:
        check_can_be_made_anew(problem)
    Path(data_dir).mkdir(parents=True, exist_ok=True)
    Path(tmp_dir).mkdir(parents=True, exist_ok=True)
    problem.check_vocab(data_dir)
    passes = _passes(workspace)
    _check_tasks(passes, tasks or ())
    texts = survey_text(workspace, passes)
    _check_not_empty(passes, texts)
    report = _report(workspace, passes, texts)
    with _one_at_a_time(workspace):
        _check_same(workspace, passes, report)
        _provide_vocabulary(workspace, report)
        _check_same(workspace, passes, report)
        _check_present(workspace, passes, report["key"])
        missing = _missing(passes)
        if not any(missing) and not data_report.is_unfinished(problem, data_dir):
            problem.progress(f"all in {data_dir} already, made of this text with these settings")
            return
        data_report.begin(problem, data_dir, report)
    for part, shards in zip(passes, missing, strict=True):
        if tasks is not None:
            shards = [shard for shard in shards if shard in tasks]
        if shards and (tasks is None or part.split == DatasetSplit.TRAIN):
            part = part._replace(key=bytes.fromhex(report["key"]), pairs=_pairs(part, texts))
            _write_shards(workspace, part, shards)
    with _one_at_a_time(workspace):
        # Of several processes that see the last shard, the first one finishes.
        if not any(_missing(passes)) and data_report.is_unfinished(problem, data_dir):
            _remove_logs(passes)
            data_report.finish(problem, data_dir, report)
            for line in data_report.lines(report):
                problem.progress(line)


def _one_at_a_time(workspace: Workspace) -> contextlib.AbstractContextManager[None]:
    """Have what all tasks write, some of them on other machines, written by one at a time."""
    problem, data_dir, _ = workspace
    return directory_lock(data_dir, "vocab-and-report", waiting=problem.progress)


def _passes(workspace: Workspace) -> list[EncodingPass]:
    problem, data_dir, tmp_dir = workspace
    paths = problem.output_paths(data_dir, tmp_dir)
    logs = problem.output_paths(data_dir, tmp_dir, shuffled=False)

    def together(split: str, parts: Sequence[str]) -> EncodingPass:
        return EncodingPass(
            split,
            tuple(itertools.chain.from_iterable(paths[part] for part in parts)),
            tuple(itertools.chain.from_iterable(logs[part] for part in parts)),
            tuple(part for part in parts for _ in paths[part]),
            shuffled=split == DatasetSplit.TRAIN,
        )

    if not problem.is_generate_per_split:
        return [together(DatasetSplit.TRAIN, list(paths))]
    return [together(split, [split]) for split in paths]


def _check_tasks(passes: Sequence[EncodingPass], tasks: Sequence[int]) -> None:
    (size,) = (len(part.paths) for part in passes if part.split == DatasetSplit.TRAIN)
    for task in tasks:
        if not 0 <= task < size:
            raise InputError(
                f"task {task} isn't one of this problem's, its training shards: 0 to {size - 1}"
            )


def _check_not_empty(passes: Sequence[EncodingPass], texts: Mapping[str, SplitText]) -> None:
    for part in passes:
        for path, split in zip(part.paths, part.splits, strict=True):
            if not texts[split].kept:
                read = texts[split].read
                refused = f": its filters refuse all {read} of the text" if read else ""
                raise InputError(f"no sentence pair to write to {path!r}{refused}")


def _pairs(part: EncodingPass, texts: Mapping[str, SplitText]) -> int:
    return sum(texts[split].read for split in dict.fromkeys(part.splits))


def _report(
    workspace: Workspace, passes: Sequence[EncodingPass], texts: Mapping[str, SplitText]
) -> dict[str, Any]:
    """Return what the data report says of the text and the settings."""
    problem = workspace.problem
    splits = all_counts(texts)
    for part in passes:
        for split in part.splits:
            splits[split]["shards"] = part.splits.count(split)
    return {
        "problem": problem.base_name,
        "random_seed": problem.random_seed,
        "prefixes": [problem.inputs_prefix, problem.targets_prefix],
        "splits": splits,
    }


def _provide_vocabulary(workspace: Workspace, report: dict[str, Any]) -> None:
    """Make the vocabulary unless it is there, and add it and the key to the report."""
    problem, data_dir, tmp_dir = workspace
    begun = data_report.begun_report(problem, data_dir)
    seed_generators(problem.random_seed)
    # Shards that were begun with this text were begun with this vocabulary.
    if begun is None or _differences(begun, report):
        problem.check_vocab_text(data_dir, tmp_dir)
    problem.get_or_create_vocab(data_dir, tmp_dir)
    vocabularies = vocabularies_of(problem.feature_encoders(data_dir))
    # All that the shards depend on.
    depends_on = [vocabularies, report["splits"], report["prefixes"], problem.random_seed]
    report["vocabulary"] = {"file": problem.vocab_filename, **vocabularies}
    report["key"] = hashlib.sha256(json.dumps(depends_on, sort_keys=True).encode()).hexdigest()


def _there(passes: Sequence[EncodingPass]) -> list[str]:
    return [path for part in passes for path in part.paths if Path(path).is_file()]


def _check_same(
    workspace: Workspace, passes: Sequence[EncodingPass], report: Mapping[str, Any]
) -> None:
    """Refuse shards there that were made of other text, or nobody knows of what."""
    problem, data_dir, _ = workspace
    there = _there(passes)
    if not there:
        return
    anew = f"to start anew {problem.what_to_remove(data_dir)}, or choose another --data_dir"
    begun = data_report.begun_report(problem, data_dir)
    if begun is None:
        raise InputError(f"{there[0]!r} is there, and what it was made of isn't recorded; {anew}")
    differences = _differences(begun, report)
    if differences:
        raise InputError(
            f"the data of '{problem.name}' in {str(data_dir)!r} were made with "
            f"{', '.join(differences)}; {anew}"
        )


def _differences(begun: data_report.BegunReport, report: Mapping[str, Any]) -> list[str]:
    """Return with what the shards there were made that isn't so now.

    A report that has no vocabulary and no key yet isn't compared in these.
    """
    before, now = begun["splits"], report["splits"]
    found = [f"no {split} text" for split in now if split not in before]
    same = [
        split
        for split, counts in before.items()
        if split in now and counts["text_fingerprint"] == now[split]["text_fingerprint"]
    ]
    if other := [split for split in before if split not in same]:
        found.append(f"another {' and '.join(other)} text, or other filters")
    found += [
        f"{shards} {split} shards"
        for split in same
        if (shards := before[split].get("shards")) != now[split]["shards"]
    ]
    if begun["random_seed"] != report["random_seed"]:
        found.append(f"--random_seed={begun['random_seed']}, not {report['random_seed']}")
    if begun.get("prefixes", report["prefixes"]) != report["prefixes"]:
        found.append("other prefixes")
    if "vocabulary" in report and begun["vocabulary"] != report["vocabulary"]:
        found.append("another vocabulary")
    if not found and begun["key"] != report.get("key", begun["key"]):
        found.append("other filters or prefixes")
    return found


def _check_present(workspace: Workspace, passes: Sequence[EncodingPass], key: str) -> None:
    """Refuse shards of finished data that have changed since."""
    problem, data_dir, _ = workspace
    finished = data_report.finished_report(problem, data_dir)
    if finished is None or finished["key"] != key:
        return
    encoders, remedy = problem.feature_encoders(data_dir), problem.generate_command(data_dir)
    for split in finished["splits"]:
        record = data_report.recorded_shards(problem, data_dir, split)
        paths = [
            path
            for part in passes
            for path, of in zip(part.paths, part.splits, strict=True)
            if of == split
        ]
        there = [path for path in paths if Path(path).is_file()]
        if there == paths:
            check_shards(there, encoders, record, remedy)
        elif record and record.digests:
            check_digests(there, encoders, record, remedy)


def _missing(passes: Sequence[EncodingPass]) -> list[list[int]]:
    """Return the shards of each pass that are to be written."""
    there = set(_there(passes))
    return [
        [shard for shard, path in enumerate(part.paths) if path not in there] for part in passes
    ]


def _write_shards(workspace: Workspace, part: EncodingPass, shards: Sequence[int]) -> None:
    from t2t_hint_nart.data.shards import write_records

    started, problem = time.monotonic(), workspace.problem
    _encode(workspace, part, shards)
    count = 0
    for shard in shards:
        seed = problem.random_seed + shard if part.shuffled else None
        count += write_records(read_log(part.logs[shard], part.key, seed), part.paths[shard])
        # Another machine that saw the last shard finished may have removed it.
        Path(part.logs[shard]).unlink(missing_ok=True)
    problem.progress(
        f"{part.split}: {count} sentence pairs written to {len(shards)} shard(s), "
        f"first {part.paths[shards[0]]} ({duration(time.monotonic() - started)})"
    )


def _remove_logs(passes: Sequence[EncodingPass]) -> None:
    """Remove the logs of finished shards: one is left by a kill just before it was removed."""
    for log in itertools.chain.from_iterable(part.logs for part in passes):
        Path(log).unlink(missing_ok=True)


def _encode(workspace: Workspace, part: EncodingPass, shards: Sequence[int]) -> None:
    problem = workspace.problem
    size = len(part.paths)
    total = sum(len(range(shard, part.pairs, size)) for shard in shards)
    progress: Progress | None = None

    def look(count: int) -> None:
        nonlocal progress
        # What the first look finds was encoded by an earlier run.
        progress = progress or Progress(
            problem.progress, part.split, "sentence pairs encoded", total, count
        )
        progress.update(count)

    processes = min(problem.num_concurrent_processes, len(shards))
    if processes == 1:
        encode_shards(workspace, part, shards, look)
    else:
        divided = [shards[place::processes] for place in range(processes)]
        encode_in_processes(workspace, part, divided, look)
