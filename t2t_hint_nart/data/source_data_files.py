"""The text that tensor2tensor's translation problems name in their `source_data_files`.

In: a list of datasets, `[url, (source file, target file)]` of text or SGML, or `[url, ("tsv",
source column, target column, pattern)]`. Out: sentence pairs of the files that tmp_dir has, in
itself or in an archive under the last part of the URL. Nothing is downloaded. No TensorFlow.

Follows tensor2tensor's data_generators/translate.py, compile_data.
"""

import fnmatch
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Any

from t2t_hint_nart.data.parallel_text import (
    BadLines,
    Pair,
    find_text,
    read_pairs,
    refuse,
    side_by_side,
)
from t2t_hint_nart.data.problem import PathLike
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text.archives import is_archive, member_names, unpack
from t2t_hint_nart.text.lines import each_line, sentence

Datasets = Sequence[Sequence[Any]]

_SGML = (".sgm", ".sgm.gz")


def compiled_pairs(tmp_dir: PathLike, name: str, split: str) -> Iterator[Pair] | None:
    """Return the pairs of what tensor2tensor compiled of a problem's split; None if it hasn't."""
    stem = f"{name}-compiled-{split}"
    source, target = (Path(tmp_dir) / f"{stem}.{side}" for side in ("lang1", "lang2"))
    return read_pairs(source, target, {}) if source.is_file() and target.is_file() else None


def dataset_pairs(datasets: Datasets, tmp_dir: PathLike) -> Iterator[Pair]:
    """Yield the sentence pairs of datasets, one after the other; a side may be empty.

    Raises:
        InputError: a file is neither in tmp_dir nor in an archive there, or is damaged; two files
            have different numbers of lines; a dataset has a form that isn't read.
    """
    for url, files in datasets:
        if files[0] == "tsv":
            yield from _column_pairs(url, files, Path(tmp_dir))
        elif files[0] == "tmx" or len(files) != 2:
            raise InputError(
                f"source_data_files has {files!r} of {url!r}: only two files, or 'tsv' with two "
                "columns and a pattern, are read"
            )
        else:
            source, target = (_file(url, name, Path(tmp_dir)) for name in files)
            if all(name.endswith(_SGML) for name in files):
                yield from _segment_pairs(source, target)
            else:
                yield from read_pairs(source, target, {})


def are_at_hand(datasets: Datasets, tmp_dir: PathLike) -> bool:
    """Return whether tmp_dir has all files of datasets, or the archives they are in."""
    folder = Path(tmp_dir)
    return all(
        _archive(url, folder).is_file()
        or (any(folder.glob(files[3])) if files[0] == "tsv" else _all_found(files, folder))
        for url, files in datasets
    )


def _all_found(names: Sequence[str], folder: Path) -> bool:
    return all(find_text(folder, name) for name in names)


def _archive(url: str, folder: Path) -> Path:
    # A dataset without an archive has an empty URL.
    return folder / (PurePosixPath(url).name or "no archive")


def _file(url: str, name: str, folder: Path) -> Path:
    """Return the path of a file, unpacked if need be."""
    found = find_text(folder, name)
    if found is None and _archive(url, folder).is_file():
        unpack(_archive(url, folder), name, folder / name)
        found = folder / name
    if found is None:
        raise InputError(_missing(url, name, folder))
    return found


def _missing(url: str, name: str, folder: Path) -> str:
    instead = f", or {PurePosixPath(url).name} of {url}," if url else ""
    return (
        f"cannot read '{folder / name}': No such file or directory; source_data_files names it: "
        f"put it{instead} into --tmp_dir (nothing is downloaded)"
    )


def _column_pairs(url: str, files: Sequence[Any], folder: Path) -> Iterator[Pair]:
    _, source, target, pattern = files
    archive, found = _archive(url, folder), set(folder.glob(pattern))
    # What is there by hand may lie beside a file of its URL that is no archive, or be that file.
    if archive.is_file() and archive not in found and (not found or is_archive(archive)):
        _unpack_matching(archive, pattern, folder)
    paths = sorted(folder.glob(pattern))
    if not paths:
        raise InputError(_missing(url, pattern, folder))
    for path in paths:
        bad = BadLines(f"'{path}'", {})
        for number, line in enumerate(each_line(path), start=1):
            columns = [sentence(column) for column in line.split("\t")]
            if len(columns) == 1:  # T2T passes over it
                continue
            if len(columns) <= max(source, target):
                bad.add(f"has no column {max(source, target)}", number)
            if not bad:
                yield columns[source], columns[target]
        refuse([bad])


def _unpack_matching(archive: Path, pattern: str, folder: Path) -> None:
    """Unpack what of an archive isn't there yet: all of it, or the rest after a kill.

    Raises:
        InputError: it is damaged, or a member would lie elsewhere.
    """
    for name in fnmatch.filter(member_names(archive), pattern):
        path = PurePosixPath(name)
        if path.is_absolute() or ".." in path.parts:
            raise InputError(
                f"'{archive}' has a file {name!r}, which would lie outside of '{folder}': pack it "
                "again without such names"
            )
        if not (folder / name).exists():
            unpack(archive, name, folder / name)


def _segment_pairs(source: Path, target: Path) -> Iterator[Pair]:
    paths = (source, target)
    return side_by_side(map(_segments, paths), [f"'{path}'" for path in paths], "segment")


def _segments(path: Path) -> Iterator[str]:
    """Yield the text of a file's `<seg ...>text</seg>` lines."""
    for line in map(sentence, each_line(path)):
        if line.startswith("<seg") and line.endswith("</seg>"):
            yield sentence(line[line.index(">") + 1 : -len("</seg>")])
