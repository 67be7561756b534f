"""report.md: the content of report.json for people to read.

Every section is made by one function from the report alone and is left out where the report has
nothing for it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from t2t_hint_nart.reproduce.markdown import duration, flat_items, inline_code, table
from t2t_hint_nart.reproduce.ordering import system_label
from t2t_hint_nart.reproduce.report_scores import ablation, results, signatures, speed
from t2t_hint_nart.reproduce.report_states import attention, cosine

Report = Mapping[str, Any]


def render(report: Report) -> str:
    """Return the report as Markdown.

    Args:
        report: from `report.build_report`, or the content of a report.json. Only `recipe` is
            needed; what is missing leaves a dash or no section.
    """
    sections: Sequence[Callable[[Report], list[str]]] = (
        _title,
        results,
        ablation,
        signatures,
        speed,
        cosine,
        attention,
        _samples,
        _figures,
        calibration,
        _commands,
        background,
    )
    parts = ["\n".join(lines) for lines in (section(report) for section in sections) if lines]
    return "\n\n".join(parts) + "\n"


def _title(report: Report) -> list[str]:
    lines = [f"# Hint-based training: recipe {inline_code(report['recipe'])}"]
    description = report.get("data", {}).get("description")
    if description:
        lines += ["", f"**Data.** {description}"]
    if report.get("seed") is not None:
        lines += ["", f"Seed {report['seed']}."]
    return lines


def _samples(report: Report) -> list[str]:
    lines: list[str] = []
    for sample in report.get("samples", []):
        body = [[system_label(name), text] for name, text in sample.items()]
        lines += ["", *table(["", ""], body, 2)]
    return ["## Sample translations", *lines] if lines else []


def _figures(report: Report) -> list[str]:
    lines: list[str] = []
    for figure in report.get("figures", []):
        caption = figure.get("caption", "")
        lines += ["", f"![{caption}]({figure['file']})", "", f"*{caption}*"]
    return ["## Figures", *lines] if lines else []


def calibration(report: Report) -> list[str]:
    """Return the section of the loss terms at initialisation."""
    return _settings_table("## Loss terms at initialisation", report.get("calibration"))


def _commands(report: Report) -> list[str]:
    commands = [
        ("Make this experiment again:", report.get("command")),
        ("Translate a sentence:", report.get("translate_command")),
    ]
    lines: list[str] = []
    for title, command in commands:
        if command:
            lines += ["", title, "", "```bash", command, "```"]
    return ["## Commands", *lines] if lines else []


def background(report: Report) -> list[str]:
    """Return the sections of counts, settings, time, machine and versions."""
    data = dict(report.get("data", {}))
    data.pop("description", None)
    seconds = {stage: float(value) for stage, value in report.get("wall_seconds", {}).items()}
    if len(seconds) > 1:
        seconds["all stages"] = sum(seconds.values())
    times = {stage: duration(value) for stage, value in seconds.items()}
    sections = [
        _settings_table("## Data", data),
        _settings_table("## Settings", report.get("settings")),
        _settings_table("## Time", times),
        _settings_table("## Machine", report.get("hardware")),
        _settings_table("## Versions", report.get("versions")),
    ]
    return "\n\n".join("\n".join(lines) for lines in sections if lines).splitlines()


def _settings_table(heading: str, values: Mapping[str, Any] | None) -> list[str]:
    if not values:
        return []
    return [heading, "", *table(["", ""], flat_items(values), 2)]
