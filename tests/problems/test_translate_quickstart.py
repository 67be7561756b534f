"""The quickstart problem on a made-up wheel: builder, splits, shards, errors."""

from dataclasses import replace

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.problems.builders.auf_deutsch import AufDeutsch, read_contents
from t2t_hint_nart.problems.builders.held_out import normalized
from tests.problems.course_wheel import FILENAME, write_wheel


def pin(monkeypatch, sha256):
    monkeypatch.setattr(AufDeutsch, "WHEEL", replace(AufDeutsch.WHEEL, sha256=sha256))
    monkeypatch.setattr(AufDeutsch, "HELD_OUT", {"test": 6, "validation": 4})


@pytest.fixture
def problem(tmp_path, monkeypatch):
    pin(monkeypatch, write_wheel(tmp_path / FILENAME))
    problem = registry.problem("translate_deen_quickstart")
    problem.progress = lambda line: None
    return problem


def test_pairs_and_splits(problem, tmp_path):
    problem.generate_data(tmp_path / "data", tmp_path)
    pairs = {
        split: problem.text_pairs(tmp_path / "data", split) for split in ("train", "dev", "test")
    }
    # 36 sentences on animals, the story's three, two more on who is there, one question.
    assert {split: len(part) for split, part in pairs.items()} == {
        "train": 42 - 10,
        "dev": 4,
        "test": 6,
    }
    everything = [pair for part in pairs.values() for pair in part]
    assert ("Wer ist da?", "Who goes there now?") in pairs["train"]
    assert ("Ich.", "Me.") in pairs["train"]
    assert ("x", "y") not in everything
    for pair in pairs["dev"] + pairs["test"]:
        for side in (0, 1):
            same = [
                other for other in everything if normalized(other[side]) == normalized(pair[side])
            ]
            assert same == [pair]


def test_prepared_data_need_no_wheel(problem, tmp_path):
    problem.generate_data(tmp_path / "data", tmp_path)
    (tmp_path / FILENAME).unlink()
    expected = problem.text_pairs(tmp_path / "data", "test")
    problem.generate_data(tmp_path / "again", tmp_path)
    assert problem.text_pairs(tmp_path / "again", "test") == expected


def test_wrong_wheel_is_refused_and_kept(tmp_path):
    write_wheel(tmp_path / FILENAME)
    problem = registry.problem("translate_deen_quickstart")
    with pytest.raises(InputError, match=r"its sha256 is .*, expected 40cce489.*452382b; remove"):
        problem.generate_data(tmp_path / "data", tmp_path)
    assert (tmp_path / FILENAME).exists()
    assert not list((tmp_path / "data").iterdir())


def test_unreadable_wheels(tmp_path):
    path = tmp_path / FILENAME
    path.write_bytes(b"no zip")
    with pytest.raises(InputError, match=r"cannot read the course of .*: File is not a zip file"):
        read_contents(path)
    write_wheel(path, contents={})
    with pytest.raises(InputError, match="holds no auf_deutsch/content"):
        read_contents(path)


def test_the_real_wheel_is_pinned():
    assert AufDeutsch.WHEEL.filename == FILENAME
    assert AufDeutsch.WHEEL.sha256 == (
        "40cce489e545180041c4aed11315f95bb229cf456af2c0c5ef294938f452382b"
    )
    assert AufDeutsch.HELD_OUT == {"test": 200, "validation": 150}
