"""Tables from rows made up by hand."""

import dataclasses

import pytest

from t2t_hint_nart.errors import UnknownNameError
from t2t_hint_nart.reproduce.markdown import number, table
from t2t_hint_nart.reproduce.recipe import Question
from t2t_hint_nart.reproduce.rows import Rows, flat_rows
from t2t_hint_nart.reproduce.tables import (
    ablation,
    choice,
    facts,
    paired,
    results,
    runs,
    states,
    study,
    systems,
)
from tests.reproduce.tiny_recipe import STUDENTS, TINY_RECIPE


def made_up(recipe=TINY_RECIPE, seeds=(1, 2)):
    rows = []
    for seed in seeds:
        about = {"recipe": "tiny", "seed": seed}
        facts = {"command": "t2t-reproduce", "wall_seconds": {"datagen": 60, "teacher": 3600.0}}
        rows += flat_rows(about, {**facts, "hardware": {"cpu": "a CPU", "cores": 2}})
        for place, (system, decoding) in enumerate(recipe.decoded()):
            values = {
                "bleu_13a": 10.0 * place + seed,
                "long_bleu_13a": 5.0 * place,
                "repetition_percent": 3.0,
                "latency_ms": 8.0,
                "speedup": 2.0 * seed,
            }
            rows += flat_rows({**about, "system": system, "decoding": decoding}, values)
    return rows


def cells(lines):
    """The rows of a table below its head."""
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def test_results_stand_beside_the_papers():
    lines = results(TINY_RECIPE, Rows(made_up(), "tiny"))
    assert lines[0] == (
        "| system | decoding | BLEU 13a | long BLEU 13a | repetition % | latency ms | speed-up "
        "| paper BLEU, IWSLT14 De-En | paper speed-up |"
    )
    body = cells(lines)
    assert [row[:2] for row in body] == [
        ["teacher", "greedy"],
        ["teacher", "beam 4"],
        ["nll", "one pass"],
        ["nll", "rescored_5"],
        ["+align", "one pass"],
        ["+align", "rescored_5"],
    ]
    assert body[2][2:] == [
        "21.50 ± 0.71",
        "10.00",
        "3.00",
        "8.0",
        "3.00 ± 1.41×",
        "23.08",
        "–",
    ]
    assert body[1][-2:] == ["33.26", "1.00×"]


def test_what_one_would_choose_by():
    rows = made_up(seeds=(1,))
    assert choice(TINY_RECIPE, Rows(rows, "tiny")) == []
    about = {"recipe": "tiny", "seed": 1, "system": "student_nll"}
    rows += flat_rows(about, {"settings": {"parameters": 1_234_567}})
    rows += flat_rows({**about, "system": "teacher"}, {"settings": {"parameters": 1_000_000}})
    rows += flat_rows({**about, "decoding": "one_pass"}, {"throughput": 1234.5, "size_mib": 2.25})
    lines = choice(TINY_RECIPE, Rows(rows, "tiny"))
    assert lines[0] == (
        "| system | decoding | BLEU 13a | repetition % | latency ms | speed-up | sentences/s | MiB "
        "| million parameters |"
    )
    assert cells(lines)[2] == [
        "nll",
        "one pass",
        "21.00",
        "3.00",
        "8.00",
        "2.00×",
        "1234",
        "2.2",
        "1.23",
    ]
    assert cells(lines)[0][-3:] == ["–", "–", "1.00"]
    # The scorer translates, too.
    assert [row[-1] for row in cells(lines)[3:5]] == ["2.23", "–"]


def test_a_users_own_score_is_a_column():
    rows = made_up(seeds=(1,))
    where = {"recipe": "tiny", "seed": 1, "system": "teacher", "decoding": "beam4"}
    rows += flat_rows(where, {"throughput": 1.0, "score": {"comet": 0.84562}})
    header, _, *body = choice(TINY_RECIPE, Rows(rows, "tiny"))
    place = header.split(" | ").index("comet")
    assert [line.split(" | ")[place] for line in body[:2]] == ["–", "0.8456"]


def test_the_problems_own_score_comes_first():
    rows = made_up()
    rows += flat_rows({"recipe": "tiny", "seed": 1}, {"bleu_convention": "wmt14_compound"})
    where = {"recipe": "tiny", "seed": 1, "system": "teacher", "decoding": "beam4"}
    rows += flat_rows(where, {"bleu_tokenized": 30.0})
    assert results(TINY_RECIPE, Rows(rows, "tiny"))[0].split(" | ")[2:4] == [
        "BLEU tokenized",
        "BLEU 13a",
    ]


def test_what_the_hints_add():
    lines = ablation(TINY_RECIPE, Rows(made_up(seeds=[1]), "tiny"))
    assert lines[0] == "|  | nll | +align |"
    assert cells(lines)[:3] == [
        ["BLEU 13a", "21.00", "41.00"],
        ["paper: BLEU", "23.08", "24.76"],
        ["long-sentence BLEU 13a", "10.00", "20.00"],
    ]
    alone = dataclasses.replace(
        TINY_RECIPE, systems=TINY_RECIPE.systems[:1], decodings=(), baseline=None
    )
    assert ablation(alone, Rows([], "tiny")) == []


