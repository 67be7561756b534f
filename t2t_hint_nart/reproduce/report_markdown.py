"""report.md: the content of report.json for people to read.

Every section is made by one function from the report alone and is left out where the report has
nothing for it.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from t2t_hint_nart.reproduce.markdown import MISSING, flat_items, inline_code, number, table
from t2t_hint_nart.reproduce.ordering import decoding_label, system_label
from t2t_hint_nart.reproduce.paper_results import (
    CRF_POSTER,
    DATASETS,
    HINTS_PAPER,
    TEACHER_COSINES_BELOW,
    published,
)

FALLBACK_DATASET = "iwslt14_deen"
_SCORE_NAMES = {
    "bleu_13a": "BLEU 13a",
    "bleu_13a_lc": "BLEU 13a, lower case",
    "bleu_intl": "BLEU intl (t2t-bleu BLEU_cased)",
    "bleu_intl_uncased": "BLEU intl (t2t-bleu BLEU_uncased)",
    "bleu_tokenized": "BLEU tokenized (get_ende_bleu.sh)",
    "chrf": "chrF",
}
_ABLATION = ("student_nll", "student_align", "student_hid", "student_align_hid")

Report = Mapping[str, Any]


def render(report: Report) -> str:
    """Return the report as Markdown.

    Args:
        report: from `report.build_report`, or the content of a report.json. Only `recipe` is
            needed; what is missing leaves a dash or no section.
    """
    sections: Sequence[Callable[[Report], list[str]]] = (
        _title,
        _results,
        _ablation,
        _signatures,
        _speed,
        _cosine,
        _attention,
        _samples,
        _figures,
        _calibration,
        _commands,
        _background,
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


def _dataset(report: Report) -> tuple[str, bool]:
    """Return the paper's data set to show beside ours, and whether ours is the same."""
    named = report.get("data", {}).get("paper_dataset")
    return (named, True) if named in DATASETS else (FALLBACK_DATASET, False)


def _paper_note(report: Report) -> str:
    dataset, same = _dataset(report)
    sources = f"{HINTS_PAPER}, and where it has no row {CRF_POSTER}"
    note = f"The paper's columns are {DATASETS[dataset]} ({sources}"
    if same:
        return f"{note}), tokenised BLEU: beside our BLEU tokenized."
    return f"{note}): other text, so compare the order and the differences, not the values."


def _results(report: Report) -> list[str]:
    rows = report.get("rows", [])
    lines = ["## Results", ""]
    if not rows:
        return [*lines, "No system has been scored."]
    header = "system,decoding,BLEU 13a,BLEU intl,BLEU tokenized,chrF,long BLEU 13a,repetition %"
    header += ",latency ms,speed-up,sentences,paper BLEU,paper speed-up"
    lines += table(header.split(","), [_result(row, _dataset(report)[0]) for row in rows], 2)
    label = next((row["long_label"] for row in rows if row.get("long_label")), None)
    if label:
        lines += ["", f"Long: {label}. Repetition: tokens equal to the one before, in percent."]
    lines += ["", _paper_note(report)]
    lines += ["", *(f"* **Order, {statement}" for statement in _emphasised(report))]
    return lines if report.get("order") else lines[:-1]


def _emphasised(report: Report) -> list[str]:
    """Close the bold part of each statement before its numbers."""
    return [statement.replace(" (BLEU", "** (BLEU", 1) for statement in report.get("order", [])]


def _result(row: Report, dataset: str) -> list[str]:
    paper = published(dataset, row["system"], row["decoding"])
    names = ("bleu_13a", "bleu_intl", "bleu_tokenized", "chrf", "long_bleu_13a")
    return [
        system_label(row["system"]),
        decoding_label(row["decoding"]),
        *(number(row.get(name)) for name in names),
        number(row.get("repetition_percent")),
        number(row.get("latency_ms"), "{:.1f}"),
        number(row.get("speedup"), "{:.2f}×"),
        number(row.get("sentences"), "{:d}"),
        number(paper.bleu.get(dataset) if paper else None),
        number(paper.speedup if paper else None, "{:.2f}×"),
    ]


