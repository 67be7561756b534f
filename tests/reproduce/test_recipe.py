import ast
import dataclasses
from pathlib import Path

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.decode_hparams import (
    decode_hparams,
    exported_names,
    without_candidates,
)
from t2t_hint_nart.errors import InputError, UnknownNameError
from t2t_hint_nart.reproduce.paper_results import TABLE_1
from t2t_hint_nart.reproduce.recipe import Decoding, Question, find_recipe
from tests.reproduce.tiny_recipe import STUDENTS, TINY_RECIPE


def test_decodings_in_other_runtimes():
    fast = Decoding("fast", "", "teacher", STUDENTS, runtime="litert", scorer_runtime="ctranslate2")
    recipe = dataclasses.replace(TINY_RECIPE, decodings=(*TINY_RECIPE.decodings, fast))
    assert recipe.runtimes == ("litert",)
    assert recipe.decoded("litert") == [(student, "fast") for student in STUDENTS]
    assert recipe.decoded("saved_model") == TINY_RECIPE.decoded()
    assert fast.exports("student_nll") == {
        "student_nll.litert": ("student_nll", "litert"),
        "teacher.ctranslate2": ("teacher", "ctranslate2"),
    }
    assert list(TINY_RECIPE.decoding("rescored_5").exports("a")) == ["a", "teacher"]
    assert recipe.without(["ctranslate2"]) == TINY_RECIPE
    with pytest.raises(InputError, match="decodes no student_nll.fast, baseline"):
        dataclasses.replace(recipe, baseline=("student_nll", "fast"))


@pytest.mark.parametrize("name", registry.list_recipes())
def test_what_a_recipe_names_exists_and_goes_together(name):
    recipe = find_recipe(name)
    registry.problem(recipe.problem)
    registry.problem(f"{recipe.problem}_distill")
    sets = {s.name: registry.hparams(s.hparams_set).parse(s.hparams) for s in recipe.systems}
    for system in recipe.systems:
        registry.check_model(system.model)
        hparams = sets[system.name]
        weights = (hparams.get("hint_hidden_weight"), hparams.get("hint_align_weight"))
        assert bool(system.hints_from) == any(weights), system
        for other in filter(None, (system.hints_from, system.warm_start_from)):
            for same in ("num_hidden_layers", "num_decoder_layers", "num_heads", "hidden_size"):
                assert getattr(hparams, same) == getattr(sets[other], same)
        assert recipe.average * system.checkpoint_steps <= system.steps
        # No run ends inside its warm-up, or soon after it.
        assert hparams.learning_rate_warmup_steps < 0.75 * system.steps, system
    for decoding in recipe.decodings:
        for name, decoded in recipe.decoded():
            if decoded == decoding.name:
                strategy = registry.strategy_of(recipe.system(name).model)
                settings = decode_hparams(decoding.decode_hparams, strategy)
                if decoding.own_export:
                    exported_names(without_candidates(settings, strategy), strategy)
    assert {s for q in recipe.questions for s in q.systems} <= {s for s, _ in recipe.decoded()}


def test_the_students_of_the_papers_table():
    for name in ("multi30k", "tatoeba", "iwslt14_paper"):
        recipe = find_recipe(name)
        hints = {"student_nll": (0, 0), "student_align": (0, 1), "student_align_hid": (5, 1)}
        for student, weights in hints.items():
            system = recipe.system(student)
            hparams = registry.hparams(system.hparams_set).parse(system.hparams)
            assert (hparams.hint_hidden_weight, hparams.hint_align_weight) == weights
            assert bool(system.warm_start_from) == ("paper" not in name)
        assert not recipe.system("student_real").distilled


def test_what_is_decoded_and_how_exports_translate():
    assert TINY_RECIPE.decoded() == [
        ("teacher", "greedy"),
        ("teacher", "beam4"),
        ("student_nll", "one_pass"),
        ("student_nll", "rescored_5"),
        ("student_align", "one_pass"),
        ("student_align", "rescored_5"),
    ]
    exported = {s.name: TINY_RECIPE.exported(s.name).name for s in TINY_RECIPE.systems}
    assert exported == {"teacher": "beam4", "student_nll": "one_pass", "student_align": "one_pass"}


