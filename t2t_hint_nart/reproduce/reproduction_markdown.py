"""The text of REPRODUCTION.md, from the content of the stored reports alone."""

import math
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from t2t_hint_nart.reproduce.findings import HINTED, ONE_PASS, PLAIN, findings
from t2t_hint_nart.reproduce.markdown import MISSING, inline_code, number, table
from t2t_hint_nart.reproduce.ordering import decoding_label, p_text, system_label
from t2t_hint_nart.reproduce.paper_results import HINTS_PAPER
from t2t_hint_nart.reproduce.report_markdown import background, calibration
from t2t_hint_nart.reproduce.report_scores import (
    ablation,
    result_columns,
    results,
    signatures,
    speed,
)
from t2t_hint_nart.reproduce.report_states import attention, cosine
from t2t_hint_nart.reproduce.rerun import Rerun, rerun_section
from t2t_hint_nart.reproduce.seeds import PairedTests, find_test, merge, paired_tests
from t2t_hint_nart.reproduce.spread import Spread
from t2t_hint_nart.reproduce.study_tables import study_tables

Report = Mapping[str, Any]

INTRODUCTION = f"""\
# Reproduction

What the experiments of this library measured, beside the numbers of {HINTS_PAPER}. This file is
written by `t2t-reproduce --write_reproduction=REPRODUCTION.md --reports_dir=reports` from the
stored reports, every number and every sentence about one; what is not here was not measured.

"a ± s" is the mean and the sample standard deviation over seeds. Differences are tested in each
seed by sacrebleu's paired approximate randomization on BLEU 13a, two-sided; seeds share a test set,
so their p-values are combined by twice the mean of one-sided ones (Vovk and Wang 2020), doubled for
two sides, which holds however they depend on each other. The t-test asks the other question,
whether other seeds would say the same; it is made of three seeds or more. "Significant" means a
combined p below 0.05 of that one test: of many tests, one in 20 comes out so by chance, and nothing
here is corrected for their number."""


@dataclass(frozen=True)
class Experiment:
    """What is stored of one recipe.

    Attributes:
        recipe: its name.
        reports: contents of report.json, one a seed.
        folders: of the reports, as they are linked.
        studies: contents of study.json and its like.
        reruns: whole runs made again.
    """

    recipe: str
    reports: tuple[Report, ...]
    folders: tuple[str, ...]
    studies: tuple[Report, ...] = ()
    reruns: tuple[Rerun, ...] = ()


def render(experiments: Sequence[Experiment]) -> str:
    """Return the document.

    Args:
        experiments: from `reproduction.read_experiments`.
    """
    merged = [merge(experiment.reports) for experiment in experiments]
    parts = [INTRODUCTION, "\n".join(_overview(experiments, merged))]
    for experiment, report in zip(experiments, merged, strict=True):
        parts += ["\n".join(lines) for lines in _sections(experiment, report) if lines]
    return "\n\n".join(parts) + "\n"


def _overview(experiments: Sequence[Experiment], merged: Sequence[Report]) -> list[str]:
    """One row a recipe: the paper's main claim."""
    body = []
    for experiment, report in zip(experiments, merged, strict=True):
        rows = {(row["system"], row["decoding"]): row for row in report["rows"]}
        beam = [row for key, row in rows.items() if key[0] == "teacher" and key[1] != "greedy"]
        tests = find_test(paired_tests(experiment.reports), ONE_PASS, PLAIN, HINTED)
        body.append(
            [
                inline_code(experiment.recipe),
                number(len(experiment.reports), "{:d}"),
                number(beam[0].get("bleu_13a") if beam else None),
                number(rows.get((PLAIN, ONE_PASS), {}).get("bleu_13a")),
                number(rows.get((HINTED, ONE_PASS), {}).get("bleu_13a")),
                number(tests.difference, "{:+.2f}") if tests else MISSING,
                p_text(tests.p_value).removeprefix("p ").removeprefix("= ") if tests else MISSING,
            ]
        )
    header = ["recipe", "seeds", "teacher beam", "student", "student with all hints", "gain", "p"]
    lines = ["## Overview", "", *table(header, body)]
    return [*lines, "", "BLEU 13a; students in one pass, trained on the teacher's translations."]


def _sections(experiment: Experiment, report: Report) -> list[list[str]]:
    tests = paired_tests(experiment.reports)
    said = findings(report, tests)
    quoted = ["## What the numbers say", "", *(f"* {sentence}" for sentence in said)]
    inner = [
        quoted if said else [],
        results(report),
        _spreads(report),
        ablation(report),
        _comparisons(tests),
        speed(report),
        signatures(report),
        cosine(report),
        attention(report),
        _figures(experiment),
        _studies(experiment, report),
        rerun_section(report, experiment.reports, experiment.reruns),
        calibration(report),
        _commands(experiment),
        background(_without_description(report)),
    ]
    return [_title(experiment, report), *map(_one_level_down, inner)]


def _one_level_down(lines: Sequence[str]) -> list[str]:
    return [f"#{line}" if line.startswith("## ") else line for line in lines]


