"""The order of the stages and what is done again, with the work itself left out.

The work itself: tests/e2e.
"""

import dataclasses
import io
import json
from pathlib import Path

import pytest

from t2t_hint_nart.data.text_problem import Text2TextProblem
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.digests import file_digests
from t2t_hint_nart.reproduce import execution
from t2t_hint_nart.reproduce import pipeline as pipeline_module
from t2t_hint_nart.reproduce.pipeline import Pipeline
from t2t_hint_nart.reproduce.recipe import Decoding, Recipe, System
from tests.reproduce.tiny_recipe import TINY_RECIPE as RECIPE

STAGES = [
    "datagen",
    "teacher",
    "export_teacher",
    "distil",
    "student_nll",
    "export_student_nll",
    "calibrate_student_align",
    "student_align",
    "export_student_align",
    "decode",
    "latency",
    "states",
]
SHARED = STAGES[:4]
# In other runtimes: the student's one pass, and its candidates ranked by the teacher.
FAST = {"student_nll.fast", "student_nll.fast_rescored"}
IN_RUNTIMES = (
    Decoding("fast", systems=("student_nll",), runtime="litert_int8"),
    Decoding(
        "fast_rescored", "length_halfwidth=2", "teacher", ("student_nll",), "", "litert_int8", "ct2"
    ),
)
# A user's own: one system, no teacher, nothing timed.
PLAIN = Recipe(
    name="plain",
    doc="",
    problem="algorithmic_reverse_tiny",
    systems=(System("mine", "transformer", "transformer_test", 1, 1),),
    decodings=(Decoding("greedy", "beam_size=1"),),
    average=1,
    latency_sentences=0,
)


class Works:
    """Stands for the work of every stage: notes that it was done, and dies where it is told to."""

    def __init__(self, monkeypatch):
        self.done, self.reports, self.dies_in = [], [], None
        # What was measured before.
        self.known = []
        monkeypatch.setattr(Pipeline, "_datagen", lambda _: self.work("datagen"))
        monkeypatch.setattr(Pipeline, "_train", lambda _, system: self.work(system.name))
        monkeypatch.setattr(execution, "distil", lambda *_: self.work("distil", "distilled_pairs"))
        monkeypatch.setattr(
            execution, "loss_terms", lambda run: self.work(f"calibrate_{Path(run.output_dir).name}")
        )
        monkeypatch.setattr(
            execution,
            "export_averaged",
            lambda run, *args: self.work(
                f"export_{run.output_dir.rpartition('/')[2]}" + " in ".join(["", *args[3:]])
            ),
        )
        monkeypatch.setattr(pipeline_module, "Evaluation", self.of)
        monkeypatch.setattr(pipeline_module, "hardware", dict)

    def of(self, exports, output_dir):
        self.exports, self.recipe, self.output_dir = exports, exports.recipe, output_dir
        return self

    def work(self, name, told=None):
        if name == self.dies_in:
            raise SystemExit(137)
        self.done.append(name)
        return {told or name: len(self.done), "length_bias": None}

    def decode(self, done, keep, runtime=""):
        self.known.append(done)
        keep({"begun": True})
        told = self.work(f"decode{runtime and ' in '}{runtime}")
        return {**told, "acceptance": {runtime: {"passes": 2.0}}}

    def latency(self, done, runtime=""):
        self.known.append(done)
        name = f"latency{runtime and ' in '}{runtime}"
        return self.work(name) | {key: {"median_ms": 1.0} for key in FAST}

    def states(self):
        return self.work("states")

    def report(self, seed, facts, **measured):
        self.reports.append({"seed": seed, **facts, **measured})
        return "the report"


@pytest.fixture
def works(monkeypatch):
    return Works(monkeypatch)


def run(directory, recipe=RECIPE, seed=1, **options):
    stream = io.StringIO()
    finished = Pipeline(recipe, directory, "t2t-reproduce", seed, **options, stream=stream).run()
    assert finished == "the report"
    return stream.getvalue()


