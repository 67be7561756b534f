"""Sequence-level distillation: the teacher translates the training data (Kim and Rush 2016)."""

import contextlib
import hashlib
import itertools
import json
from array import array
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any, TypeAlias, cast

import numpy as np

from t2t_hint_nart.data.distill_problem import DistillProblem
from t2t_hint_nart.data.problem import DatasetSplit
from t2t_hint_nart.data.problem_identity import identity_of
from t2t_hint_nart.data.sentence_batches import SentenceBatch
from t2t_hint_nart.data.shards import read_shards
from t2t_hint_nart.decoding.n_gram_model import NGramModel
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.capabilities import ExportedTranslator
from t2t_hint_nart.exports.metadata import SAVED_MODEL, newest_version, read_metadata
from t2t_hint_nart.files.json_file import as_stored, parse_json
from t2t_hint_nart.files.whole_file import naming_file, write_whole
from t2t_hint_nart.progress import Progress
from t2t_hint_nart.serving.teacher_workers import Decoded, decode_batch
from t2t_hint_nart.serving.translator import LONGEST_SENTENCE, batches_of_any
from t2t_hint_nart.text import EOS_ID, PAD_ID

if TYPE_CHECKING:
    from t2t_hint_nart.exports.runtime import Servable

_SHOWN_DIGITS = 12


# Token ids, four bytes each: of millions of sentences, lists would take ten times that.
Ids: TypeAlias = "array[int]"
# From batches to what they become, in any order.
Decode = Callable[[Iterable[SentenceBatch]], Generator[list[Decoded], None, None]]


class DistantTeacher(ExportedTranslator):
    """A teacher that workers open, known here by its metadata alone.

    Raises:
        InputError: no export there, a damaged one, or one that can't translate.
    """

    def __init__(self, export_dir: str):
        folder = newest_version(export_dir)
        metadata = read_metadata(folder)
        metadata.check_files(folder)
        facts = SimpleNamespace(export_dir=str(folder), metadata=metadata)
        super().__init__(cast("Servable", facts))


def _sources(problem: DistillProblem, data_dir: str, limit: int | None) -> list[Ids]:
    feature, _ = problem.base.features(DatasetSplit.TRAIN)
    pairs = read_shards(problem.base.shard_files(data_dir, DatasetSplit.TRAIN))
    return [array("i", pair[feature]) for pair in itertools.islice(pairs, limit)]


def _digest(sources: Iterable[Ids]) -> str:
    """Digest of sources as a JSON list of lists, of which only one is in memory at a time."""
    digest = hashlib.sha256(b"[")
    for number, ids in enumerate(sources):
        digest.update((", " if number else "").encode() + json.dumps(ids.tolist()).encode())
    digest.update(b"]")
    return digest.hexdigest()


def _read_decoded(journal: Path, header: dict[str, Any]) -> dict[int, Ids]:
    """Decodes of an interrupted run with the same header; a torn last line is dropped."""
    if not journal.exists():
        return {}
    # A kill tears the last line at most; what isn't of this distillation may be anything.
    lines = journal.read_text(encoding="utf-8", errors="replace").splitlines()
    if not lines or lines[0] != json.dumps(header):
        raise InputError(
            f"{journal} is the start of a distillation with another teacher or data; "
            "delete it to start anew."
        )
    decoded: dict[int, Ids] = {}
    for line in lines[1:]:
        try:
            index, ids = parse_json(line, tuple[int, list[int]])
        except InputError:
            break
        decoded[index] = array("i", ids)
    return decoded


def _write_journal(journal: Path, header: dict[str, Any], decoded: dict[int, Ids]) -> None:
    rows = [json.dumps(header), *(_row(i, ids) for i, ids in decoded.items())]
    # A kill while it is written must not lose what was decoded.
    write_whole(journal, "\n".join(rows) + "\n")


def _row(index: int, ids: Ids) -> str:
    return json.dumps([index, ids.tolist()])


