"""What is written of results: a run's rows and report.md, and the tables of a document."""

import os
import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from t2t_hint_nart.errors import InputError, find_named
from t2t_hint_nart.reproduce import tables
from t2t_hint_nart.reproduce.recipe import Recipe, find_recipe
from t2t_hint_nart.reproduce.rows import FILE, Row, Rows, read_rows, write_rows
from t2t_hint_nart.whole_file import write_whole

_SECTIONS = {
    "results": "Results",
    "ablation": "What the hints add (the paper's Table 2)",
    "comparisons": "Paired comparisons",
    "states": "Decoder states and attention (the paper's section 2.1)",
    "systems": "Systems",
    "facts": "The run",
}
_MARKED = re.compile(r"(<!-- table: ([^\n]*?) -->\n).*?(<!-- end -->)", re.DOTALL)


class Finished(NamedTuple):
    """What a finished experiment tells: its report, the rows in short, how its best translates."""

    report: Path
    summary: str
    best: str
    translate_command: str


def finish(
    recipe: Recipe,
    rows: Sequence[Row],
    output_dir: Path,
    export_dir: Callable[[str], str],
    *,
    samples: Sequence[Mapping[str, str]] = (),
    figures: Sequence[Mapping[str, str]] = (),
) -> Finished:
    """Write results.jsonl and report.md of one run.

    Args:
        recipe: of the run.
        rows: everything that was measured.
        output_dir: of the run.
        export_dir: of a system, by its name.
        samples: {"source": ..., "reference": ..., label of a system: translation} a sentence.
        figures: {"file": name beside the report, "caption": ...} each.
    """
    write_rows(output_dir / FILE, rows)
    own = Rows(rows, recipe.name)
    best = best_system(recipe, own)
    command = translate_command(export_dir(best))
    text = "\n\n".join(
        [
            _head(recipe, own, command),
            *(f"## {title}\n\n{found}" for title, found in _own_tables(recipe, own)),
            *_samples(samples),
            *(f"![{f['caption']}]({f['file']})\n\n*{f['caption']}*" for f in figures),
        ]
    )
    path = write_whole(output_dir / "report.md", text + "\n")
    return Finished(path, summary(own), best, command)


def _head(recipe: Recipe, rows: Rows, command: str) -> str:
    return (
        f"# Recipe `{recipe.name}`, seed {rows.seeds[0]}\n\n{recipe.data_statement}\n\n"
        f"```\n{rows.get('command')}\n{command}\n```"
    )


def _own_tables(recipe: Recipe, rows: Rows) -> list[tuple[str, str]]:
    wanted = _SECTIONS
    if recipe.questions:
        wanted = {"study": "Study", **{name: _SECTIONS[name] for name in ("systems", "facts")}}
    found = ((title, tables.TABLES[name](recipe, rows)) for name, title in wanted.items())
    return [(title, "\n".join(lines)) for title, lines in found if lines]


def _samples(samples: Sequence[Mapping[str, str]]) -> list[str]:
    lines = ["## Sample translations"] if samples else []
    return lines + ["\n".join(tables.table(["", ""], sample.items(), 2)) for sample in samples]


def best_system(recipe: Recipe, rows: Rows) -> str:
    """Return the system whose export translates best, who distils only if there is no other."""
    exported = [(s.name, recipe.exported(s.name).name) for s in recipe.systems]
    keys = [key for key in exported if key in rows.decoded()] or exported
    others = [key for key in keys if key[0] != recipe.distilled_by] or keys
    return max(others, key=lambda key: rows.get("bleu_13a", *key) or 0.0)[0]


def translate_command(export_dir: str) -> str:
    """Return the command line that translates a sentence with an export."""
    return f"t2t-query-server --export_dir={shlex.quote(export_dir)} --inputs_once='Guten Morgen!'"


def summary(rows: Rows) -> str:
    """Return the rows for a terminal: BLEU, repetition, latency, speed-up."""
    lines = [f"{'system':20s} {'decoding':20s} {'BLEU':>6s} {'rep %':>6s} {'ms':>8s} {'x':>6s}"]
    for system, decoding in rows.decoded():
        bleu, repeated, latency, speedup = (
            rows.get(metric, system, decoding)
            for metric in ("bleu_13a", "repetition_percent", "latency_ms", "speedup")
        )
        lines.append(
            f"{system:20s} {decoding:20s} {bleu:6.2f} {repeated:6.2f} "
            f"{tables.number(latency, '{:.1f}'):>8s} {tables.number(speedup, '{:.1f}'):>6s}"
        )
    return "\n".join(lines)


def write_reproduction(path: str | os.PathLike[str], reports_dir: str | os.PathLike[str]) -> Path:
    """Write the tables of a document anew, from stored rows; the rest of it stays as it is.

    A table stands between `<!-- table: <name> <recipe> <option>=<value> -->` and `<!-- end -->`;
    names are those of `tables.TABLES`, and `runs`, which is of all recipes.

    Args:
        path: of the document.
        reports_dir: of the rows.

    Raises:
        InputError: there is no such document, no such table or recipe, or no rows.
    """
    target = Path(path)
    if not target.is_file():
        raise InputError(
            f"{target} isn't there: --write_reproduction writes tables into a document"
        )
    return write_whole(target, with_tables(target.read_text(encoding="utf-8"), reports_dir))


def with_tables(text: str, reports_dir: str | os.PathLike[str]) -> str:
    """Return a document's text with its tables made anew, as `write_reproduction`."""
    rows = read_rows(reports_dir)
    stored = {name: Rows(rows, name) for name in dict.fromkeys(row.recipe for row in rows)}

    def made(match: re.Match[str]) -> str:
        return match[1] + "\n".join([*_table(match[2], stored), match[3]])

    if text.count("<!-- table:") != len(_MARKED.findall(text)):
        raise InputError("a '<!-- table: ... -->' without an '<!-- end -->'")
    return _MARKED.sub(made, text)


def _table(marker: str, stored: Mapping[str, Rows]) -> list[str]:
    name, *arguments = marker.split()
    if name == "runs":
        return tables.runs(stored)
    make = find_named("table", name, tables.TABLES)
    recipe, *options = arguments or [""]
    rows = find_named("recipe with stored rows", recipe, stored)
    try:
        return make(find_recipe(recipe), rows, **dict(option.split("=", 1) for option in options))
    except (TypeError, ValueError) as error:
        raise InputError(f"<!-- table: {marker} --> can't be made: {error}") from error
