"""REPRODUCTION.md: every experiment whose numbers are stored, beside the paper's.

Read are, under one directory, `<recipe>/seed<N>/report.json` of each seed, or
`<recipe>/report.json` of the only one, `<recipe>/study*.json` (`study_tables`), and
`<recipe>/rerun<N>/report.json` of whole experiments made again (`rerun`). The text is made of
nothing else: the same files give the same bytes, on any machine.
"""

import json
import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.reproduce.reproduction_markdown import Experiment, render
from t2t_hint_nart.reproduce.rerun import Rerun
from t2t_hint_nart.reproduce.study_tables import check_study
from t2t_hint_nart.whole_file import write_whole

REPORT = "report.json"


@dataclass(frozen=True)
class _Found:
    """A stored report."""

    path: Path
    content: Mapping[str, Any]

    def linked(self, linked_from: Path) -> str:
        """Its directory as a document in `linked_from` links it."""
        return Path(os.path.relpath(self.path.parent, linked_from)).as_posix()


def write_reproduction(path: str | os.PathLike[str], reports_dir: str | os.PathLike[str]) -> Path:
    """Write the document, whole or not at all.

    Args:
        path: of the document.
        reports_dir: of the stored reports.

    Returns:
        Its path.

    Raises:
        InputError: as `read_experiments`.
    """
    target = Path(path)
    text = render(read_experiments(reports_dir, target.parent))
    return write_whole(target, text)


def read_experiments(
    reports_dir: str | os.PathLike[str], linked_from: str | os.PathLike[str] = "."
) -> list[Experiment]:
    """Read what is stored of each recipe.

    Args:
        reports_dir: with a directory a recipe.
        linked_from: directory from which figures and reports are linked.

    Returns:
        The experiments in the order of their names, their reports in the order of the seeds.

    Raises:
        InputError: if there are no reports, a file is damaged, or one is of another recipe or of a
            seed that is there already.
    """
    root = Path(reports_dir)
    folders = sorted(folder for folder in root.glob("*") if folder.is_dir())
    experiments = [
        experiment
        for experiment in (_experiment(folder, Path(linked_from)) for folder in folders)
        if experiment is not None
    ]
    if not experiments:
        raise InputError(
            f"no reports under '{root}': <recipe>/seed<N>/{REPORT} or <recipe>/{REPORT} is needed"
        )
    return experiments


def _experiment(folder: Path, linked_from: Path) -> Experiment | None:
    found = _seeds(folder)
    if not found:
        return None
    recipe = found[0].content["recipe"]
    studies = []
    for path in sorted(folder.glob("study*.json")):
        study = _read(path)
        check_study(study.get("rows", []))
        studies.append(study)
    check_study([row for study in studies for row in study.get("rows", [])])
    reruns = [_Found(path, _read(path)) for path in _numbered(folder, "rerun")]
    for report in reruns:
        _check_recipe(report, recipe)
    return Experiment(
        recipe=recipe,
        reports=tuple(report.content for report in found),
        folders=tuple(report.linked(linked_from) for report in found),
        studies=tuple(studies),
        reruns=tuple(Rerun(report.content, report.linked(linked_from)) for report in reruns),
    )


def _seeds(folder: Path) -> list[_Found]:
    """The reports of a recipe by seed."""
    paths = _numbered(folder, "seed")
    if (folder / REPORT).exists():
        paths.insert(0, folder / REPORT)
    found = [_Found(path, _read(path)) for path in paths]
    seen: dict[Any, Path] = {}
    for report in found:
        _check_recipe(report, found[0].content.get("recipe"))
        seed = report.content.get("seed")
        if seed in seen:
            raise InputError(f"'{report.path}' and '{seen[seed]}' are both of seed {seed}")
        seen[seed] = report.path
    return found


def _numbered(folder: Path, name: str) -> list[Path]:
    """The reports in `<name><N>`, by N."""
    found = {
        int(match[1]): path / REPORT
        for path in folder.iterdir()
        if (match := re.fullmatch(rf"{name}(\d+)", path.name)) and (path / REPORT).exists()
    }
    return [path for _, path in sorted(found.items())]


def _check_recipe(report: _Found, expected: object) -> None:
    recipe = report.content.get("recipe")
    if recipe != expected or not recipe:
        raise InputError(f"'{report.path}' is of recipe {recipe!r}, beside reports of {expected!r}")


def _read(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"cannot read '{path}': {error}") from error
    if not isinstance(content, dict):
        raise InputError(f"'{path}' holds a {type(content).__name__}: an object is needed")
    return content