def test_comparisons_of_one_seed_and_of_several():
    rows = []
    for seed, difference, p_value in ((1, 0.5, 0.0004), (2, 0.7, 0.2), (3, 0.6, 0.1)):
        where = {"recipe": "tiny", "seed": seed, "system": "student_align", "decoding": "one_pass"}
        values = {
            "difference.vs.student_nll": difference,
            "p_value.vs.student_nll": p_value,
            "bleu_13a": 1.0,
        }
        rows += flat_rows(where, values)
        rows += flat_rows({**where, "system": "student_nll"}, {"bleu_13a": 0.5})
    assert cells(paired(TINY_RECIPE, Rows(rows, "tiny"))) == [
        [
            "one pass",
            "nll",
            "+align",
            "+0.60 ± 0.10",
            "< 0.001, 0.200, 0.100",
            "0.200",
            "0.009",
        ]
    ]
    first = [row for row in rows if row.seed == 1]
    turned = cells(paired(TINY_RECIPE, Rows(first, "tiny"), against="student_align"))
    assert turned == [["one pass", "+align", "nll", "-0.50", "< 0.001"]]
    both = paired(TINY_RECIPE, Rows(rows, "tiny"), metrics="repetition_percent,bleu_13a")
    assert both[0].endswith("| repetition % of both | BLEU 13a of both |")
    assert cells(both)[0][-2:] == ["– → –", "0.50 → 1.00"]
    with pytest.raises(UnknownNameError, match="Unknown metric 'bleu'"):
        paired(TINY_RECIPE, Rows(rows, "tiny"), metrics="bleu")
    assert paired(TINY_RECIPE, Rows([], "tiny")) == []


def test_systems_without_states_are_left_out():
    rows = made_up(seeds=[1])
    assert states(TINY_RECIPE, Rows(rows, "tiny")) == []
    about = {"recipe": "tiny", "seed": 1, "system": "student_nll"}
    rows += flat_rows(about, {"cosine.raw.mean": 0.25, "cosine.raw.below_0.25": 0.5})
    body = cells(states(TINY_RECIPE, Rows(rows, "tiny")))
    assert [row[0] for row in body] == ["nll", "paper's teacher"]
    assert body[0][1:4] == ["0.250", "50.0%", "–"] and body[1][1:4] == ["–", "70%", "95%"]


@pytest.fixture
def answered():
    questions = (
        Question("a", "Which?", STUDENTS),
        Question("b", "Nothing?", ("teacher",)),
    )
    recipe = dataclasses.replace(TINY_RECIPE, questions=questions)
    rows = made_up(recipe)
    for seed in (1, 2):
        for system, hparams in zip(STUDENTS, ("", "x=1"), strict=True):
            about = {"recipe": "tiny", "seed": seed, "system": system}
            settings = {"steps": 2, "hparams": hparams, "distilled": not hparams}
            rows += flat_rows(about, settings, "settings.")
    return recipe, rows


def test_a_study_is_told_best_first_and_against_its_first(answered):
    recipe, rows = answered
    body = cells(study(recipe, Rows(rows, "tiny")))
    assert body[:2] == [
        [
            "Which?",
            "student_align",
            "`x=1`, real data, from nothing",
            "2",
            "41.50 ± 0.71",
            "+20.00 over student_nll",
            "3.00",
            "2",
        ],
        ["", "student_nll", "from nothing", "2", "21.50 ± 0.71", "–", "3.00", "2"],
    ]
    assert body[2][:2] == ["Nothing?", "teacher"]


def test_only_seeds_that_answer_the_whole_question_count(answered):
    recipe, rows = answered
    kept = [row for row in rows if (row.seed, row.system) != (2, "student_nll")]
    body = cells(study(recipe, Rows(kept, "tiny")))
    assert [(row[4], row[7]) for row in body[:2]] == [("41.00", "1"), ("21.00", "1")]


def test_how_systems_were_trained(answered):
    recipe, rows = answered
    body = {row[0]: row for row in cells(systems(recipe, Rows(rows, "tiny")))}
    assert body["+align"][2:] == ["`x=1`", "real", "nothing", "–", "2"]
    assert body["nll"][3] == "distilled"


def test_facts_of_runs():
    rows = made_up()
    rows += flat_rows({"recipe": "tiny", "seed": 1}, {"signature.chrf": "a|b", "average": 2})
    lines = facts(TINY_RECIPE, Rows(rows, "tiny"))
    assert "| wall_seconds.teacher | 1 h 0 min |" in lines
    assert "| signature.chrf | `a\\|b` |" in lines and "| average | 2 |" in lines
    assert lines[-1] == "| wall_seconds | 1 h 1 min |"
    assert not [line for line in lines if "t2t-reproduce" in line]


def test_runs():
    body = cells(runs({"tiny": Rows(made_up(), "tiny")}))
    assert body[1] == ["tiny", "2", "`t2t-reproduce`", "1 h 1 min", "a CPU, 2 cores"]


def test_cells_cannot_break_the_table():
    lines = table(["a", "b"], [["x|y\nz", "`|`"]], text_columns=1)
    assert lines == ["| a | b |", "|---|--:|", "| x\\|y z | `\\|` |"]


def test_what_is_no_number_is_a_dash():
    assert [number(value) for value in (1, 2.345, None, float("inf"), "3", True)] == [
        "1.00",
        "2.35",
        "–",
        "–",
        "–",
        "–",
    ]
