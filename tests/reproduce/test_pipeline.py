"""The order of the stages and what is done again, with the work itself left out.

The work itself: tests/e2e.
"""

import dataclasses
import io
import json
from types import SimpleNamespace

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.reproduce import pipeline as pipeline_module
from t2t_hint_nart.reproduce import system as system_module
from t2t_hint_nart.reproduce.pipeline import Pipeline
from t2t_hint_nart.reproduce.recipe import NO_HINTS, Student
from tests.reproduce.tiny_recipe import TINY_RECIPE as RECIPE

WARM = tuple(dataclasses.replace(student, warm_start=True) for student in RECIPE.students)
STAGES = [
    "datagen",
    "teacher",
    "export_teacher",
    "distil",
    "calibrate",
    "student_nll",
    "export_student_nll",
    "student_align",
    "export_student_align",
    "decode",
    "latency",
    "states",
]


class Works:
    """Stands for the work of every stage: notes that it was done, and dies where it is told to."""

    def __init__(self, monkeypatch):
        self.done, self.reports, self.dies_in = [], [], None
        for name in ("datagen", "distil", "calibrate"):
            monkeypatch.setattr(Pipeline, f"_{name}", lambda _, name=name: self.work(name))
        monkeypatch.setattr(Pipeline, "_train", lambda _, system: self.work(system.name))
        monkeypatch.setattr(
            Pipeline, "_export", lambda _, system, __: self.work(f"export_{system.name}")
        )
        monkeypatch.setattr(pipeline_module, "Evaluation", lambda *_: self)

    def work(self, name):
        if name == self.dies_in:
            raise SystemExit(137)
        self.done.append(name)
        return {name: len(self.done)}

    def decode(self):
        return self.work("decode")

    def latency(self):
        return self.work("latency")

    def states(self):
        return self.work("states")

    def report(self, **facts):
        self.reports.append(facts)
        return "the report"


@pytest.fixture
def works(monkeypatch):
    return Works(monkeypatch)


def run(directory, recipe=RECIPE, seed=1, **options):
    stream = io.StringIO()
    return Pipeline(recipe, directory, "t2t-reproduce", seed, **options, stream=stream).run()


def test_all_stages_in_order(works, tmp_path):
    assert run(tmp_path) == "the report"
    assert works.done == STAGES


def test_a_finished_experiment_only_writes_its_report_again(works, tmp_path):
    run(tmp_path)
    run(tmp_path)
    assert works.done == STAGES
    first, second = works.reports
    assert first.pop("wall_seconds") == pytest.approx(second.pop("wall_seconds"))
    assert first == second


@pytest.mark.parametrize("stage", STAGES)
def test_killed_in_a_stage_it_goes_on_there(works, tmp_path, stage):
    works.dies_in = stage
    with pytest.raises(SystemExit):
        run(tmp_path)
    assert works.done == STAGES[: STAGES.index(stage)]
    works.dies_in = None
    run(tmp_path)
    assert works.done == STAGES


def test_the_report_is_told_what_was_found(works, tmp_path):
    run(tmp_path)
    (facts,) = works.reports
    assert facts["data"] == {"datagen": 1, "distil": 4}
    assert facts["calibration"] == {"calibrate": 5}
    assert facts["latency"] == {"latency": 11} and facts["states"] == {"states": 12}
    assert list(facts["wall_seconds"]) == STAGES
    assert (facts["seed"], facts["command"]) == (1, "t2t-reproduce")
    assert facts["settings"]["teacher_steps"] == 3
    assert facts["settings"]["warm_start"] is False
    assert facts["settings"]["students"]["student_align"] == {
        "lambda": 0.0,
        "mu": 1.0,
        "gamma_st": 0.1,
        "gamma_tr": 0.9,
        "overrides": "hint_hidden_weight=0",
        "distilled": True,
        "warm_start": False,
    }


@pytest.mark.parametrize(
    ("changes", "stage", "words"),
    [
        ({"problem": "algorithmic_copy_tiny"}, "datagen", "problem="),
        ({"teacher_steps": 4}, "teacher", "steps=3, now it is 4"),
        ({"teacher_set": "transformer_tiny"}, "teacher", "hparams="),
        ({"average": 1}, "teacher", "average=2, now it is 1"),
        ({"beam_size": 5}, "export_teacher", "beam_size=4, now it is 5"),
        ({"student_steps": 9}, "student_nll", "steps=2, now it is 9"),
        ({"students": RECIPE.students[:1]}, "decode", "systems="),
        ({"students": WARM}, "student_nll", "warm_start=False, now it is True"),
        ({"halfwidth": 2}, "decode", "halfwidth=4, now it is 2"),
        (
            {"rescoring_alphas": (0.0, 0.6)},
            "decode",
            "rescoring_alphas=[0.0], now it is [0.0, 0.6]",
        ),
        ({"sentences": 16}, "distil", "sentences=None, now it is 16"),
        ({"latency_sentences": 2}, "latency", "latency_sentences=50, now it is 2"),
    ],
)
def test_a_recipe_that_says_otherwise_is_refused(works, tmp_path, changes, stage, words):
    run(tmp_path)
    stamps = {path: path.read_bytes() for path in (tmp_path / "stages").iterdir()}
    with pytest.raises(InputError, match="give another --output_dir") as caught:
        run(tmp_path, dataclasses.replace(RECIPE, **changes))
    assert f"stage {stage!r}" in str(caught.value) and words in str(caught.value)
    assert {path: path.read_bytes() for path in (tmp_path / "stages").iterdir()} == stamps
    assert works.done == STAGES


