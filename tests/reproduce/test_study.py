"""Studies: which runs they make and what they tell, with the work itself left out."""

import dataclasses
import io
import json

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.bin import command_line, t2t_reproduce
from t2t_hint_nart.errors import UnknownNameError
from t2t_hint_nart.reproduce import study as study_module
from t2t_hint_nart.reproduce.pipeline import Pipeline
from t2t_hint_nart.reproduce.recipe import NO_HINTS, find_recipe
from t2t_hint_nart.reproduce.studies import STUDIES, find_study
from t2t_hint_nart.reproduce.study import (
    Question,
    Study,
    Variant,
    run_study,
    study_table,
    write_study,
)

STUDY = Study(
    name="tiny",
    variants=(
        Variant("nll", NO_HINTS, steps=2),
        Variant("real", NO_HINTS, distilled=False, steps=2),
        Variant("warm", "hint_gamma_st=0.5", warm_start=True, steps=12),
    ),
    questions=(
        Question("distilled", "Distilled?", ("nll", "real")),
        Question("warm", "Warm?", ("nll", "warm")),
    ),
)


@pytest.fixture
def pipeline(monkeypatch, tmp_path):
    """A pipeline that notes what it trains instead of training it."""
    recipe = dataclasses.replace(
        find_recipe("quickstart"), problem="algorithmic_reverse_tiny", student_steps=9
    )
    pipeline = Pipeline(recipe, tmp_path, "t2t-reproduce", seed=3, stream=io.StringIO())
    pipeline.trained = []

    def train(self, system):
        self.trained.append(system)
        return {"length_bias": None}

    monkeypatch.setattr(Pipeline, "_train", train)
    monkeypatch.setattr(Pipeline, "_export", lambda *_: {})
    for stage in ("datagen", "distil"):
        monkeypatch.setattr(Pipeline, f"_{stage}", lambda _: {})
    scores = {"nll": 20.0, "real": 10.0, "warm": 30.0}
    monkeypatch.setattr(
        study_module,
        "_score",
        lambda _, export_dir: {
            "dev_bleu": scores[export_dir.rsplit("/", 1)[1]],
            "repetition_percent": 5.0,
        },
    )
    return pipeline


def test_every_variant_is_trained_once_and_answers_its_questions(pipeline):
    rows = run_study(STUDY, pipeline)
    teacher, *students = pipeline.trained
    assert teacher.name == "teacher" and teacher.steps == 700
    assert [student.name for student in students] == ["nll", "real", "warm"]
    assert [student.steps for student in students] == [2, 2, 12]
    told = [(row["question"], row["variant"], row["dev_bleu"]) for row in rows]
    assert told == [
        ("Distilled?", "nll", 20.0),
        ("Distilled?", "real", 10.0),
        ("Warm?", "nll", 20.0),
        ("Warm?", "warm", 30.0),
    ]
    assert [row["distilled"] for row in rows] == [True, False, True, True]
    assert [row["warm_start"] for row in rows] == [False, False, False, True]
    assert [row["steps"] for row in rows] == [2, 2, 2, 12] and {row["seed"] for row in rows} == {3}
    assert rows[-1]["settings"] == "hint_gamma_st=0.5" and rows[-1]["seconds"] >= 0


def test_what_is_done_is_not_done_again(pipeline):
    first = run_study(STUDY, pipeline)
    pipeline.trained.clear()
    again = run_study(STUDY, pipeline)
    assert pipeline.trained == [] and again == first


def test_the_file_and_the_table(pipeline, tmp_path):
    rows = run_study(STUDY, pipeline)
    path = write_study(STUDY, rows, pipeline)
    assert path == tmp_path / "study.json" and list(tmp_path.glob("*.incomplete")) == []
    written = json.loads(path.read_text(encoding="utf-8"))
    assert written["rows"] == rows
    assert (written["study"], written["recipe"]) == ("tiny", "quickstart")
    assert written["command"] == "t2t-reproduce" and written["hardware"] and written["versions"]
    lines = study_table(rows).splitlines()
    assert lines[0] == "Distilled?" and lines[1].split()[:4] == ["nll", "dev", "BLEU", "20.00"]
    assert lines[3:5] == ["", "Warm?"] and len(lines) == 7


@pytest.mark.parametrize("name", STUDIES)
def test_what_a_study_names_exists(name):
    study, recipe = find_study(name), find_recipe(name)
    names = [variant.system for variant in study.variants]
    assert len(set(names)) == len(names) and "teacher" not in names
    settings = [(v.overrides, v.distilled, v.warm_start, v.steps) for v in study.variants]
    assert len(set(settings)) == len(settings)
    asked = [variant for question in study.questions for variant in question.variants]
    assert set(asked) == set(names)
    questions = [question.name for question in study.questions]
    assert len(set(questions)) == len(questions)
    plain = registry.hparams(recipe.student_set).values()
    for variant in study.variants:
        changed = registry.hparams(recipe.student_set).parse(variant.overrides).values()
        assert (changed != plain) == bool(variant.overrides)
    shortest = min(variant.steps for variant in study.variants)
    assert recipe.average * recipe.student_checkpoint_steps <= shortest


def test_an_unknown_study_is_refused_with_the_nearest():
    with pytest.raises(UnknownNameError, match="Did you mean 'multi30k'"):
        find_study("multi30")


def test_some_questions_need_only_the_runs_that_answer_them():
    some = STUDY.only(["warm"])
    assert [question.name for question in some.questions] == ["warm"]
    assert [variant.system for variant in some.variants] == ["nll", "warm"]
    assert STUDY.only(["warm", "distilled"]) == STUDY
    with pytest.raises(UnknownNameError, match="Unknown question 'wram'.*Did you mean 'warm'"):
        STUDY.only(["wram"])


def test_questions_of_no_study_are_refused(capsys, tmp_path):
    argv = ["--recipe=quickstart", f"--output_dir={tmp_path / 'run'}", "--questions=steps"]
    with pytest.raises(SystemExit):
        command_line.run(
            t2t_reproduce._main, "t2t-reproduce", t2t_reproduce.define_flags, argv=argv
        )
    assert "--questions needs --study" in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
