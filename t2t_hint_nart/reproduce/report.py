"""What is written of results: a run's rows, machine and report.md, and a document's tables."""

import contextlib
import os
import platform
import re
from collections.abc import Callable, Mapping, Sequence
from importlib import metadata
from pathlib import Path
from typing import Any, NamedTuple

from t2t_hint_nart.errors import InputError, find_named
from t2t_hint_nart.files.whole_file import write_whole
from t2t_hint_nart.printed_command import printed_command
from t2t_hint_nart.process.proc_file import CPU_INFO, proc_values
from t2t_hint_nart.reproduce import markdown, tables
from t2t_hint_nart.reproduce.recipe import Recipe, find_recipe
from t2t_hint_nart.reproduce.rows import FILE, Row, Rows, read_rows, write_rows
from t2t_hint_nart.reproduce.table_1 import table_1

_SECTIONS = {
    "results": "Results",
    "table_1": "The paper's Table 1",
    "choice": "What to choose",
    "ablation": "What the hints add (the paper's Table 2)",
    "comparisons": "Paired comparisons",
    "states": "Decoder states and attention (the paper's section 2.1)",
    "systems": "Systems",
    "facts": "The run",
}
_STUDY_SECTIONS = {"study": "Study", "systems": "Systems", "facts": "The run"}
TABLES: dict[str, Callable[..., list[str]]] = {
    "results": tables.results,
    "table_1": table_1,
    "choice": tables.choice,
    "ablation": tables.ablation,
    "comparisons": tables.paired,
    "states": tables.states,
    "study": tables.study,
    "systems": tables.systems,
    "facts": tables.facts,
}
# What shapes the results; none is imported to be asked.
PACKAGES = (
    "t2t-hint-nart",
    "tensorflow",
    "keras",
    "tensorflow-text",
    "tensorflow-datasets",
    "numpy",
    "sacrebleu",
    "matplotlib",
)
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
    parts = [
        f"# Recipe `{recipe.name}`, seed {own.seeds[0]}",
        recipe.data_statement,
        f"```\n{own.get('command')}\n{command}\n```",
    ]
    for name, title in (_STUDY_SECTIONS if recipe.questions else _SECTIONS).items():
        if lines := TABLES[name](recipe, own):
            parts += [f"## {title}", "\n".join(lines)]
    if samples:
        parts.append("## Sample translations")
    for sample in samples:
        shown = (map(markdown.literal, item) for item in sample.items())
        parts.append("\n".join(markdown.table(["", ""], map(list, shown), 2)))
    for figure in figures:
        caption = markdown.literal(figure["caption"])
        parts.append(f"![{caption}]({figure['file']})\n\n*{caption}*")
    path = write_whole(output_dir / "report.md", "\n\n".join(parts) + "\n")
    return Finished(path, summary(own), best, command)


def best_system(recipe: Recipe, rows: Rows) -> str:
    """Return the system whose export translates best, who distils only if there is no other."""
    exported = recipe.as_exported()
    keys = [key for key in exported if key in rows.decoded()] or exported
    others = [key for key in keys if key[0] != recipe.distilled_by] or keys
    return max(others, key=lambda key: rows.get("bleu_13a", *key) or 0.0)[0]


def translate_command(export_dir: str) -> str:
    """Return the command line that translates a sentence with an export."""
    return printed_command("t2t-query-server", export_dir=export_dir, inputs_once="Guten Morgen!")


def summary(rows: Rows) -> str:
    """Return the rows for a terminal: BLEU, repetition, latency, speed-up."""
    wide = max([20, *(len(decoding) for _, decoding in rows.decoded())])
    lines = [f"{'system':20s} {'decoding':{wide}s} {'BLEU':>6s} {'rep %':>6s} {'ms':>8s} {'x':>6s}"]
    for key in rows.decoded():
        bleu, repeated = rows.get("bleu_13a", *key), rows.get("repetition_percent", *key)
        latency, speedup = (
            markdown.number(rows.get(metric, *key), "{:.1f}")
            for metric in ("latency_ms", "speedup")
        )
        names = f"{key[0]:20s} {key[1]:{wide}s}"
        lines.append(f"{names} {bleu:6.2f} {repeated:6.2f} {latency:>8s} {speedup:>6s}")
    return "\n".join(lines)


def write_reproduction(path: str | os.PathLike[str], reports_dir: str | os.PathLike[str]) -> Path:
    """Write the tables of a document anew, from the rows stored in a directory, and nothing else.

    A table stands between `<!-- table: <name> <recipe> <option>=<value> -->` and `<!-- end -->`;
    names are those of `TABLES`, and `runs`, which is of all recipes.

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
    make = find_named("table", name, TABLES)
    recipe, *options = arguments or [""]
    rows = find_named("recipe with stored rows", recipe, stored)
    try:
        return make(find_recipe(recipe), rows, **dict(option.split("=", 1) for option in options))
    except (TypeError, ValueError) as error:
        raise InputError(f"<!-- table: {marker} --> can't be made: {error}") from error


def hardware() -> dict[str, Any]:
    """Describe this machine: models of its processor and GPUs, cores this process may use, memory.

    Example:
        >>> sorted(hardware())
        ['cores', 'cpu', 'gpus', 'platform', 'ram_gib']
    """
    cpus = proc_values(CPU_INFO, "model name")
    affinity = getattr(os, "sched_getaffinity", None)
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    # The NVIDIA driver's own files cost nothing and need no library.
    gpus = sorted(Path("/proc/driver/nvidia/gpus").glob("*/information"))
    return {
        "cpu": cpus[0] if cpus else platform.processor() or platform.machine(),
        "cores": len(affinity(0)) if affinity else os.cpu_count() or 1,
        "ram_gib": round(memory / 2**30, 1),
        "gpus": [model for file in gpus for model in proc_values(file, "Model")[:1]],
        "platform": f"{platform.system()} {platform.release()} {platform.machine()}",
    }


def versions() -> dict[str, str]:
    """Return the version of Python and of each installed package that shapes the results.

    Example:
        >>> versions()["python"] == platform.python_version()
        True
    """
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            found[package] = metadata.version(package)
    return found