def test_what_is_drawn_and_calibrated_follows_from_the_systems():
    assert TINY_RECIPE.drawn == ("teacher", "student_nll", "student_align")
    real = dataclasses.replace(TINY_RECIPE.systems[1], distilled=False)
    systems = (TINY_RECIPE.systems[0], real, TINY_RECIPE.systems[2])
    assert dataclasses.replace(TINY_RECIPE, systems=systems).drawn == ("teacher", "student_align")
    assert find_recipe("quickstart").drawn == (
        "teacher",
        "student_nll",
        "student_align_hid",
        "student_ctc_bigrams",
    )
    assert find_recipe("multi30k").calibrated == "student_align_hid"
    study = find_recipe("multi30k_study")
    assert (study.drawn, study.calibrated) == ((), "")


def test_a_study_of_some_questions_has_the_systems_that_answer_them():
    study = find_recipe("multi30k_study").only(["copy", "hints"])
    assert [question.name for question in study.questions] == ["hints", "copy"]
    names = {system.name for system in study.systems}
    assert names == {"teacher", "nll", "align", "hid", "hints", "soft_copy_nll", "soft_copy"}
    assert {system for system, _ in study.decoded()} == names
    with pytest.raises(UnknownNameError, match="Unknown question 'nu'"):
        study.only(["nu"])
    with pytest.raises(InputError, match="^Recipe 'quickstart' asks no questions: leave out"):
        find_recipe("quickstart").only(["hints"])


def test_a_part_of_a_recipe_has_what_its_systems_need():
    recipe = find_recipe("multi30k_collapsed").of(["student_ctc_bigrams"])
    assert [s.name for s in recipe.systems] == ["teacher", "student_ctc", "student_ctc_bigrams"]
    assert recipe.baseline == ("teacher", "beam4")
    decoded = recipe.decoded()
    assert ("student_ctc_bigrams", "verified") in decoded and ("teacher", "beam4") in decoded
    assert {system for system, _ in decoded} == {system.name for system in recipe.systems}
    ranked = find_recipe("multi30k").of(["student_nll"])
    assert ranked.decoding("rescored_9_alpha0").scorer in {s.name for s in ranked.systems}
    with pytest.raises(UnknownNameError, match="Unknown system 'student_ctx'"):
        find_recipe("multi30k_collapsed").of(["student_ctx"])


def test_a_run_that_goes_on_is_compared_at_equal_steps():
    recipe = find_recipe("multi30k_long")
    names = [system.name for system in recipe.systems]
    pairs = {(a, b) for a in names for b in names if recipe.are_compared(a, b)}
    assert ("student_nll_2000", "student_align_2000") in pairs
    assert ("student_nll_2000", "student_align_4000") not in pairs
    assert ("student_nll_2000", "student_nll_4000") not in pairs
    assert ("teacher", "student_nll_4000") in pairs
    begun = {system.name: system.continues for system in recipe.systems}
    assert begun["student_nll_12000"] == "student_nll_8000" and not begun["student_nll_2000"]
    drawn = dataclasses.replace(recipe, baseline=("teacher", "beam4")).drawn
    names = ("student_nll", "student_align", "student_align_hid")
    assert drawn[1:] == tuple(f"{name}{warm}_12000" for warm in ("", "_warm") for name in names)
    assert recipe.system("student_nll_warm_2000").warm_start_from == "teacher"
    assert not recipe.system("student_nll_2000").warm_start_from
    some = recipe.of(["student_align_warm_4000"]).systems[1:]
    assert [s.name for s in some] == ["student_align_warm_2000", "student_align_warm_4000"]


