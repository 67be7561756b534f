"""Tables of a study: which setting matters, judged on development data.

A study is a file `study.json` with `rows`, and the `command` that made it; further files
`study_<anything>.json` beside it, of other seeds, are put together with it. A row is one run's
answer to one question:

* `question`: text; rows of the same question make one table;
* `variant`: name of what was tried; rows of the same question, variant and settings but different
  `seed` are put together;
* `settings`: overrides of the student's set, as text; empty for the set as it is;
* `seed`: of the run;
* `dev_bleu`: BLEU on the development set;
* `signature`: how it was computed;
* any other number or text, such as `repetition_percent`, `steps`, `distilled`: a column if the rows
  of the question differ in it, told beside the question if they agree, or once above all tables
  if all rows of the study do.

Each run is also compared with the first run of its question that has as many steps, seed by seed.

Only `question`, `variant`, `settings`, `seed` and `dev_bleu` are needed.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.reproduce.markdown import MISSING, inline_code, number, table
from t2t_hint_nart.reproduce.ordering import p_text
from t2t_hint_nart.reproduce.seeds import p_value_over_seeds
from t2t_hint_nart.reproduce.spread import Spread, spread

NEEDED = ("question", "variant", "settings", "seed", "dev_bleu")
_TITLES = {"dev_bleu": "dev BLEU", "repetition_percent": "repetition %"}
# Times are the machine's, not the setting's.
_LEFT_OUT = {*NEEDED, "signature", "seconds", "decode_seconds"}

Row = Mapping[str, Any]
# The variant and its settings.
_Run = tuple[str, str]


def study_tables(rows: Sequence[Row]) -> list[str]:
    """Return the lines of a study: what all runs share, then a table for each question.

    Args:
        rows: of study.json and its like.

    Raises:
        InputError: if a row lacks a field, or a seed answers the same question twice.
    """
    check_study(rows)
    if not rows:
        return []
    signatures = list(dict.fromkeys(row["signature"] for row in rows if row.get("signature")))
    fields = dict.fromkeys(field for row in rows for field in row if field not in _LEFT_OUT)
    shared = {field for field in fields if _agree(rows, field)}
    facts = _facts(rows, shared)
    seeds = sorted({row["seed"] for row in rows})
    facts.append(f"seed{'s' if len(seeds) > 1 else ''} {', '.join(map(str, seeds))}")
    lines = [f"All runs: {'; '.join(facts)}. Scores are of the development set"]
    lines[0] += f": {', '.join(map(inline_code, signatures))}." if signatures else "."
    if len(seeds) > 1:
        lines[0] += " Differences are taken seed by seed; p is of a t-test over seeds."
    for question in dict.fromkeys(row["question"] for row in rows):
        chosen = [row for row in rows if row["question"] == question]
        columns = [f for f in fields if not _agree(chosen, f)]
        facts = _facts(chosen, [f for f in fields if f not in shared and f not in columns])
        told = f" {'; '.join(facts)}".rstrip()
        lines += ["", f"**{question}**{told}", "", *_question(chosen, columns)]
    return lines


def _facts(rows: Sequence[Row], fields: Iterable[str]) -> list[str]:
    """What all rows share."""
    return [f"{field.replace('_', ' ')} {_text(rows[0].get(field))}" for field in sorted(fields)]


def check_study(rows: Sequence[Row]) -> None:
    """Refuse rows that lack a field, or that are there twice.

    Raises:
        InputError: naming the row.
    """
    seen = set()
    for index, row in enumerate(rows):
        missing = [field for field in NEEDED if field not in row]
        if missing:
            raise InputError(f"row {index} of a study has no '{missing[0]}'")
        key = (row["question"], row["variant"], row["settings"], row["seed"])
        if key in seen:
            raise InputError(
                f"two rows of a study answer '{row['question']}' by {row['variant']}, "
                f"seed {row['seed']}"
            )
        seen.add(key)


def _question(rows: Sequence[Row], columns: Sequence[str]) -> list[str]:
    """One table, best first; the best is bold."""
    groups: dict[_Run, list[Row]] = {}
    for row in rows:
        groups.setdefault((row["variant"], row["settings"]), []).append(row)
    scores = {key: spread(row["dev_bleu"] for row in group) for key, group in groups.items()}

    def score(key: _Run) -> float:
        found = scores[key]
        return float("-inf") if found is None else float(found)

    ranked = sorted(groups, key=lambda key: -score(key))
    body = []
    for place, key in enumerate(ranked):
        bleu = number(scores[key])
        body.append(
            [
                key[0],
                inline_code(key[1]) if key[1] else MISSING,
                f"**{bleu}**" if place == 0 and len(ranked) > 1 else bleu,
                *([_difference(groups, key)] if len(ranked) > 1 else []),
                *(_cell([row.get(column) for row in groups[key]]) for column in columns),
                str(len(groups[key])),
            ]
        )
    titles = [_TITLES.get(column, column.replace("_", " ")) for column in columns]
    bleu_titles = [_TITLES["dev_bleu"], *(["difference"] if len(ranked) > 1 else [])]
    return table(["variant", "settings", *bleu_titles, *titles, "seeds"], body, 2)


def _difference(groups: Mapping[_Run, Sequence[Row]], run: _Run) -> str:
    """Dev BLEU of a run less that of the first run of as many steps, over the seeds of both."""
    steps = groups[run][0].get("steps")
    first = next(other for other, rows in groups.items() if rows[0].get("steps") == steps)
    if first == run:
        return MISSING
    before = {row["seed"]: row["dev_bleu"] for row in groups[first]}
    after = [row for row in groups[run] if row["seed"] in before]
    differences = spread(row["dev_bleu"] - before[row["seed"]] for row in after)
    text = f"{number(differences, '{:+.2f}')} over {first[0]}"
    p_value = p_value_over_seeds(differences)
    return text if p_value is None else f"{text}, {p_text(p_value)}"


def _agree(rows: Sequence[Row], field: str) -> bool:
    return all(row.get(field) == rows[0].get(field) for row in rows)


def _cell(values: Sequence[Any]) -> str:
    if all(value == values[0] for value in values):
        return number(values[0]) if isinstance(values[0], float) else _text(values[0])
    found = spread(values)
    if isinstance(found, Spread | float):
        return number(found)
    return ", ".join(dict.fromkeys(_text(value) for value in values))


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return MISSING if value is None else str(value)
