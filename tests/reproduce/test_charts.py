"""Which points are drawn of rows; how they are drawn: tests/inspection/test_pareto.py."""

import dataclasses

from t2t_hint_nart.inspection.pareto import Point
from t2t_hint_nart.reproduce import charts
from t2t_hint_nart.reproduce.charts import quality_charts
from t2t_hint_nart.reproduce.rows import Rows, flat_rows
from tests.reproduce.test_tables import made_up
from tests.reproduce.tiny_recipe import TINY_RECIPE


def drawn(monkeypatch, tmp_path, rows, recipe=TINY_RECIPE):
    seen = {}
    monkeypatch.setattr(charts, "quality_figure", lambda points, **told: (points, told))
    monkeypatch.setattr(charts, "save", lambda figure, path: seen.update({path: figure}))
    figures = quality_charts(recipe, Rows(rows, "tiny"), tmp_path)
    assert [tmp_path / figure["file"] for figure in figures] == list(seen)
    return {path.name: figure for path, figure in seen.items()}


def test_what_was_measured_is_drawn_as_the_mean_of_the_seeds(monkeypatch, tmp_path):
    rows = made_up(seeds=(1, 2))
    where = {"recipe": "tiny", "seed": 1, "system": "student_nll", "decoding": "one_pass"}
    rows += flat_rows(where, {"throughput": 90.0})
    found = drawn(monkeypatch, tmp_path, rows)
    points, told = found["quality_latency.png"]
    assert len(points) == len(TINY_RECIPE.decoded()) and told["less_is_better"]
    assert points[2] == Point("nll", "one pass", 8.0, 21.5)
    assert [p for p in points if p.is_baseline] == [Point("teacher", "beam 4", 8.0, 11.5, True)]
    points, told = found["quality_throughput.png"]
    assert points == [Point("nll", "one pass", 90.0, 21.5)] and not told["less_is_better"]


def test_without_a_baseline_and_without_a_clock(monkeypatch, tmp_path):
    alone = dataclasses.replace(TINY_RECIPE, baseline=None)
    ((points, _),) = drawn(monkeypatch, tmp_path, made_up(), alone).values()
    assert points and not any(point.is_baseline for point in points)
    timeless = [row for row in made_up() if row.metric != "latency_ms"]
    assert drawn(monkeypatch, tmp_path, timeless) == {}
