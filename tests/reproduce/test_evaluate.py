"""What the report is made of, from files of translations; no model is loaded."""

import json
import shlex
from types import SimpleNamespace

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.reproduce.evaluate import SAMPLES, Evaluation, translate_command
from t2t_hint_nart.reproduce.recipe import Student
from t2t_hint_nart.serving.decodes import Hypothesis
from t2t_hint_nart.training.summaries import Summaries

REFERENCES = [f"the dog number {i} barks loudly at the cat ." for i in range(20)]
SOURCES = [f"der Hund Nummer {i} bellt die Katze laut an ." for i in range(20)]
PAIRS = list(zip(SOURCES, REFERENCES, strict=True))
LATENCY = {"mean_ms": 9.0, "p90_ms": 12.0, "calls": 6, "warmup_calls": 2}
STATES = {"cosine": {"teacher": {}}, "attention": {"teacher": {}}, "figures": []}


def worse(lines, every):
    """The lines, of which every n-th has a word too many."""
    return [
        f"{line} {line.split()[-2]}" if i % every == 0 else line for i, line in enumerate(lines)
    ]


TRANSLATIONS = {
    "teacher.greedy": (worse(REFERENCES, 8), 20.0),
    "teacher.beam4": (REFERENCES, 30.0),
    "student_nll.one_pass": (worse(REFERENCES, 1), 3.0),
    "student_nll.rescored_5": (worse(REFERENCES, 3), 6.0),
    "student_align.one_pass": (worse(REFERENCES, 2), 3.0),
    "student_align.rescored_5": (worse(REFERENCES, 4), 6.0),
}


@pytest.fixture
def evaluation(tmp_path):
    (tmp_path / "decodes").mkdir()
    for name, (lines, _) in TRANSLATIONS.items():
        text = "".join(f"{line}\n" for line in lines)
        (tmp_path / "decodes" / f"{name}.txt").write_text(text, encoding="utf-8")
    problem = SimpleNamespace(
        target_language="en",
        bleu_convention="wmt14_compound",
        text_pairs=lambda data_dir, split: {("data", "test"): PAIRS}[data_dir, split],
    )
    students = (Student("student_nll", ""), Student("student_align", ""))
    recipe = SimpleNamespace(
        name="tiny",
        students=students,
        beam_size=4,
        data_statement="Dogs.",
        quotes_text=True,
        sentences=None,
        rescored=lambda: {"rescored_5": 0.0},
    )
    return Evaluation(recipe, tmp_path, problem, "data", "teacher")


def test_a_sentence_is_a_line_whatever_is_in_it(evaluation, tmp_path, monkeypatch):
    class Odd:
        def translate(self, sources):
            assert sources == SOURCES
            return [[Hypothesis(f"two\nlines\t{i}", -1.0)] for i in range(len(sources))]

    monkeypatch.setattr(Evaluation, "_translator", lambda *_: Odd())
    assert evaluation.decode() == {"sentences": 20}
    for name in TRANSLATIONS:
        text = (tmp_path / "decodes" / f"{name}.txt").read_text(encoding="utf-8")
        assert text == "".join(f"two lines {i}\n" for i in range(20))
    assert not list(tmp_path.rglob("*.incomplete"))


def report(evaluation):
    latency = {name: {"median_ms": ms, **LATENCY} for name, (_, ms) in TRANSLATIONS.items()}
    return evaluation.report(
        data={"train_pairs": 7}, latency=latency, states=STATES, seed=1, command="t2t-reproduce"
    )


def test_the_report(evaluation, tmp_path):
    finished = report(evaluation)
    assert finished.report == tmp_path / "report.md" and finished.report.exists()
    written = json.loads((tmp_path / "report.json").read_text())
    rows = {f"{row['system']}.{row['decoding']}": row for row in written["rows"]}
    assert list(rows) == list(TRANSLATIONS)
    assert {row["sentences"] for row in rows.values()} == {20}
    assert rows["teacher.beam4"]["bleu_13a"] == pytest.approx(100.0)
    by_bleu = sorted(rows, key=lambda name: rows[name]["bleu_13a"])
    assert by_bleu == [
        "student_nll.one_pass",
        "student_align.one_pass",
        "student_nll.rescored_5",
        "student_align.rescored_5",
        "teacher.greedy",
        "teacher.beam4",
    ]
    assert [row["speedup"] for row in rows.values()] == [1.5, 1.0, 10.0, 5.0, 10.0, 5.0]
    assert rows["teacher.beam4"]["repetition_percent"] == 0.0
    assert written["data"] == {
        "description": "Dogs.",
        "bleu_convention": "wmt14_compound",
        "train_pairs": 7,
    }


