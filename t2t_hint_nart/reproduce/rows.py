"""Results as rows: one measured value each, one JSON object a line."""

import dataclasses
import json
import math
import os
import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.significance import combined_p_value, paired_t_test
from t2t_hint_nart.files.json_file import parse_json
from t2t_hint_nart.files.whole_file import write_whole

FILE = "results.jsonl"


@dataclass(frozen=True)
class Row:
    """One measured value.

    Attributes:
        recipe: name of the experiment.
        seed: of its training.
        system: what was measured; "" for a fact of the run, as its command or its seconds.
        decoding: by which it translated; "" for what is the system's alone.
        metric: what was measured, nested names with dots between.
        value: number or text.
        split: of the data that were translated.
    """

    recipe: str
    seed: int
    system: str
    decoding: str
    metric: str
    value: float | int | bool | str
    split: str = "test"

    def to_json(self) -> str:
        """Return the line of a file; the split is left out where it is the test set."""
        fields = dataclasses.asdict(self)
        if self.split == "test":
            del fields["split"]
        return json.dumps(fields, ensure_ascii=False, allow_nan=False)


@dataclass(frozen=True)
class Spread:
    """A quantity over at least two seeds; `f"{spread:.2f}"` gives "18.50 ± 0.31".

    A deviation that rounds to nothing is left out, as that of sizes on disk does.
    """

    values: tuple[float, ...]

    @property
    def mean(self) -> float:
        """Their mean."""
        return statistics.fmean(self.values)

    @property
    def deviation(self) -> float:
        """Their sample standard deviation, of n - 1."""
        return statistics.stdev(self.values)

    def __float__(self) -> float:
        return self.mean

    def __format__(self, form: str) -> str:
        # A deviation has no sign to show.
        deviation = f"{self.deviation:{form.removeprefix('+')}}"
        return f"{self.mean:{form}}" + (f" ± {deviation}" if deviation.strip("0.%") else "")


def spread(values: Iterable[Any]) -> Any:
    """Return what several seeds say: the one value they agree on, a `Spread`, or texts joined.

    Example:
        >>> spread([1.0, 2.0, 3.0]).deviation, spread([1.5]), spread(["a", "b"]), spread([])
        (1.0, 1.5, 'a / b', None)
        >>> f"{spread([1.0, 2.0, 3.0]):.1f}"
        '2.0 ± 1.0'
    """
    found = list(values)
    if not found or all(value == found[0] for value in found):
        return found[0] if found else None
    if any(isinstance(value, str) for value in found):
        return " / ".join(dict.fromkeys(map(str, found)))
    return Spread(tuple(float(value) for value in found))


def flat_rows(
    about: Mapping[str, Any], values: Mapping[str, Any], prefix: str = ""
) -> Iterable[Row]:
    """Yield a row for each of nested values; what is None or not finite was not measured.

    Args:
        about: recipe, seed, split, and system and decoding if there are any.
        values: numbers, texts, lists of texts, or further values by name.
        prefix: of the metrics.
    """
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from flat_rows(about, value, f"{prefix}{name}.")
            continue
        if isinstance(value, list | tuple):
            value = ", ".join(map(str, value)) or "none"
        if value is not None and not (isinstance(value, float) and not math.isfinite(value)):
            yield Row(**{"system": "", "decoding": "", **about}, metric=prefix + name, value=value)


