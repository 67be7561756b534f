"""t2t-visualize on exports, teacher and student."""

import csv

import pytest

from tests.commands import refusal, succeed
from tests.e2e.conftest import STUDENT


@pytest.mark.parametrize("system", ["teacher", STUDENT])
def test_an_export(experiment, tmp_path, system):
    source = experiment.pairs("test")[0][0]
    told = succeed(
        "t2t-visualize",
        export_dir=experiment.export_dir(system),
        data_dir=experiment.data_dir,
        sentence=source,
        visualization_dir=tmp_path,
    )
    once = succeed("t2t-query-server", export_dir=experiment.export_dir(system), inputs_once=source)
    assert told.splitlines()[:2] == [source, once.rstrip("\n")]
    with (tmp_path / "cosine.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for row in rows:
        assert -1 <= float(row["cosine"]) <= 1
        if row["position"] == row["other_position"]:
            assert float(row["cosine"]) == pytest.approx(1.0)
    assert (tmp_path / "index.html").exists()


def test_another_vocabulary_is_refused(experiment, tmp_path):
    (vocabulary,) = (experiment.directory / "data").glob("vocab*")
    *lines, last, end = vocabulary.read_text("utf-8").split("\n")
    (tmp_path / vocabulary.name).write_text("\n".join([*lines[:2], last, *lines[2:], end]), "utf-8")
    line = refusal(
        "t2t-visualize",
        export_dir=experiment.export_dir("teacher"),
        data_dir=tmp_path,
        sentence="a",
        visualization_dir=tmp_path / "out",
    )
    assert "has another vocabulary than" in line