def distill(
    teacher: ExportedTranslator,
    problem: DistillProblem,
    data_dir: str,
    batch_size: int = 32,
    limit: int | None = None,
    decode: Decode | None = None,
) -> int:
    """Decode the base problem's training sources and write them as `<problem>_distill`.

    Decoded sentences go to a journal, batch by batch, from which an interrupted run goes on.
    A source whose translation is empty, or that is too long for one, is kept, with EOS alone. What
    this teacher has finished before is left alone.

    Args:
        teacher: translates as exported (a Transformer by beam 4 by default).
        problem: the distilled problem to write; its `progress` is told how far it is.
        data_dir: of the base problem's shards, and where the new ones go.
        batch_size: sentences a batch, as of `sentence_batches`.
        limit: only the first so many sentences, all when None.
        decode: by workers; by the teacher, in this process, when None.

    Returns:
        Number of pairs.

    Raises:
        InputError: missing data; a teacher of another vocabulary or of the opposite direction; the
            shards there are of another distillation.
    """
    encoders = problem.base.get_feature_encoders(data_dir)
    warning = teacher.check_fits(identity_of(problem.base, encoders))
    if warning:
        problem.progress(f"warning: {warning}")
    sources = _sources(problem, data_dir, limit)
    header = {
        "teacher": teacher.metadata.weights_fingerprint,
        "runtime": teacher.metadata.runtime,
        "decode_hparams": teacher.metadata.decode_hparams,
        "sentences": len(sources),
        "sources": _digest(sources),
    }
    journal = Path(data_dir) / f"{problem.dataset_filename()}-journal.jsonl.incomplete"
    decoded = _read_decoded(journal, header)
    if _is_finished(problem, data_dir, header, begun=journal.exists()):
        problem.progress(f"all in {data_dir} already; remove the shards to write them again")
        journal.unlink(missing_ok=True)
        return len(sources)
    _write_journal(journal, header, decoded)
    limit = teacher.metadata.max_input_size
    told = Progress(problem.progress, "distil", "sentences", len(sources), len(decoded))
    _decode_missing(
        decode or partial(_decode_here, teacher),
        sources,
        decoded,
        journal,
        batch_size,
        limit if limit > 0 else LONGEST_SENTENCE,
        told,
        problem.progress,
    )
    count = problem.write_training_shards(
        data_dir,
        ((source, decoded[index]) for index, source in enumerate(sources)),
        {
            "teacher_export_dir": teacher.export_dir,
            "teacher_fingerprint": teacher.metadata.weights_fingerprint,
            "teacher_step": teacher.metadata.step,
            "teacher_runtime": teacher.metadata.runtime,
            "decode_hparams": teacher.metadata.decode_hparams,
            "sources": header["sources"],
        },
    )
    journal.unlink()
    return count


def write_n_gram_model(problem: DistillProblem, data_dir: str, order: int) -> str:
    """Count the n-grams of a problem's training targets, and return the file's path.

    Args:
        problem: a distilled problem, or another.
        data_dir: of its shards and vocabulary, and where the file goes.
        order: the largest n.

    Raises:
        InputError: missing data, or an order that isn't possible.
    """
    _, feature = problem.features(DatasetSplit.TRAIN)
    targets = (
        [id_ for id_ in pair[feature] if id_ not in (PAD_ID, EOS_ID)]
        for pair in read_shards(problem.shard_files(data_dir, DatasetSplit.TRAIN))
    )
    vocab_size = problem.get_feature_encoders(data_dir)["targets"].vocab_size
    path = Path(data_dir) / f"{problem.name}-{order}grams.npz"
    NGramModel.of(targets, order, vocab_size).write(path)
    return str(path)


def _decode_here(
    teacher: ExportedTranslator, batches: Iterable[SentenceBatch]
) -> Generator[list[Decoded], None, None]:
    for batch in batches:
        yield decode_batch(teacher, batch)