def _ablation(report: Report) -> list[str]:
    """The paper's Table 2: what each hint adds, in one pass."""
    rows = {row["system"]: row for row in report.get("rows", []) if row["decoding"] == "one_pass"}
    systems = [system for system in _ABLATION if system in rows]
    if len(systems) < 2:
        return []
    dataset = _dataset(report)[0]
    papers = [published(dataset, system, "one_pass") for system in systems]

    def ours(name: str) -> list[str]:
        return [number(rows[system].get(name)) for system in systems]

    def theirs(name: str) -> list[str]:
        found = [(getattr(paper, name) or {}) if paper else {} for paper in papers]
        return [number(values.get(dataset)) for values in found]

    body = [
        ["BLEU 13a", *ours("bleu_13a")],
        ["BLEU tokenized", *ours("bleu_tokenized")],
        ["paper: BLEU", *theirs("bleu")],
        ["long-sentence BLEU 13a", *ours("long_bleu_13a")],
        ["paper: long-sentence BLEU", *theirs("long_bleu")],
        ["repetition %", *ours("repetition_percent")],
        ["paper: repetition %", *theirs("repetition_percent")],
    ]
    heading = ["## What the hints add (one pass, the paper's Table 2)", ""]
    return heading + table(["", *(system_label(system) for system in systems)], body)


def _signatures(report: Report) -> list[str]:
    found: dict[str, str] = {}
    for row in report.get("rows", []):
        named = row.get("signatures") or {"bleu_13a": row.get("signature")}
        found |= {name: text for name, text in named.items() if text}
    if not found:
        return []
    lines = [f"* {_SCORE_NAMES.get(name, name)}: {inline_code(found[name])}" for name in found]
    return ["## Signatures", "", *lines]


def _speed(report: Report) -> list[str]:
    if not any(row.get("latency_ms") for row in report.get("rows", [])):
        return []
    note = (
        "Latency is the median of one sentence at a time (batch 1), warm-up excluded; speed-up is "
        "against our own teacher's beam search on the same machine. The paper's 30.2× is against a "
        "teacher of 784 ms; on the same team's later poster the teacher takes 387 ms, which makes "
        f"it 14.9× ({CRF_POSTER})."
    )
    machine = report.get("hardware", {})
    if machine.get("cpu"):
        devices = ", ".join(machine.get("gpus") or ["no GPU"])
        note += f" Measured on {machine['cpu']}, {machine.get('cores', MISSING)} cores, {devices}."
    return ["## Speed", "", note]


def _cosine(report: Report) -> list[str]:
    body = []
    for system, readings in report.get("cosine", {}).items():
        # One reading of the states, or several by name.
        named = {"": readings} if "below" in readings else readings
        for reading, values in named.items():
            below = values.get("below", {})
            body.append(
                [
                    system_label(system),
                    reading,
                    number(values.get("mean"), "{:.3f}"),
                    *(number(below.get(key), "{:.1%}") for key in TEACHER_COSINES_BELOW),
                    number(values.get("pairs"), "{:d}"),
                ]
            )
    if not body:
        return []
    paper = [number(share, "{:.0%}") for share in TEACHER_COSINES_BELOW.values()]
    body.append(["teacher, paper", "not stated", MISSING, *paper, MISSING])
    header = ["system", "states", "mean", *(f"< {key}" for key in TEACHER_COSINES_BELOW), "pairs"]
    heading = "## Cosine similarity of decoder states (paper, section 2.1)"
    return [heading, "", *table(header, body, 2)]


def _attention(report: Report) -> list[str]:
    body = [
        [
            system_label(system),
            number(values.get("entropy"), "{:.3f}"),
            number(values.get("kl_to_teacher"), "{:.3f}"),
        ]
        for system, values in report.get("attention", {}).items()
    ]
    if not body:
        return []
    header = ["system", "entropy, nats", "KL from the teacher, nats"]
    return ["## Encoder-decoder attention", "", *table(header, body)]


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


def _calibration(report: Report) -> list[str]:
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


def _background(report: Report) -> list[str]:
    """Counts, settings, time, machine and versions."""
    data = dict(report.get("data", {}))
    data.pop("description", None)
    seconds = dict(report.get("wall_seconds", {}))
    if len(seconds) > 1:
        seconds["all stages"] = sum(seconds.values())
    times = {stage: _duration(value) for stage, value in seconds.items()}
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


def _duration(seconds: float) -> str:
    """Return seconds as people say them.

    Example:
        >>> _duration(42.3), _duration(185), _duration(7500)
        ('42.3 s', '3 min 5 s', '2 h 5 min')
    """
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
