"""What a report says of scores and speed: tables beside the paper's own numbers.

The problem's own BLEU comes first, then the others, each labelled; a score that no row has gets no
column. Numbers may be those of one seed or the spread of several.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from t2t_hint_nart.evaluation.bleu_conventions import BleuConvention, in_order
from t2t_hint_nart.reproduce.markdown import MISSING, inline_code, number, table
from t2t_hint_nart.reproduce.ordering import decoding_label, system_label
from t2t_hint_nart.reproduce.paper_results import (
    CRF_POSTER,
    DATASETS,
    HINTS_PAPER,
    published,
)

FALLBACK_DATASET = "iwslt14_deen"
_SCORE_NAMES = {
    "bleu_13a": "BLEU 13a",
    "bleu_13a_lc": "BLEU 13a, lower case",
    "bleu_intl": "BLEU intl (t2t-bleu BLEU_cased)",
    "bleu_intl_uncased": "BLEU intl (t2t-bleu BLEU_uncased)",
    "bleu_tokenized": "BLEU tokenized (get_ende_bleu.sh)",
    "bleu_tokenized_lc": "BLEU tokenized, lower case (IWSLT14)",
    "chrf": "chrF",
}
_ABLATION = ("student_nll", "student_align", "student_hid", "student_align_hid")

Report = Mapping[str, Any]
# Title, field of a row, format.
Column = tuple[str, str, str]


def _dataset(report: Report) -> tuple[str, bool]:
    """Return the paper's data set to show beside ours, and whether ours is the same."""
    named = report.get("data", {}).get("paper_dataset")
    return (named, True) if named in DATASETS else (FALLBACK_DATASET, False)


def _conventions(report: Report) -> list[BleuConvention]:
    return list(in_order(report.get("data", {}).get("bleu_convention")))


def _measured(columns: Sequence[Column], rows: Sequence[Report]) -> list[Column]:
    """Return the columns for which some row has a number."""
    return [column for column in columns if any(row.get(column[1]) is not None for row in rows)]


def _score_columns(report: Report) -> list[Column]:
    scores = [(c.label, c.score, "{:.2f}") for c in _conventions(report)]
    long = [(f"long {label}", f"long_{score}", form) for label, score, form in scores]
    own, *others = scores
    intl = ("BLEU intl", "bleu_intl", "{:.2f}")
    return [own, *others, intl, ("chrF", "chrf", "{:.2f}"), *long]


def result_columns(report: Report) -> list[Column]:
    """Return the columns of the results: scores, the problem's own first, and speed."""
    return [
        *_measured(_score_columns(report), report["rows"]),
        ("repetition %", "repetition_percent", "{:.2f}"),
        ("latency ms", "latency_ms", "{:.1f}"),
        ("speed-up", "speedup", "{:.2f}×"),
    ]


def paper_note(report: Report) -> str:
    """Return a sentence that says what the paper's columns are."""
    dataset, same = _dataset(report)
    sources = f"{HINTS_PAPER}, and where it has no row {CRF_POSTER}"
    note = f"The paper's columns are {DATASETS[dataset]} ({sources}"
    if same:
        own = _conventions(report)[0].label
        return f"{note}), tokenised BLEU: beside our {own}."
    return (
        f"{note}): other text, so compare the order and the differences, not the values. Its "
        "speed-ups are of WMT14 En-De."
    )


def results(report: Report) -> list[str]:
    """Return the section with a row for every system and decoding."""
    rows = report.get("rows", [])
    lines = ["## Results", ""]
    if not rows:
        return [*lines, "No system has been scored."]
    columns = [*result_columns(report), ("sentences", "sentences", "{:d}")]
    titles = ["system", "decoding", *(title for title, _, _ in columns)]
    body = [_result(row, columns, _dataset(report)[0]) for row in rows]
    lines += table([*titles, "paper BLEU", "paper speed-up"], body, 2)
    label = next((row["long_label"] for row in rows if row.get("long_label")), None)
    if label:
        lines += ["", f"Long: {label}. Repetition: tokens equal to the one before, in percent."]
    if any(row.get("text_is_tokenized") for row in rows):
        lines += ["", "The text is tokenised already: its BLEU 13a is not that of plain text."]
    alphas = report.get("settings", {}).get("rescoring_alphas") or []
    if len(alphas) == 1 and alphas[0]:
        lines += ["", f"Candidates are rescored with alpha {alphas[0]:g}; the paper's is 0."]
    lines += ["", paper_note(report)]
    lines += ["", *(f"* **Order, {statement}" for statement in _emphasised(report))]
    return lines if report.get("order") else lines[:-1]


