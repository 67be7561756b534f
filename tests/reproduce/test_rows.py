import dataclasses
import json

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.reproduce.rows import (
    Row,
    Rows,
    Spread,
    comparisons,
    flat_rows,
    p_value_over_seeds,
    read_rows,
    spread,
    write_rows,
)

ROW = Row("tiny", 1, "student_nll", "one_pass", "bleu_13a", 20.5)


def test_rows_are_read_as_they_were_written(tmp_path):
    rows = [ROW, dataclasses.replace(ROW, split="dev"), Row("tiny", 1, "", "", "command", "zß")]
    path = write_rows(tmp_path / "tiny" / "results.jsonl", rows)
    assert json.loads(path.read_text().splitlines()[0]) == {
        "recipe": "tiny",
        "seed": 1,
        "system": "student_nll",
        "decoding": "one_pass",
        "metric": "bleu_13a",
        "value": 20.5,
    }
    write_rows(tmp_path / "other.jsonl", [dataclasses.replace(ROW, seed=2)])
    assert read_rows(tmp_path) == [dataclasses.replace(ROW, seed=2), *rows]


def test_a_value_that_is_there_twice_is_refused(tmp_path):
    for name in ("a", "b"):
        write_rows(tmp_path / f"{name}.jsonl", [ROW])
    with pytest.raises(InputError, match=r"b\.jsonl, line 1: bleu_13a of .* is there twice"):
        read_rows(tmp_path)


@pytest.mark.parametrize("line", ["{", "[1]", '{"recipe": "tiny"}', '{"metrics": 1}'])
def test_a_damaged_line_is_named(tmp_path, line):
    (tmp_path / "bad.jsonl").write_text(f"{ROW.to_json()}\n{line}\n")
    with pytest.raises(InputError, match=r"bad\.jsonl, line 2 is damaged: "):
        read_rows(tmp_path)


def test_a_directory_without_rows_is_refused(tmp_path):
    with pytest.raises(InputError, match="no rows of results under"):
        read_rows(tmp_path)


def test_nested_values_become_dotted_metrics():
    values = {"a": {"b": 1.0, "c": None}, "gpus": [], "l": [1, 2], "nan": float("nan"), "t": True}
    rows = list(flat_rows({"recipe": "tiny", "seed": 1}, values, "x."))
    assert [(row.metric, row.value) for row in rows] == [
        ("x.a.b", 1.0),
        ("x.gpus", "none"),
        ("x.l", "1, 2"),
        ("x.t", True),
    ]
    assert {(row.system, row.decoding, row.split) for row in rows} == {("", "", "test")}


def seeds(*values, metric="bleu_13a", system="student_nll"):
    return [
        dataclasses.replace(ROW, seed=seed, metric=metric, system=system, value=value)
        for seed, value in enumerate(values, start=1)
    ]


def test_seeds_are_put_together_in_their_order():
    rows = Rows([*reversed(seeds(20.0, 22.0)), dataclasses.replace(ROW, recipe="other")], "tiny")
    assert rows.seeds == [1, 2]
    assert rows.by_seed("bleu_13a", "student_nll", "one_pass") == {1: 20.0, 2: 22.0}
    assert rows.get("bleu_13a", "student_nll", "one_pass") == Spread((20.0, 22.0))
    assert rows.get("bleu_13a", "student_nll") is None
    assert rows.decoded() == [("student_nll", "one_pass")]


def test_a_spread_is_told_as_mean_and_sample_deviation():
    assert f"{spread([1.0, 2.0, 3.0]):+.1f}" == "+2.0 ± 1.0"
    assert f"{spread([9.79, 9.8, 9.81]):.1f}" == "9.8"
    assert spread([True, False]) == Spread((1.0, 0.0))
    assert spread(["a", "b", "a"]) == "a / b" and spread([2, 2]) == 2


def test_comparisons_of_seeds_are_combined_and_turned_round():
    rows = [
        *seeds(0.5, 0.4, 0.6, metric="difference.vs.student_nll", system="student_align"),
        *seeds(0.02, 0.04, 0.06, metric="p_value.vs.student_nll", system="student_align"),
        *seeds(20.0, 20.0, 20.0),
    ]
    (found,) = comparisons(Rows(rows, "tiny"))
    assert (found.baseline, found.system) == ("student_nll", "student_align")
    assert found.decoding == "one_pass" and f"{found.difference:+.2f}" == "+0.50 ± 0.10"
    # One-sided 0.01, 0.02, 0.03: mean 0.02, doubled twice.
    assert found.p_value == pytest.approx(0.08)
    # t = 0.5 / (0.1 / sqrt(3)) = 8.66 with 2 degrees of freedom.
    assert p_value_over_seeds(found.differences) == pytest.approx(0.0131, abs=1e-4)
    assert p_value_over_seeds(found.differences[:2]) is None
    (turned,) = comparisons(Rows(rows, "tiny"), against="student_align")
    assert (turned.baseline, turned.system) == ("student_align", "student_nll")
    assert turned.differences == (-0.5, -0.4, -0.6) and turned.p_value == found.p_value
    assert comparisons(Rows(rows, "tiny"), against="student_nll") == [found]
    assert comparisons(Rows(rows, "tiny"), against="teacher") == []
