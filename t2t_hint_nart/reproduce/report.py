"""The report of an experiment: report.json for programs, report.md for people.

Takes plain values from the stages of an experiment; nothing is computed here but speed-ups and the
sentences about the order of the systems.
"""

import json
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.reproduce import hardware as machine
from t2t_hint_nart.reproduce.ordering import order_statements
from t2t_hint_nart.reproduce.report_markdown import render
from t2t_hint_nart.whole_file import write_whole

BASELINE_SYSTEM = "teacher"
BASELINE_DECODING = "beam"


def build_report(
    *,
    recipe: str,
    seed: int,
    rows: Sequence[Mapping[str, Any]],
    command: str,
    translate_command: str | None = None,
    data: Mapping[str, Any] | None = None,
    cosine: Mapping[str, Any] | None = None,
    attention: Mapping[str, Any] | None = None,
    significance: Sequence[Mapping[str, Any]] = (),
    samples: Sequence[Mapping[str, str]] = (),
    figures: Sequence[Mapping[str, str]] = (),
    calibration: Mapping[str, Any] | None = None,
    training: Mapping[str, Any] | None = None,
    settings: Mapping[str, Any] | None = None,
    wall_seconds: Mapping[str, float] | None = None,
    hardware: Mapping[str, Any] | None = None,
    versions: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Gather what was measured into the content of report.json.

    Args:
        recipe: name of the recipe.
        seed: of the whole experiment.
        rows: one a system and decoding, as `report_row.report_row` makes them; keys that were not
            measured may be missing.
        command: line that makes this experiment again.
        translate_command: line that translates a sentence with the best student.
        data: `description`, a sentence saying what the text is; `paper_dataset`, a name of
            `paper_results.DATASETS` if it is the paper's own; anything else, such as counts.
        cosine: {system: {reading: statistics}}, statistics as `CosineStatistics.to_dict` has them.
        attention: {system: statistics}, as `AttentionStatistics.to_dict` has them.
        significance: comparisons as `PairedComparison.to_dict` has them, each with its `decoding`.
        samples: {"source": ..., "reference": ..., system: translation, ...} a sentence.
        figures: {"file": name beside the report, "caption": ...} each.
        calibration: terms at initialisation and the weights proposed from them.
        training: {system: {term: [steps, values]}}, unweighted.
        settings: hyperparameters and training settings used.
        wall_seconds: of each stage.
        hardware: as `hardware.hardware` has it; this machine by default.
        versions: as `hardware.versions` has them; this process's by default.

    Returns:
        Plain JSON values: `recipe`, `seed`, `hardware`, `rows`, `cosine` and the others under the
        names of the arguments, and `order`, the sentences about who came out best. A number that is
        not finite becomes None.

    Raises:
        InputError: if a row lacks `system` or `decoding`, or two rows share both.
    """
    _check_rows(rows)
    report = _plain(
        {
            "recipe": recipe,
            "seed": seed,
            "command": command,
            "translate_command": translate_command,
            "data": data or {},
            "rows": with_speedups(rows),
            "order": order_statements(rows, significance),
            "significance": significance,
            "cosine": cosine or {},
            "attention": attention or {},
            "calibration": calibration or {},
            "training": training or {},
            "samples": samples,
            "figures": figures,
            "settings": settings or {},
            "wall_seconds": wall_seconds or {},
            "hardware": machine.hardware() if hardware is None else hardware,
            "versions": machine.versions() if versions is None else versions,
        }
    )
    assert isinstance(report, dict)
    return report


def write_report(
    report: Mapping[str, Any], output_dir: str | os.PathLike[str]
) -> tuple[Path, Path]:
    """Write report.json and report.md, each whole or not at all.

    Args:
        report: from `build_report`.
        output_dir: made if it isn't there.

    Returns:
        The paths of report.json and report.md.
    """
    folder = Path(output_dir)
    as_json = json.dumps(report, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return (
        write_whole(folder / "report.json", as_json),
        write_whole(folder / "report.md", render(report)),
    )


def with_speedups(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with `speedup`: the latency of the teacher's beam search over the row's own.

    A speed-up that a row brings along stays; where a latency is missing it is None.
    """
    baseline = next(
        (
            row.get("latency_ms")
            for row in rows
            if row["system"] == BASELINE_SYSTEM and row["decoding"].startswith(BASELINE_DECODING)
        ),
        None,
    )

    def speedup(row: Mapping[str, Any]) -> float | None:
        if row.get("speedup") is not None:
            return float(row["speedup"])
        latency = row.get("latency_ms")
        return float(baseline) / float(latency) if baseline and latency else None

    return [{**row, "speedup": speedup(row)} for row in rows]


def _check_rows(rows: Sequence[Mapping[str, Any]]) -> None:
    seen = set()
    for index, row in enumerate(rows):
        if "system" not in row or "decoding" not in row:
            raise InputError(
                f"row {index} of the report has the keys {sorted(row)}: "
                "'system' and 'decoding' are needed"
            )
        key = (row["system"], row["decoding"])
        if key in seen:
            raise InputError(f"two rows of the report are for {key[0]} with {key[1]}")
        seen.add(key)


def _plain(value: Any) -> Any:
    """Return the value in JSON's types, with None for numbers that JSON cannot hold."""
    if hasattr(value, "tolist"):  # NumPy's scalars and arrays.
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return str(value) if isinstance(value, os.PathLike) else value
