"""Reports of one recipe by several seeds, put together.

`merge` makes a report of the same shape as each of them, with a `Spread` wherever the seeds
measured numbers, so that what prints one report prints several. `paired_tests` joins what the seeds
say of the same two systems.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation.across_seeds import combined_p_value, paired_t_test
from t2t_hint_nart.reproduce.spread import Spread, spread

Report = Mapping[str, Any]


@dataclass(frozen=True)
class PairedTests:
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
    def difference(self) -> Spread | float | None:
        """The differences as one."""
        return spread(self.differences)

    @property
    def p_value(self) -> float:
        """Of all seeds, with regard to the sentences of the test set."""
        return combined_p_value(self.differences, self.p_values)

    @property
    def p_value_over_seeds(self) -> float | None:
        """Of Student's t-test over the seeds' differences, as `p_value_over_seeds`."""
        return p_value_over_seeds(self.difference)

    def reversed(self) -> "PairedTests":
        """The same comparison seen from the other system."""
        negative = tuple(-difference for difference in self.differences)
        return PairedTests(self.decoding, self.system, self.baseline, negative, self.p_values)


def p_value_over_seeds(differences: object) -> float | None:
    """Return the p-value of `paired_t_test`, or None for fewer than three seeds.

    Two differences may agree by chance to any number of digits, and p is then as small.

    Args:
        differences: a `Spread` of one a seed; anything else has no p-value.
    """
    if not isinstance(differences, Spread) or len(differences.values) < 3:
        return None
    return paired_t_test(differences.values)


def merge(reports: Sequence[Report]) -> dict[str, Any]:
    """Put reports of one recipe by several seeds together.

    Args:
        reports: contents of report.json; that of a single seed comes back as it is.

    Returns:
        A report with `rows`, `cosine`, `attention`, `calibration`, `wall_seconds`, `data`,
        `settings`, `hardware` and `versions` in which several numbers are a `Spread`, and several
        texts are joined by " / ". `significance` has the combined tests. `seed`, `command`,
        `samples`, `figures` and `order` belong to single seeds and are left out.

    Raises:
        InputError: if seeds computed a score in different ways.
    """
    keys = ("recipe", "cosine", "attention", "calibration", "wall_seconds", "data", "settings")
    merged = {
        key: _merged([report[key] for report in reports if key in report])
        for key in (*keys, "hardware", "versions")
        if any(key in report for report in reports)
    }
    return {
        **merged,
        "rows": _rows(reports),
        "significance": [
            {
                "decoding": tests.decoding,
                "baseline": tests.baseline,
                "system": tests.system,
                "p_value": tests.p_value,
            }
            for tests in paired_tests(reports)
        ],
    }


def paired_tests(reports: Sequence[Report]) -> list[PairedTests]:
    """Return what the seeds' tests say of each two systems, in the order of the first report."""
    found: dict[tuple[str, str, str], list[tuple[float, float]]] = {}
    for test in (test for report in reports for test in report.get("significance", [])):
        key = (test["decoding"], test["baseline"], test["system"])
        found.setdefault(key, []).append((test["difference"], test["p_value"]))
    return [PairedTests(*key, *zip(*values, strict=True)) for key, values in found.items()]


def find_test(
    tests: Sequence[PairedTests], decoding: str, baseline: str, system: str
) -> PairedTests | None:
    """Return the comparison of two systems, seen from `system`, or None if it was not made."""
    for test in tests:
        if test.decoding == decoding and {test.baseline, test.system} == {baseline, system}:
            return test if test.system == system else test.reversed()
    return None


def _rows(reports: Sequence[Report]) -> list[dict[str, Any]]:
    by_key: dict[tuple[str, str], list[Report]] = {}
    for report in reports:
        for row in report.get("rows", []):
            by_key.setdefault((row["system"], row["decoding"]), []).append(row)
    for key, rows in by_key.items():
        _check_signatures(key, rows)
    return [{**_merged(rows), "seeds": len(rows)} for rows in by_key.values()]


def _check_signatures(key: tuple[str, str], rows: Sequence[Report]) -> None:
    for name in rows[0].get("signatures", {}):
        found = list(dict.fromkeys(row.get("signatures", {}).get(name) for row in rows))
        if len(found) > 1:
            raise InputError(
                f"seeds computed {name} of {key[0]} with {key[1]} in different ways: "
                f"{' and '.join(map(str, found))}"
            )


def _merged(values: Sequence[Any]) -> Any:
    """Merge what the seeds have in one place, which is of one kind."""
    if all(value == values[0] for value in values):
        return values[0]
    if all(isinstance(value, Mapping) for value in values):
        keys = dict.fromkeys(key for value in values for key in value)
        return {key: _merged([value[key] for value in values if key in value]) for key in keys}
    if all(isinstance(value, list) for value in values):
        if len({len(value) for value in values}) == 1:
            return [_merged(items) for items in zip(*values, strict=True)]
        texts = [", ".join(map(str, value)) or "none" for value in values]
        return [" / ".join(dict.fromkeys(texts))]
    if any(isinstance(value, str) for value in values):
        return " / ".join(dict.fromkeys(str(value) for value in values))
    return spread(values)
