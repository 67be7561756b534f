"""A whole experiment made again: does it give what the stored seeds say?

Seeds may share a teacher and its translations, and then their spread is that of the students alone.
A rerun makes everything again, teacher included, by the one command that a reader would give. With
the seed of a stored report and the same arithmetic it should be that report again, digit for digit;
with another seed, or on a machine that adds up in another order, it should be like the seeds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from t2t_hint_nart.evaluation.across_seeds import prediction_test
from t2t_hint_nart.reproduce.findings import HINTED, ONE_PASS, PLAIN, REAL, gain_statement
from t2t_hint_nart.reproduce.markdown import MISSING, duration, number, table
from t2t_hint_nart.reproduce.ordering import SIGNIFICANT, decoding_label, system_label
from t2t_hint_nart.reproduce.seeds import find_test, paired_tests
from t2t_hint_nart.reproduce.spread import Spread

Report = Mapping[str, Any]
# Title, field of a row.
_COMPARED = (("BLEU 13a", "bleu_13a"), ("repetition %", "repetition_percent"))
_TIMES = ("latency", "speedup")


@dataclass(frozen=True)
class Rerun:
    """What is stored of a whole run.

    Attributes:
        report: content of report.json.
        folder: of the report, as it is linked.
    """

    report: Report
    folder: str


def rerun_section(merged: Report, reports: Sequence[Report], reruns: Sequence[Rerun]) -> list[str]:
    """Return the lines that set reruns beside the seeds.

    Args:
        merged: `seeds.merge` of the seeds' reports.
        reports: of the seeds.
        reruns: of the same recipe.
    """
    if not reruns:
        return []
    lines = [
        "## Made again, from nothing",
        "",
        "One command made everything again: data, teacher, distilled data, students, scores.",
    ]
    for rerun in reruns:
        seed = rerun.report.get("seed")
        lines += ["", _title(rerun)]
        if _measured(rerun.report) in map(_measured, reports):
            lines[-1] += (
                f" Every score, p-value, cosine, entropy and loss is that of seed {seed} above, "
                "digit for digit."
            )
        else:
            lines += _comparison(merged, rerun.report)
    return lines


def _measured(report: Report) -> dict[str, Any]:
    """What an experiment of the same seed gives again: all but the times, which are the clock's."""
    rows = [
        {field: value for field, value in row.items() if not field.startswith(_TIMES)}
        for row in report["rows"]
    ]
    kept = ("seed", "significance", "cosine", "attention", "calibration", "training")
    return {"rows": rows} | {key: report.get(key) for key in kept}


def _comparison(merged: Report, report: Report) -> list[str]:
    """Each score beside the seeds', and whether it could be of one more."""
    rows = {(row["system"], row["decoding"]): row for row in report["rows"]}
    pairs = [
        (row, rows[row["system"], row["decoding"]])
        for row in merged["rows"]
        if (row["system"], row["decoding"]) in rows
    ]
    body = [
        [
            system_label(row["system"]),
            decoding_label(row["decoding"]),
            *(cell for _, field in _COMPARED for cell in _cells(row, again, field)),
        ]
        for row, again in pairs
    ]
    header = ["system", "decoding"]
    for title, _ in _COMPARED:
        header += [f"{title}, seeds", "again", "difference", "p"]
    return [
        "",
        '"p" asks whether a number could be that of one more seed: '
        "t = (x - mean) / (s √(1 + 1/n)), two-sided, n - 1 degrees of freedom. Where seeds share a "
        "teacher, their s knows nothing of another teacher's.",
        "",
        *table(header, body, 2),
        "",
        *(f"* {sentence}" for sentence in (*_agreement(pairs), *_gains(report))),
    ]


def _title(rerun: Rerun) -> str:
    report = rerun.report
    text = f"**[Seed {report.get('seed', MISSING)}]({rerun.folder}/report.md)**"
    seconds = sum(float(value) for value in report.get("wall_seconds", {}).values())
    if seconds:
        text += f": {duration(seconds)}, all stages"
    hardware = report.get("hardware", {})
    if hardware.get("cpu"):
        text += f", on {hardware['cpu']}, {hardware.get('cores', MISSING)} cores"
    if hardware.get("gpus"):
        text += f", {', '.join(map(str, hardware['gpus']))}"
    return f"{text}."


def _cells(row: Report, again: Report, field: str) -> list[str]:
    """What the seeds measured, what this run did, how they differ, and p."""
    seeds, value = row.get(field), again.get(field)
    difference = None if seeds is None or value is None else value - float(seeds)
    p_value = _p_value(row, again, field)
    return [
        number(seeds),
        number(value),
        number(difference, "{:+.2f}"),
        number(p_value, "{:.3f}"),
    ]


def _p_value(row: Report, again: Report, field: str) -> float | None:
    """Of the run being one more seed; None where the seeds have no spread."""
    seeds, value = row.get(field), again.get(field)
    if value is None or not isinstance(seeds, Spread):
        return None
    return prediction_test(seeds.values, value)


def _agreement(pairs: Sequence[tuple[Report, Report]]) -> list[str]:
    """In how many rows the run could be one more seed."""
    sentences = []
    for title, field in _COMPARED:
        p_values = [p for pair in pairs if (p := _p_value(*pair, field)) is not None]
        if p_values:
            within = sum(p >= SIGNIFICANT for p in p_values)
            sentences.append(
                f"{title}: {within} of {len(p_values)} rows could be of one more seed (p >= "
                f"{SIGNIFICANT:g})."
            )
    return sentences


def _gains(report: Report) -> list[str]:
    """What this run alone says of the paper's claim."""
    tests = paired_tests([report])
    found = (find_test(tests, ONE_PASS, baseline, HINTED) for baseline in (PLAIN, REAL))
    return [gain_statement(test) for test in found if test]