def test_data_are_counted_without_being_decoded(tmp_path, monkeypatch):
    monkeypatch.delattr(Text2TextProblem, "text_pairs")
    told = Pipeline(PLAIN, tmp_path, "", stream=io.StringIO())._datagen()
    report = json.loads((tmp_path / "data" / f"{PLAIN.problem}-data.json").read_text())
    counted = {f"{split}_pairs": part["pairs_read"] for split, part in report["splits"].items()}
    assert told == {**counted, "vocab_size": report["vocabulary"]["targets"]["size"]}


def test_all_stages_in_order(works, tmp_path):
    told = run(tmp_path)
    assert works.done == STAGES
    assert f"[{len(STAGES)}/{len(STAGES)}] states: done" in told


def test_a_recipe_without_teacher_and_baseline(works, tmp_path):
    told = run(tmp_path, PLAIN)
    assert works.done == ["datagen", "mine", "export_mine", "decode"]
    assert "[4/4] decode: done" in told
    (facts,) = works.reports
    assert facts["latency"] == facts["states"] == {} and "calibration" not in facts


def test_each_further_runtime_has_a_stage_at_the_end(works, tmp_path, monkeypatch):
    monkeypatch.setattr(pipeline_module, "missing_package", lambda _: "")
    recipe = dataclasses.replace(RECIPE, decodings=(*RECIPE.decodings, *IN_RUNTIMES))
    # What stands needn't be made anew.
    run(tmp_path)
    assert "[13/13] litert_int8: done" in run(tmp_path, recipe)
    assert works.done == [
        *STAGES,
        "export_student_nll in litert_int8",
        "export_teacher in ct2",
        "decode in litert_int8",
        "latency in litert_int8",
    ]
    assert works.reports[-1]["latency"].keys() == {*works.reports[0]["latency"], *FAST}
    verified = {runtime: {"passes": 2.0} for runtime in ("", "litert_int8")}
    assert works.reports[-1]["acceptance"] == verified
    other = dataclasses.replace(recipe.decodings[-1], scorer_runtime="litert")
    other = dataclasses.replace(recipe, decodings=(*recipe.decodings[:-1], other))
    with pytest.raises(InputError, match="stage 'litert_int8' made with student_nll.fast_rescored"):
        run(tmp_path, other)


def test_of_more_systems_only_what_is_not_there_is_exported_again(works, tmp_path, monkeypatch):
    """In further runtimes: what has translated is whole, unless somebody has removed it."""
    monkeypatch.setattr(pipeline_module, "missing_package", lambda _: "")
    folder = tmp_path / "decodes"
    folder.mkdir()

    def decode(done, keep, runtime=""):
        digests = dict(done.get("digests", {}))
        for system, name in works.recipe.decoded(runtime):
            file = folder / f"{system}.{name}.txt"
            if file.name not in digests:
                if system == works.dies_in:
                    raise SystemExit(137)
                file.write_text("translated")
                digests |= file_digests(folder, [file])
                keep({"digests": digests})
        return {"digests": digests}

    def export(run, bias, decode_hparams, export_dir, runtime="saved_model"):
        if runtime != "saved_model":
            works.done.append(Path(export_dir).name)
            (Path(export_dir) / "1").mkdir(parents=True, exist_ok=True)
        return {}

    monkeypatch.setattr(works, "decode", decode)
    timed = ("student_nll.fast", "student_nll.ranked", "student_align.ranked")
    monkeypatch.setattr(works, "latency", lambda *_: {key: {} for key in timed})
    monkeypatch.setattr(execution, "export_averaged", export)
    fast, ranked = IN_RUNTIMES
    ranked = dataclasses.replace(ranked, name="ranked", systems=("student_nll", "student_align"))
    run(tmp_path, dataclasses.replace(RECIPE, decodings=(*RECIPE.decodings, fast)))
    recipe = dataclasses.replace(RECIPE, decodings=(*RECIPE.decodings, fast, ranked))
    works.done.clear()
    works.dies_in = "student_align"
    with pytest.raises(SystemExit):
        run(tmp_path, recipe)
    assert works.done == ["teacher.ct2", "student_align.litert_int8"]
    works.done.clear()
    works.dies_in = None
    (tmp_path / "export" / "student_nll.litert_int8" / "1").rmdir()
    run(tmp_path, recipe)
    assert works.done == ["student_nll.litert_int8", "student_align.litert_int8"]