def _decode_missing(
    decode: Decode,
    sources: Sequence[Ids],
    decoded: dict[int, Ids],
    journal: Path,
    batch_size: int,
    longest: int,
    told: Progress,
    tell: Callable[[str], None],
) -> None:
    """Add to `decoded`, and to the journal, what is missing of it.

    Batches are those of all sentences, whatever is decoded already, so that what a sentence is
    decoded with doesn't depend on when a run before this one was killed.
    """
    too_long, batches = batches_of_any(sources, batch_size, longest)
    waiting = (batch for batch in batches if any(i not in decoded for i in batch.indices.tolist()))
    alone: list[list[Decoded]] = [[([index], None)] for index in too_long if index not in decoded]
    with (
        contextlib.closing(decode(waiting)) as decoding,
        naming_file(journal),
        journal.open("a", encoding="utf-8") as file,
    ):
        for results in itertools.chain(alone, decoding):
            for places, rows in results:
                if rows is None:
                    tell(f"source {places[0] + 1} is too long for the teacher: an empty target")
                    rows = np.array([[EOS_ID]])
                for index, row in zip(places, rows, strict=True):
                    if index not in decoded:
                        decoded[index] = array("i", row[row != PAD_ID].tolist())
                        file.write(_row(index, decoded[index]) + "\n")
            file.flush()
            told.update(len(decoded))


def _is_finished(
    problem: DistillProblem, data_dir: str, header: Mapping[str, Any], begun: bool
) -> bool:
    """Return whether all shards of a distillation and their provenance are there.

    Args:
        problem: the distilled problem.
        data_dir: of the shards.
        header: `teacher`, a fingerprint; `runtime`, its export's; `decode_hparams`; `sentences`,
            their number; `sources`, their digest.
        begun: whether it has a journal: shards without a provenance are its own.

    Raises:
        InputError: the shards are of another distillation, or nobody knows of which.
    """
    shards = problem.own_shards(data_dir)
    provenance = problem.provenance_path(data_dir)
    if not shards:
        return False
    if provenance.exists():
        unlike = _difference(problem.provenance(data_dir), header)
    else:
        unlike = "" if begun else f"without '{provenance.name}'"
    if unlike:
        raise InputError(
            f"the shards of {problem.name} in {data_dir} are there already, {unlike}; to start "
            f"anew remove '{problem.dataset_filename()}-train-*' and '{provenance.name}' there"
        )
    number = int(shards[0].name.rsplit("-", 1)[1])
    return provenance.exists() and len(shards) == number


def _difference(recorded: Mapping[str, Any], header: Mapping[str, Any]) -> str:
    """Return what about finished shards isn't as in the header, nothing if all is."""
    teacher = str(recorded.get("teacher_fingerprint"))
    if teacher != header["teacher"]:
        digests = (digest[:_SHOWN_DIGITS] for digest in (teacher, header["teacher"]))
        return "decoded by the teacher {}, not {}".format(*digests)
    # Eight bits translate otherwise. Provenances of before there were others are of SavedModels.
    runtime = recorded.get("teacher_runtime", SAVED_MODEL)
    if runtime != header["runtime"]:
        return f"decoded by the teacher in {runtime}, not in {header['runtime']}"
    theirs = recorded.get("decode_hparams") or {}
    # As the provenance has them: JSON knows lists alone.
    ours = as_stored(header["decode_hparams"])
    # A version may know names that another doesn't.
    for name in sorted(theirs.keys() & ours.keys()):
        if theirs[name] != ours[name]:
            return f"decoded with {name}={theirs[name]}, not {ours[name]}"
    if recorded.get("pairs") != header["sentences"]:
        return f"made of {recorded.get('pairs')} sources, not {header['sentences']}"
    # Provenances written before there was a digest know the number alone.
    if recorded.get("sources", header["sources"]) != header["sources"]:
        return "made of other sources"
    return ""