def test_another_seed_is_refused(works, tmp_path):
    run(tmp_path)
    with pytest.raises(InputError, match="stage 'teacher' made with seed=1, now it is 2"):
        run(tmp_path, seed=2)


SHARED = ["datagen", "teacher", "export_teacher", "distil"]


def test_a_second_seed_takes_the_first_ones_teacher(works, tmp_path):
    run(tmp_path / "first")
    works.done.clear()
    run(tmp_path / "second", seed=2, teacher_from=tmp_path / "first")
    assert works.done == [stage for stage in STAGES if stage not in SHARED]
    first, second = works.reports
    assert (first["seed"], second["seed"]) == (1, 2)
    assert first["settings"].pop("teacher_seed") == second["settings"].pop("teacher_seed") == 1
    assert (first["settings"], first["data"]) == (second["settings"], second["data"])
    assert not (tmp_path / "second" / "stages" / "teacher.json").exists()


@pytest.mark.parametrize("stage", SHARED)
def test_an_unfinished_teacher_is_not_taken(works, tmp_path, stage):
    run(tmp_path / "first")
    (tmp_path / "first" / "stages" / f"{stage}.json").unlink()
    works.done.clear()
    with pytest.raises(InputError, match=f"first holds no finished stage {stage!r}"):
        run(tmp_path / "second", seed=2, teacher_from=tmp_path / "first")
    assert works.done == []


def test_the_teacher_of_another_recipe_is_not_taken(works, tmp_path):
    run(tmp_path / "first")
    other = dataclasses.replace(RECIPE, teacher_steps=4)
    with pytest.raises(InputError, match="first holds stage 'teacher' made with steps=3, now it"):
        run(tmp_path / "second", other, seed=2, teacher_from=tmp_path / "first")


def test_where_a_taken_teacher_is(tmp_path):
    pipeline = Pipeline(RECIPE, tmp_path / "second", "", teacher_from=tmp_path / "first")
    assert pipeline.data_dir == str(tmp_path / "first" / "data")
    assert pipeline.export_dir("teacher") == str(tmp_path / "first" / "export" / "teacher")
    assert pipeline.export_dir("student_x") == str(tmp_path / "second" / "export" / "student_x")


def test_a_student_of_the_real_data(works, tmp_path):
    real = Student("student_real", NO_HINTS, distilled=False)
    recipe = dataclasses.replace(RECIPE, students=(*RECIPE.students, real))
    base = RECIPE.problem
    pipeline = Pipeline(recipe, tmp_path, "")
    assert pipeline.teacher().problem.name == pipeline.student(real).problem.name == base
    assert pipeline.student(recipe.students[0]).problem.name == f"{base}_distill"
    assert recipe.drawn() == ["teacher", "student_nll", "student_align"]
    run(tmp_path, recipe)
    stamp = json.loads((tmp_path / "stages" / "student_real.json").read_text())
    assert stamp["settings"]["problem"] == base


def test_only_students_with_hints_get_the_teacher(tmp_path):
    pipeline = Pipeline(RECIPE, tmp_path, "")
    teacher = str(tmp_path / "export" / "teacher")
    nll, align = map(pipeline.student, RECIPE.students)
    assert (nll.hparams.hint_hidden_weight, nll.hparams.hint_align_weight) == (0.0, 0.0)
    assert (align.hparams.hint_hidden_weight, align.hparams.hint_align_weight) == (0.0, 1.0)
    assert (nll.teacher_export_dir, align.teacher_export_dir) == ("", teacher)


def test_a_warm_start_is_from_the_teachers_average(tmp_path):
    pipeline = Pipeline(RECIPE, tmp_path / "second", "", teacher_from=tmp_path / "first")
    cold, warm = (pipeline.student(student) for student in (RECIPE.students[0], WARM[0]))
    assert (cold.warm_start_from, pipeline.teacher().warm_start_from) == ("", "")
    assert warm.warm_start_from == str(tmp_path / "first" / "teacher" / "avg")


def test_the_weights_are_calibrated_for_the_whole_set_started_as_a_student_is(tmp_path):
    recipe = dataclasses.replace(RECIPE, students=WARM)
    system = Pipeline(recipe, tmp_path, "")._calibrated()
    assert system.hparams.values() == registry.hparams(RECIPE.student_set).values()
    assert system.warm_start_from and system.teacher_export_dir


def test_an_export_that_a_kill_left_unnoted_is_made_again(monkeypatch, tmp_path):
    def export(model, settings, export_dir):
        del model
        target = tmp_path / "export" / "student_nll"
        assert export_dir == str(target) and not target.exists()
        target.mkdir(parents=True)
        (target / "settings.json").write_text(json.dumps(settings.values()))

    loaded = []
    monkeypatch.setattr(system_module, "load_trained", lambda *args: loaded.append(args))
    monkeypatch.setattr(system_module, "export", export)
    student = Pipeline(RECIPE, tmp_path, "").student(RECIPE.students[0])
    for _ in range(2):
        result = system_module.export_system(student, 3, RECIPE, str(tmp_path / "data"))
        assert result == {"export_dir": str(tmp_path / "export" / "student_nll")}
    settings = SimpleNamespace(
        **json.loads((tmp_path / "export" / "student_nll" / "settings.json").read_text())
    )
    assert (settings.beam_size, settings.alpha, settings.extra_length) == (4, 0.6, 50)
    model, with_bias, problem, data_dir, checkpoint = loaded[1]
    assert (model, problem.name) == ("transformer_nat", "algorithmic_reverse_tiny_distill")
    assert with_bias.length_bias == 3 and student.hparams.length_bias is None
    assert data_dir == str(tmp_path / "data")
    assert checkpoint == str(tmp_path / "student_nll" / "avg")