def test_a_decoding_with_an_export_of_its_own_has_a_stage(works, tmp_path):
    merged = Decoding("dedup", "dedup=True", systems=("student_nll",), own_export=True)
    recipe = dataclasses.replace(RECIPE, decodings=(*RECIPE.decodings, merged))
    assert "[13/13] states: done" in run(tmp_path, recipe)
    place = works.done.index("export_student_nll")
    assert works.done[place : place + 2] == ["export_student_nll"] * 2
    stamp = json.loads((tmp_path / "stages" / "export_student_nll.dedup.json").read_text())
    assert stamp["settings"] == {"decode_hparams": "dedup=True"}


def test_a_runtime_that_is_not_installed_has_no_rows(works, tmp_path, monkeypatch, capsys):
    commands = {"ct2": "pip install ct2"}
    monkeypatch.setattr(pipeline_module, "missing_package", lambda name: commands.get(name, ""))
    recipe = dataclasses.replace(RECIPE, decodings=(*RECIPE.decodings, *IN_RUNTIMES))
    pipeline = Pipeline(recipe, tmp_path, "")
    assert [d.name for d in pipeline.recipe.decodings] == [d.name for d in recipe.decodings[:-1]]
    assert capsys.readouterr().err == (
        "No rows in the runtime ct2, which isn't installed: pip install ct2; the same command adds "
        "them then.\n"
    )


def test_a_finished_experiment_only_writes_its_report_again(works, tmp_path):
    run(tmp_path)
    run(tmp_path)
    assert works.done == STAGES
    first, second = works.reports
    assert first.pop("wall_seconds") == pytest.approx(second.pop("wall_seconds"))
    assert first == second


def test_more_systems_are_trained_and_what_measures_them_is_done_again(works, tmp_path):
    run(tmp_path, RECIPE.of(["student_nll"]))
    before = len(works.done)
    assert "student_align" not in works.done
    told = run(tmp_path)
    new = [stage for stage in STAGES if stage not in works.done[:before]]
    assert works.done[before:] == [*new, "decode", "latency", "states"]
    assert "decode: done in" in told and "student_nll: already done" in told
    # What of it is known, they are given.
    assert works.known[:2] == [{}, {}]
    assert works.known[2]["decode"] == works.known[3]["latency"] - 1 == before - 2
    with pytest.raises(InputError, match="holds stage 'decode' made with"):
        run(tmp_path, RECIPE.of(["student_nll"]))


def test_a_second_system_with_hints_is_calibrated_beside_the_first(works, tmp_path):
    run(tmp_path)
    both = dataclasses.replace(RECIPE.systems[-1], name="student_both", hparams="")
    run(tmp_path, dataclasses.replace(RECIPE, systems=(*RECIPE.systems, both)))
    assert "calibrate_student_both" in works.done


def test_the_students_of_one_teacher_are_not_told_to_be_anothers(works, tmp_path, monkeypatch):
    def exported(run, *args):
        return {"weights": Path(run.output_dir).parent.name}

    monkeypatch.setattr(execution, "export_averaged", exported)
    for teacher in ("first", "second"):
        run(tmp_path / teacher)
    run(tmp_path / "students", teacher_from=tmp_path / "first")
    for others in ({"teacher_from": tmp_path / "second"}, {}):
        with pytest.raises(InputError, match="students holds stage 'shared' made with teacher='fi"):
            run(tmp_path / "students", **others)
    run(tmp_path / "students", teacher_from=tmp_path / "first")