class Rows:
    """The rows of one experiment by all its seeds.

    Args:
        rows: of any experiments.
        recipe: those of this one are kept.
    """

    def __init__(self, rows: Iterable[Row], recipe: str):
        self.recipe = recipe
        self.rows = [row for row in rows if row.recipe == recipe]
        self.seeds = sorted({row.seed for row in self.rows})
        self._values: dict[tuple[str, str, str], dict[int, Any]] = {}
        for row in sorted(self.rows, key=lambda row: row.seed):
            key = (row.metric, row.system, row.decoding)
            self._values.setdefault(key, {})[row.seed] = row.value

    def by_seed(self, metric: str, system: str = "", decoding: str = "") -> dict[int, Any]:
        """Return the values of a metric by seed; none where it was not measured."""
        return self._values.get((metric, system, decoding), {})

    def get(self, metric: str, system: str = "", decoding: str = "") -> Any:
        """Return what all seeds say of a metric, as `spread` does."""
        return spread(self.by_seed(metric, system, decoding).values())

    def decoded(self) -> list[tuple[str, str]]:
        """Return (system, decoding) of all translations, in the order of the rows."""
        return list(dict.fromkeys((r.system, r.decoding) for r in self.rows if r.decoding))

    def systems(self) -> list[str]:
        """Return all systems, in the order of the rows."""
        return list(dict.fromkeys(row.system for row in self.rows if row.system))

    def facts(self) -> dict[str, Any]:
        """Return what all seeds say of their run: every metric that is of no system."""
        metrics = dict.fromkeys(row.metric for row in self.rows if not row.system)
        return {metric: self.get(metric) for metric in metrics}

    def wall_seconds(self) -> float:
        """Return how long all stages took, the mean of the seeds."""
        told = self.facts().items()
        return sum(float(value) for name, value in told if name.startswith("wall_seconds."))


@dataclass(frozen=True)
class Comparison:
    """Two systems under one decoding, compared by several seeds.

    Attributes:
        decoding: of both.
        baseline, system: their names.
        differences: BLEU (13a) of the system minus that of the baseline, one a seed.
        p_values: of each seed's approximate randomization, two-sided.
    """

    decoding: str
    baseline: str
    system: str
    differences: tuple[float, ...]
    p_values: tuple[float, ...]

    @property
    def difference(self) -> Any:
        """The differences as one."""
        return spread(self.differences)

    @property
    def p_value(self) -> float:
        """Of all seeds, with regard to the sentences of the test set."""
        return combined_p_value(self.differences, self.p_values)


def p_value_over_seeds(differences: Sequence[float]) -> float | None:
    """Return the p-value of `paired_t_test`, or None for fewer than three seeds.

    Two differences may agree by chance to any number of digits, and p is then as small.
    """
    return paired_t_test(differences) if len(differences) > 2 else None


def comparisons(rows: Rows, against: str = "") -> list[Comparison]:
    """Return what the seeds' tests say of each two systems, in the order of the rows.

    With `against` only of those compared with that system, as gains over it.
    """
    found = []
    for system, decoding in rows.decoded():
        for baseline in rows.systems():
            differences = rows.by_seed(f"difference.vs.{baseline}", system, decoding).values()
            if differences and against in ("", system, baseline):
                pair, values = (baseline, system), tuple(differences)
                if system == against:
                    pair, values = (system, baseline), tuple(-value for value in values)
                p_values = rows.by_seed(f"p_value.vs.{baseline}", system, decoding).values()
                found.append(Comparison(decoding, *pair, values, tuple(p_values)))
    return found


def write_rows(path: str | os.PathLike[str], rows: Iterable[Row]) -> Path:
    """Write rows, whole or not at all, and return the path."""
    return write_whole(Path(path), "".join(f"{row.to_json()}\n" for row in rows))


def read_rows(reports_dir: str | os.PathLike[str]) -> list[Row]:
    """Read the rows of every file `*.jsonl` in a directory and those below.

    Raises:
        InputError: there are none, one is damaged, or a value is there twice.
    """
    rows: dict[tuple[Any, ...], Row] = {}
    for path in sorted(Path(reports_dir).rglob("*.jsonl")):
        # Bytes: U+2028 and the like, which a value may hold, end no line.
        for number, line in enumerate(path.read_bytes().splitlines(), start=1):
            row = parse_json(line, Row, f"{path}, line {number}")
            key = (row.recipe, row.seed, row.system, row.decoding, row.metric, row.split)
            if key in rows:
                raise InputError(f"{path}, line {number}: {row.metric} of {key} is there twice")
            rows[key] = row
    if not rows:
        raise InputError(f"no rows of results under '{reports_dir}': a *.jsonl is needed")
    return list(rows.values())