def _emphasised(report: Report) -> list[str]:
    """Close the bold part of each statement before its numbers."""
    return [statement.replace(" (BLEU", "** (BLEU", 1) for statement in report.get("order", [])]


def _result(row: Report, columns: Sequence[Column], dataset: str) -> list[str]:
    paper = published(dataset, row["system"], row["decoding"])
    return [
        system_label(row["system"]),
        decoding_label(row["decoding"]),
        *(number(row.get(field), form) for _, field, form in columns),
        number(paper.bleu.get(dataset) if paper else None),
        number(paper.speedup if paper else None, "{:.2f}×"),
    ]


def ablation(report: Report) -> list[str]:
    """Return the paper's Table 2: what each hint adds, in one pass."""
    rows = {row["system"]: row for row in report.get("rows", []) if row["decoding"] == "one_pass"}
    systems = [system for system in _ABLATION if system in rows]
    if len(systems) < 2:
        return []
    dataset = _dataset(report)[0]
    papers = [published(dataset, system, "one_pass") for system in systems]

    def ours(columns: Sequence[Column]) -> list[list[str]]:
        measured = _measured(columns, [rows[system] for system in systems])
        return [
            [title, *(number(rows[system].get(field), form) for system in systems)]
            for title, field, form in measured
        ]

    def theirs(title: str, name: str) -> list[str]:
        found = [(getattr(paper, name) or {}) if paper else {} for paper in papers]
        return [f"paper: {title}", *(number(values.get(dataset)) for values in found)]

    scores = [(c.label, c.score, "{:.2f}") for c in _conventions(report)]
    long = [(f"long-sentence {label}", f"long_{name}", form) for label, name, form in scores]
    body = [
        *ours(scores),
        theirs("BLEU", "bleu"),
        *ours(long),
        theirs("long-sentence BLEU", "long_bleu"),
        *ours([("repetition %", "repetition_percent", "{:.2f}")]),
        theirs("repetition %", "repetition_percent"),
    ]
    heading = ["## What the hints add (one pass, the paper's Table 2)", ""]
    return heading + table(["", *(system_label(system) for system in systems)], body)


def signatures(report: Report) -> list[str]:
    """Return the section that says how each score was computed."""
    found: dict[str, str] = {}
    for row in report.get("rows", []):
        named = row.get("signatures") or {"bleu_13a": row.get("signature")}
        found |= {name: text for name, text in named.items() if text}
    if not found:
        return []
    lines = [f"* {_SCORE_NAMES.get(name, name)}: {inline_code(found[name])}" for name in found]
    return ["## Signatures", "", *lines]


def speed(report: Report) -> list[str]:
    """Return the section that says how speed was measured, and the paper's."""
    if not any(row.get("latency_ms") for row in report.get("rows", [])):
        return []
    note = (
        "Latency is the median of one sentence at a time (batch 1), warm-up excluded; speed-up is "
        "against our own teacher's beam search on the same machine. The paper's 30.2× is of mean "
        "latencies on a GPU, against a teacher of 784 ms; on the same team's later poster the "
        f"teacher takes 387 ms, which makes it 14.9× ({CRF_POSTER})."
    )
    machine = report.get("hardware", {})
    if machine.get("cpu"):
        devices = ", ".join(machine.get("gpus") or ["no GPU"])
        note += f" Measured on {machine['cpu']}, {machine.get('cores', MISSING)} cores, {devices}."
    return ["## Speed", "", note]