def test_figures_with_words_are_made_again_without(works, tmp_path):
    run(tmp_path, dataclasses.replace(RECIPE, quotes_text=True))
    with pytest.raises(InputError, match="quotes_text=True, now it is False"):
        run(tmp_path)


@pytest.mark.parametrize("stage", STAGES)
def test_killed_in_a_stage_it_goes_on_there(works, tmp_path, stage):
    works.dies_in = stage
    with pytest.raises(SystemExit):
        run(tmp_path)
    assert works.done == STAGES[: STAGES.index(stage)]
    works.dies_in = None
    run(tmp_path)
    assert works.done == STAGES
    assert works.reports[0]["interrupted"] == [stage]


def test_the_report_is_told_what_was_found(works, tmp_path):
    run(tmp_path)
    (facts,) = works.reports
    assert facts["data"] == {"datagen": 1, "distilled_pairs": 4, "length_bias": None}
    assert facts["calibration"]["calibrate_student_align"] == 7
    assert facts["latency"]["latency"] == 11 and facts["states"]["states"] == 12
    assert list(facts["wall_seconds"]) == STAGES
    assert (facts["seed"], facts["shared_seed"], facts["command"]) == (1, 1, "t2t-reproduce")
    settings = facts["settings"]
    assert settings[""] == {"problem": RECIPE.problem, "average": 2}
    assert settings["teacher"]["steps"] == 3 and "hint_gamma_st" not in settings["student_nll"]
    told = settings["student_align"]
    assert (told["hints_from"], told["hint_align_weight"]) == ("teacher", 1.0)
    assert (told["hint_hidden_weight"], told["hint_gamma_tr"]) == (0.0, 0.9)


def changed(system, **changes):
    """The recipe with one system changed."""
    systems = [dataclasses.replace(s, **changes) if s.name == system else s for s in RECIPE.systems]
    return {"systems": tuple(systems)}


def decoding(name, decode_hparams):
    decodings = [
        dataclasses.replace(d, decode_hparams=decode_hparams) if d.name == name else d
        for d in RECIPE.decodings
    ]
    return {"decodings": tuple(decodings)}