def test_the_best_one_pass_student_is_recommended(evaluation, tmp_path):
    command = report(evaluation).translate_command
    assert command == translate_command(tmp_path / "export" / "student_align")
    assert json.loads((tmp_path / "report.json").read_text())["translate_command"] == command


def test_students_are_compared_under_the_same_decoding(evaluation, tmp_path):
    report(evaluation)
    comparisons = json.loads((tmp_path / "report.json").read_text())["significance"]
    assert [(c["baseline"], c["system"], c["decoding"]) for c in comparisons] == [
        ("student_nll", "student_align", "one_pass"),
        ("student_nll", "student_align", "rescored_5"),
    ]
    assert comparisons[0]["p_value"] < 0.05


def test_text_that_may_not_be_copied_is_not_in_the_report(evaluation, tmp_path):
    evaluation._recipe.quotes_text = False
    report(evaluation)
    assert json.loads((tmp_path / "report.json").read_text())["samples"] == []
    for file in ("report.json", "report.md"):
        assert "barks loudly" not in (tmp_path / file).read_text()


def test_samples_are_spread_over_the_test_set(evaluation, tmp_path):
    report(evaluation)
    samples = json.loads((tmp_path / "report.json").read_text())["samples"]
    assert len(samples) == SAMPLES
    places = [SOURCES.index(sample["source"]) for sample in samples]
    assert places == [0, 2, 4, 6, 8, 10, 12, 14]
    for place, sample in zip(places, samples, strict=True):
        assert sample == {
            "source": SOURCES[place],
            "reference": REFERENCES[place],
            "teacher": TRANSLATIONS["teacher.beam4"][0][place],
            "student_nll": TRANSLATIONS["student_nll.one_pass"][0][place],
            "student_align": TRANSLATIONS["student_align.one_pass"][0][place],
        }


def test_translations_that_are_not_of_this_test_set_are_refused(evaluation, tmp_path):
    (tmp_path / "decodes" / "teacher.beam4.txt").write_text("one line\n")
    with pytest.raises(InputError):
        report(evaluation)
    assert not (tmp_path / "report.json").exists()


def test_training_is_told_where_it_left_summaries(evaluation, tmp_path):
    report(evaluation)
    assert not (tmp_path / "training.png").exists()
    Summaries(tmp_path / "student_align").training(5, {"nll": 2.0, "gate_fraction": 0.5})
    Summaries(tmp_path / "student_nll").training(5, {"nll": 3.0})
    report(evaluation)
    written = json.loads((tmp_path / "report.json").read_text())
    assert written["training"] == {
        "student_nll": {"nll": [[5], [3.0]]},
        "student_align": {"nll": [[5], [2.0]], "gate_fraction": [[5], [0.5]]},
    }
    assert [figure["file"] for figure in written["figures"]] == ["training.png"]
    assert (tmp_path / "training.png").read_bytes().startswith(b"\x89PNG")


def test_the_summary_has_a_line_a_row(evaluation):
    lines = report(evaluation).summary.splitlines()
    assert lines[0].split() == ["system", "decoding", "BLEU", "rep", "%", "ms", "x"]
    assert [line.split()[:2] for line in lines[1:]] == [n.split(".") for n in TRANSLATIONS]
    assert lines[2].split()[2:] == ["100.00", "0.00", "30.0", "1.0"]
    assert len({len(line) for line in lines}) == 1


def test_the_command_to_translate_works_in_a_shell(tmp_path):
    command = translate_command(tmp_path / "it's here")
    assert shlex.split(command) == [
        "t2t-query-server",
        f"--export_dir={tmp_path}/it's here",
        "--inputs_once=Guten Morgen!",
    ]
