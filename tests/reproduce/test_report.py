"""What is written of rows: report.md, the terminal's summary, and tables inside a document."""

import dataclasses
import html
import shlex
from importlib import metadata

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.reproduce import report
from t2t_hint_nart.reproduce.recipe import Question, find_recipe
from t2t_hint_nart.reproduce.report import (
    finish,
    translate_command,
    with_tables,
    write_reproduction,
)
from t2t_hint_nart.reproduce.rows import flat_rows, read_rows, write_rows
from t2t_hint_nart.text.lines import printable
from tests.reproduce.test_tables import made_up
from tests.reproduce.tiny_recipe import STUDENTS, TINY_RECIPE

FIGURE = {"file": "figure1.png", "caption": "States."}
SAMPLE = {"source": "1 2", "reference": "2 1", "nll": "2 2"}


@pytest.fixture
def finished(tmp_path):
    return finish(
        TINY_RECIPE,
        made_up(seeds=[1]),
        tmp_path,
        lambda system: f"export/{system}",
        samples=[SAMPLE],
        figures=[FIGURE],
    )


def test_a_run_leaves_its_rows_and_a_report(finished, tmp_path):
    assert read_rows(tmp_path) == made_up(seeds=[1])
    assert finished.report == tmp_path / "report.md"
    text = finished.report.read_text()
    assert text.startswith("# Recipe `tiny`, seed 1\n\nDigits.\n\n```\nt2t-reproduce\n")
    assert "## Results\n\n| system |" in text and "| nll | one pass | 21.00 |" in text
    assert "| reference | 2 1 |" in text and "![States.](figure1.png)" in text
    # Nothing was measured of these.
    assert "## Paired comparisons" not in text and "## Decoder states" not in text


HOSTILE = [
    "a|b\\|c",
    "<script>x</script> <img src=x> &lt;",
    "![i](http://h/i.png) [l](http://h) <http://h>",
    "`x` *y* __z__ ~~w~~ $v$",
    "a\r\nb\u2028| c |\x1b[2J",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_a_sentence_is_shown_as_it_is(tmp_path, text):
    """Whatever is in it: no tag, no image, no link, no other cell or row."""
    sample = {"source": text, "reference": text, "nll": text}
    figure = {"file": "figure1.png", "caption": text}
    told = finish(
        TINY_RECIPE, made_up(seeds=[1]), tmp_path, str, samples=[sample], figures=[figure]
    )
    lines = told.report.read_text("utf-8").split("## Sample translations\n\n")[1].splitlines()
    *rows, empty, image, _, caption = lines
    assert len(rows) == 5 and not empty
    for row in rows[2:]:
        bar, _, cell, end = row.split("|")
        assert bar == end == "" and not set("\\`*_[]<>~$\x1b") & set(cell)
        assert html.unescape(cell).split() == printable(text).split()
    shown = image.removeprefix("![").removesuffix("](figure1.png)")
    assert caption == f"*{shown}*" and html.unescape(shown) == printable(text)


def test_the_summary_has_a_line_a_translation(finished):
    lines = finished.summary.splitlines()
    assert lines[0].split() == ["system", "decoding", "BLEU", "rep", "%", "ms", "x"]
    assert lines[3].split() == ["student_nll", "one_pass", "21.00", "3.00", "8.0", "2.0"]
    assert len(lines) == 7 and len({len(line) for line in lines}) == 1


def test_what_was_not_timed_is_a_dash(tmp_path):
    rows = [row for row in made_up(seeds=[1]) if row.metric not in ("latency_ms", "speedup")]
    told = finish(TINY_RECIPE, rows, tmp_path, str).summary
    assert told.splitlines()[1].split() == ["teacher", "greedy", "1.00", "3.00", "–", "–"]


def test_the_best_that_translates_as_exported_is_recommended(finished):
    """And not the shared teacher, nor one that is better by another decoding."""
    assert finished.best == "student_align"
    assert finished.translate_command == translate_command("export/student_align")


def test_the_report_of_a_study_has_its_questions(tmp_path):
    questions = (Question("a", "Which is better?", STUDENTS),)
    recipe = dataclasses.replace(TINY_RECIPE, questions=questions, baseline=None)
    text = finish(recipe, made_up(recipe, [1]), tmp_path, str).report.read_text()
    assert "## Study" in text and "| Which is better? | student_align |" in text
    assert "## Results" not in text


def test_the_command_to_translate_works_in_a_shell():
    assert shlex.split(translate_command("it's here")) == [
        "t2t-query-server",
        "--export_dir=it's here",
        "--inputs_once=Guten Morgen!",
    ]


@pytest.fixture
def stored(tmp_path):
    """Rows of a registered recipe."""
    rows = []
    for system, decoding in find_recipe("quickstart").decoded():
        about = {"recipe": "quickstart", "seed": 1, "system": system, "decoding": decoding}
        rows += flat_rows(about, {"bleu_13a": 12.5, "repetition_percent": 1.0})
    write_rows(tmp_path / "rows.jsonl", rows)
    return tmp_path


DOCUMENT = """\
# Title

A sentence.

<!-- table: results quickstart -->
whatever was here
<!-- end -->

The rest.

<!-- table: runs -->
<!-- end -->
"""


def test_tables_are_written_into_a_document_and_nothing_else_is(stored):
    path = stored / "DOCUMENT.md"
    path.write_text(DOCUMENT)
    assert write_reproduction(path, stored) == path
    text = path.read_text()
    assert text.startswith("# Title\n\nA sentence.\n\n<!-- table: results quickstart -->\n| system")
    assert "| nll | one pass | 12.50 |" in text and "whatever" not in text
    assert "|\n<!-- end -->\n\nThe rest.\n\n<!-- table: runs -->\n| recipe |" in text
    assert with_tables(text, stored) == text


@pytest.mark.parametrize(
    ("marker", "words"),
    [
        ("reslts quickstart", "Unknown table 'reslts'; there are results, "),
        ("results multi30k", "Unknown recipe with stored rows 'multi30k'; there are quickstart"),
        ("results", "Unknown recipe with stored rows ''"),
        ("results quickstart wihtout=greedy", "wihtout=greedy --> can't be made: .*wihtout"),
    ],
)
def test_a_marker_of_something_unknown_is_refused(stored, marker, words):
    with pytest.raises(InputError, match=words):
        with_tables(f"<!-- table: {marker} -->\n<!-- end -->\n", stored)


def test_a_table_without_an_end_and_a_document_that_is_not_there(stored):
    with pytest.raises(InputError, match="without an '<!-- end -->'"):
        with_tables("<!-- table: runs -->\n", stored)
    with pytest.raises(InputError, match="none.md isn't there"):
        write_reproduction(stored / "none.md", stored)


def test_this_machine():
    machine = report.hardware()
    assert machine["cpu"]
    assert machine["cores"] >= 1
    assert machine["ram_gib"] is None or machine["ram_gib"] > 0.1
    assert isinstance(machine["gpus"], list)


def test_versions_are_those_installed():
    versions = report.versions()
    assert versions["sacrebleu"] == metadata.version("sacrebleu")
    assert versions["python"].startswith("3.")


def test_a_missing_package_is_left_out(monkeypatch):
    monkeypatch.setattr(report, "PACKAGES", ("no-such-package-at-all",))
    assert list(report.versions()) == ["python"]