@pytest.mark.parametrize(
    ("changes", "stage", "words"),
    [
        ({"problem": "algorithmic_copy_tiny"}, "datagen", "problem="),
        (changed("teacher", steps=4), "teacher", "steps=3, now it is 4"),
        (changed("teacher", hparams_set="transformer_tiny"), "teacher", "hparams."),
        (changed("teacher", model="transformer_nat"), "teacher", "model='transformer', now it is"),
        ({"average": 1}, "teacher", "average=2, now it is 1"),
        (
            decoding("beam4", "beam_size=5"),
            "export_teacher",
            "decode_hparams='beam_size=4', now it is 'beam_size=5'",
        ),
        (
            changed("student_nll", warm_start_from="teacher"),
            "student_nll",
            "warm_start_from='', now it is 'teacher'",
        ),
        (changed("student_align", hints_from=""), "student_align", "hints_from='teacher', now it"),
        ({"decodings": RECIPE.decodings[:3]}, "decode", "student_align.rescored_5=["),
        (decoding("rescored_5", "length_halfwidth=4"), "decode", "student_align.rescored_5=["),
        ({"split": "dev"}, "decode", "split='test', now it is 'dev'"),
        ({"sentences": 16}, "distil", "sentences=None, now it is 16"),
        ({"latency_sentences": 2}, "latency", "latency_sentences=50, now it is 2"),
        (changed("student_nll", distilled=False), "student_nll", "problem="),
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


def test_a_second_seed_takes_what_is_shared(works, tmp_path):
    run(tmp_path / "first")
    works.done.clear()
    run(tmp_path / "second", seed=2, teacher_from=tmp_path / "first")
    assert works.done == [stage for stage in STAGES if stage not in SHARED]
    first, second = works.reports
    assert (first["seed"], second["seed"]) == (1, 2)
    assert first["shared_seed"] == second["shared_seed"] == 1
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
    other = dataclasses.replace(RECIPE, **changed("teacher", steps=4))
    with pytest.raises(
        InputError,
        match="first holds stage 'teacher' made with steps=3, now .* give another --teacher_from",
    ):
        run(tmp_path / "second", other, seed=2, teacher_from=tmp_path / "first")


def test_where_a_systems_run_is_and_what_it_takes_from_others(tmp_path):
    warm = dataclasses.replace(RECIPE, **changed("student_align", warm_start_from="teacher"))
    pipeline = Pipeline(warm, tmp_path / "second", "", 7, teacher_from=tmp_path / "first")
    teacher, nll, align = map(pipeline.run_of, warm.systems)
    first, second = tmp_path / "first", tmp_path / "second"
    assert teacher.output_dir == str(first / "teacher")
    assert nll.output_dir == str(second / "student_nll") and nll.data_dir == str(first / "data")
    assert (nll.teacher_export_dir, nll.warm_start_from) == ("", "")
    assert align.teacher_export_dir == str(first / "export" / "teacher")
    assert align.warm_start_from == str(first / "teacher" / "avg")
    assert align.problem.name == "algorithmic_reverse_tiny_distill" and align.seed == 7
    assert pipeline.export_dir("student_nll") == str(second / "export" / "student_nll")


def test_a_system_goes_on_with_the_run_of_another(tmp_path, monkeypatch):
    longer = dataclasses.replace(RECIPE.systems[1], name="longer", steps=9, continues="student_nll")
    recipe = dataclasses.replace(RECIPE, systems=(*RECIPE.systems, longer))
    trained = []
    monkeypatch.setattr(execution, "train", lambda run, *_: trained.append(run.output_dir) or {})
    earlier = tmp_path / "student_nll"
    (earlier / "avg").mkdir(parents=True)
    (earlier / "avg" / "checkpoint").touch()
    (earlier / "model.ckpt-3.index").write_text("3")
    # What a killed copy left.
    (tmp_path / "longer.copy").mkdir()
    pipeline = Pipeline(recipe, tmp_path, "")
    pipeline._train(longer)
    own = tmp_path / "longer" / "model.ckpt-3.index"
    assert [path.name for path in (tmp_path / "longer").iterdir()] == [own.name]
    own.write_text("4")
    # Interrupted, it goes on with its own.
    pipeline._train(longer)
    assert own.read_text() == "4" and trained == [str(tmp_path / "longer")] * 2
    assert (earlier / "model.ckpt-3.index").read_text() == "3"
    assert not (tmp_path / "longer.copy").exists()


@pytest.mark.parametrize("edit", [lambda file: file.write_text("edited"), Path.unlink])
def test_an_edited_decode_is_not_scored(works, tmp_path, edit, monkeypatch):
    """Nor timed, nor anything else that comes after it."""

    def decode(done, keep):
        file = tmp_path / "decodes" / "teacher.beam4.txt"
        file.parent.mkdir()
        file.write_text("translated")
        digests = file_digests(file.parent, [file])
        return {**works.work("decode"), "digests": digests}

    monkeypatch.setattr(works, "decode", decode)
    works.dies_in = "latency"
    with pytest.raises(SystemExit):
        run(tmp_path)
    edit(tmp_path / "decodes" / "teacher.beam4.txt")
    works.dies_in = None
    with pytest.raises(InputError) as caught:
        run(tmp_path)
    message = str(caught.value)
    assert message.startswith(f"{tmp_path}/decodes/teacher.beam4.txt is")
    assert message.endswith(f"delete {tmp_path}/stages/decode.json to translate again.")
    assert works.done == STAGES[:-2] and works.reports == []


def test_a_system_of_the_real_data(works, tmp_path):
    recipe = dataclasses.replace(RECIPE, **changed("student_nll", distilled=False))
    run(tmp_path, recipe)
    stamp = json.loads((tmp_path / "stages" / "student_nll.json").read_text())
    assert stamp["settings"]["problem"] == RECIPE.problem
    # Distilled where it is first needed.
    assert works.done.index("distil") > works.done.index("export_student_nll")