def test_decodings_with_exports_of_their_own():
    long = find_recipe("multi30k_long")
    apart = long.exported_apart("student_nll_12000")
    assert {name: decoding.name for name, decoding in apart.items()} == {
        "student_nll_12000.dedup": "dedup",
        "student_nll_12000.rescored_9_dedup": "rescored_9_dedup",
    }
    assert not long.exported_apart("student_nll_2000") and not long.exported_apart("teacher")
    assert long.exported("student_nll_12000").name == "one_pass"
    exports = long.decoding("rescored_9_dedup").exports("student_nll_12000")
    assert exports == {
        "student_nll_12000.rescored_9_dedup": ("student_nll_12000", "saved_model"),
        "teacher": ("teacher", "saved_model"),
    }
    assert long.decoding("dedup").settings == ("dedup=True,length_bias=2", "", "own_export")
    assert long.decoding("reference_length").settings[2:] == ("reference_lengths",)
    reference = ("student_nll_12000", "reference_length")
    assert reference in long.decoded() and reference not in long.timed("saved_model")


def test_a_study_of_some_questions_has_what_their_systems_come_from():
    long = find_recipe("multi30k_long")
    question = Question("end", "At the end?", ("student_align_4000",))
    names = [s.name for s in dataclasses.replace(long, questions=(question,)).only(["end"]).systems]
    assert names == ["teacher", "student_align_2000", "student_align_4000"]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"distilled_by": "techer"}, "distilled_by: 'techer' is none of the systems teacher, "),
        ({"distilled_by": ""}, "'student_nll' learns distilled data, and no distilled_by says"),
        ({"baseline": ("teacher", "one_pass")}, "decodes no teacher.one_pass, baseline"),
        ({"systems": (*TINY_RECIPE.systems, TINY_RECIPE.systems[0])}, "two systems of one name"),
        ({"systems": TINY_RECIPE.systems[::-1]}, "hints_from: 'teacher' is none of the systems"),
        (
            {"decodings": (Decoding("a", runtime="litert", own_export=True),), "baseline": None},
            "a: own_export and reference_lengths are of SavedModels, not of the runtime 'litert'",
        ),
    ],
)
def test_a_recipe_of_unknown_names_is_refused(changes, words):
    with pytest.raises(InputError, match=words):
        dataclasses.replace(TINY_RECIPE, **changes)


def test_a_function_that_returns_something_else_is_refused(monkeypatch):
    monkeypatch.setattr(registry, "recipe", lambda name: TINY_RECIPE)
    with pytest.raises(InputError, match="recipe 'small' must return a Recipe of that name"):
        find_recipe("small")


def test_names_of_systems_and_decodings_stand_in_data_alone():
    """A user's recipe has others, and no logic may ask for ours."""
    recipe = find_recipe("multi30k")
    keys = recipe.decoded("saved_model")
    names = {name for key in keys for name in key if not name.startswith("rescored")}
    data = {"recipes.py", "studies.py", "rivals.py", "paper_results.py"}
    found = {
        (path.name, node.value)
        for path in Path(registry.__file__).parent.joinpath("reproduce").glob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Constant) and node.value in names
    }
    assert {value for file, value in found if file in data} == names
    assert {entry for entry in found if entry[0] not in data} == set()


def test_table_1s_systems_stand_beside_their_rows():
    recipe = find_recipe("table1_multi30k")
    decoded = {(s, d.removesuffix("_alpha0")) for s, d in recipe.decoded()}
    missing = [row.model for row in TABLE_1 if (row.system, row.decoding) not in decoded]
    assert missing == []
    assert recipe.exported("refinement").name == "adaptive"
    assert set(recipe.exported_apart("refinement")) == {
        f"refinement.iterations_{count}" for count in (1, 2, 5, 10)
    }
    learned = {system.name: system.distilled for system in recipe.systems}
    tuned = recipe.system("fertility_tuned")
    assert (tuned.asks, tuned.warm_start_from) == ("teacher", "fertility")
    assert not learned["conv_s2s"] and learned["fertility"] and learned["refinement"]