def _title(experiment: Experiment, report: Report) -> list[str]:
    lines = [f"## Recipe {inline_code(experiment.recipe)}"]
    description = report.get("data", {}).get("description")
    if description:
        lines += ["", f"**Data.** {description}"]
    lines += ["", f"**Seeds.** {_seeds(experiment)}"]
    if report.get("settings", {}).get("warm_start") is True:
        lines += [
            "",
            "**Students** start from the teacher's weights; the paper's start from nothing.",
        ]
    return lines


def _seeds(experiment: Experiment) -> str:
    linked = ", ".join(
        f"[{report.get('seed', MISSING)}]({folder}/report.md)"
        for report, folder in zip(experiment.reports, experiment.folders, strict=True)
    )
    if len(experiment.reports) == 1:
        return (
            f"One, {linked}: how much another seed would change is not known. p-values are about "
            "the sentences of the test set only."
        )
    teachers = {report.get("settings", {}).get("teacher_seed") for report in experiment.reports}
    text = f"{len(experiment.reports)}: {linked}."
    if len(teachers) == 1 and None not in teachers:
        text += (
            f" All share the teacher of seed {teachers.pop()} and its translations: the spread of "
            "students is that of their own seeds, and that of the teacher's rows is the clock's."
        )
    return text


def _spreads(report: Report) -> list[str]:
    """Smallest and largest of every number in the results that differs between seeds."""
    columns = [
        column
        for column in result_columns(report)
        if any(isinstance(row.get(column[1]), Spread) for row in report["rows"])
    ]
    if not columns:
        return []
    body = [
        [
            system_label(row["system"]),
            decoding_label(row["decoding"]),
            str(row["seeds"]),
            *(_range(row.get(field), form) for _, field, form in columns),
        ]
        for row in report["rows"]
    ]
    header = ["system", "decoding", "seeds", *(title for title, _, _ in columns)]
    return ["## Smallest and largest", "", *table(header, body, 2)]


def _range(value: object, form: str) -> str:
    if not isinstance(value, Spread):
        return number(value, form)
    return f"{number(min(value.values), form)} to {number(max(value.values), form)}"


def _comparisons(tests: Sequence[PairedTests]) -> list[str]:
    body = [
        [
            decoding_label(test.decoding),
            system_label(test.baseline),
            system_label(test.system),
            number(test.difference, "{:+.2f}"),
            *([", ".join(f"{p:.3f}" for p in test.p_values)] if several else []),
            f"{test.p_value:.3f}",
            *([number(test.p_value_over_seeds, "{:.3f}")] if several else []),
        ]
        for several in [any(len(test.p_values) > 1 for test in tests)]
        for test in tests
    ]
    header = ["decoding", "baseline", "system", "BLEU 13a", "p"]
    if body and len(body[0]) > len(header):
        header[4:] = ["p of each seed", "p combined", "p of the t-test over seeds"]
    return ["## Paired comparisons", "", *table(header, body, 3)] if body else []


def _figures(experiment: Experiment) -> list[str]:
    """The first seed's figures."""
    report, folder = experiment.reports[0], experiment.folders[0]
    lines: list[str] = []
    for figure in report.get("figures", []):
        caption = figure.get("caption", "")
        lines += ["", f"![{caption}]({folder}/{figure['file']})", "", f"*{caption}*"]
    seed = f" (seed {report['seed']})" if len(experiment.reports) > 1 else ""
    return [f"## Figures{seed}", *lines] if lines else []


def _studies(experiment: Experiment, report: Report) -> list[str]:
    lines = study_tables([row for study in experiment.studies for row in study.get("rows", [])])
    if not lines:
        return []
    if _any_single_seed(experiment.studies):
        lines[0] += _chance(report)
    commands = [study["command"] for study in experiment.studies if study.get("command")]
    made = ["", "```bash", *dict.fromkeys(commands), "```"] if commands else []
    return ["## What matters: variants of the student", "", *lines, *made]


def _any_single_seed(studies: Sequence[Report]) -> bool:
    """Whether some question was answered by one seed alone."""
    seeds: dict[str, set[int]] = {}
    for row in (row for study in studies for row in study["rows"]):
        seeds.setdefault(row["question"], set()).add(row["seed"])
    return any(len(found) == 1 for found in seeds.values())


def _chance(report: Report) -> str:
    """How much of a difference between two runs of a study the seed alone may make."""
    scores = [row["bleu_13a"] for row in report["rows"] if row["decoding"] == ONE_PASS]
    deviations = [score.deviation for score in scores if isinstance(score, Spread)]
    if not deviations:
        return ""
    # The difference of two runs has √2 of one run's deviation, in 1 of 20 cases twice as much.
    bound = 2 * math.sqrt(2 * statistics.fmean(s * s for s in deviations))
    return (
        f" The recipe's students (Results) differ by more than {bound:.1f} BLEU from one seed to "
        "another in one of 20 cases: smaller differences between single runs may be chance."
    )


def _commands(experiment: Experiment) -> list[str]:
    commands = [report["command"] for report in experiment.reports if report.get("command")]
    return ["## Commands", "", "```bash", *commands, "```"] if commands else []


def _without_description(report: Report) -> Report:
    """The text stands under the title already; the recipe's one has the same twice."""
    data = {key: value for key, value in report.get("data", {}).items() if key != "description"}
    told = ("name", "doc", "data_statement")
    settings = {k: v for k, v in report.get("settings", {}).items() if k not in told}
    return {**report, "data": data, "settings": settings}
