import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from t2t_hint_nart.bin import command_line, t2t_reproduce
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.reproduce.report import write_report
from t2t_hint_nart.reproduce.report_markdown import render
from t2t_hint_nart.reproduce.reproduction import read_experiments, write_reproduction
from tests.reproduce.made_up_seeds import SEEDS, seed_report

ROOT = Path(__file__).parents[2]
STUDY = {
    "command": "t2t-reproduce --study=tiny",
    "rows": [
        {"question": "Which λ?", "variant": v, "settings": "", "seed": 1, "dev_bleu": bleu}
        for v, bleu in (("small", 10.0), ("large", 12.0))
    ],
}


@pytest.fixture
def reports_dir(tmp_path):
    for seed in SEEDS:
        write_report(seed_report(seed), tmp_path / "reports" / "tiny" / f"seed{seed}")
    return tmp_path / "reports"


def written(tmp_path, reports_dir):
    return write_reproduction(tmp_path / "REPRODUCTION.md", reports_dir).read_text("utf-8")


def test_the_committed_document_is_that_of_the_committed_reports(capsys, tmp_path):
    shutil.copytree(ROOT / "reports", tmp_path / "reports")
    target = tmp_path / "REPRODUCTION.md"
    arguments = [f"--write_reproduction={target}", f"--reports_dir={tmp_path}/reports"]
    command_line.run(
        t2t_reproduce._main, "t2t-reproduce", t2t_reproduce.define_flags, argv=arguments
    )
    assert capsys.readouterr().out.strip() == str(target)
    assert target.read_text("utf-8") == (ROOT / "REPRODUCTION.md").read_text("utf-8")


@pytest.mark.parametrize(
    "path", sorted(ROOT.glob("reports/**/report.json")), ids=lambda p: str(p.parent.name)
)
def test_the_committed_reports_are_those_of_their_numbers(path):
    report = json.loads(path.read_text("utf-8"))
    assert path.with_name("report.md").read_text("utf-8") == render(report)
    for figure in report["figures"]:
        assert path.with_name(figure["file"]).exists()


def test_the_same_files_give_the_same_bytes(tmp_path, reports_dir):
    first = written(tmp_path, reports_dir)
    moved = tmp_path / "elsewhere"
    shutil.copytree(reports_dir, moved / "reports")
    assert written(moved, moved / "reports") == first
    assert not list(tmp_path.glob("*.incomplete"))


def test_every_seed_counts(tmp_path, reports_dir):
    text = written(tmp_path, reports_dir)
    assert "| `tiny` | 3 | 31.00 | 19.83 ± 0.76 | 21.83 ± 0.29 | +2.00 ± 1.00 | 0.048 |" in text
    # BLEU 13a, tokenised, tokenised in lower case: smallest and largest.
    spread = text.split("### Smallest and largest")[1]
    assert (
        "| +align+hid | one pass | 3 | 21.50 to 22.00 | 22.00 to 22.50 | 23.00 to 23.50 |" in spread
    )
    assert "| teacher | beam 4 | 3 | 31.00 | " in spread
    assert " | 91.0 to 93.0 | " in spread
    assert (
        "| one pass | nll | +align+hid | +2.00 ± 1.00 | 0.010, 0.060, 0.002 | 0.048 | 0.074 |"
        in text
    )
    for seed in SEEDS:
        assert f"[{seed}](reports/tiny/seed{seed}/report.md)" in text
        assert f"--random_seed={seed}\n" in text
    assert "All share the teacher of seed 1 and its translations" in text
    assert "![Cosines](reports/tiny/seed1/figure1.png)" in text


def test_both_alphas_stand_beside_the_paper(tmp_path, reports_dir):
    text = written(tmp_path, reports_dir)
    for alpha in ("0", "0.6"):
        row = next(
            line
            for line in text.splitlines()
            if line.startswith(f"| +align+hid | 9 candidates rescored, alpha {alpha} | ")
        )
        assert row.endswith("| 28.80 | 17.80× |")


def test_every_section_is_there(tmp_path, reports_dir):
    headings = re.findall(r"^#+ .*", written(tmp_path, reports_dir), re.MULTILINE)
    assert headings == [
        "# Reproduction",
        "## Overview",
        "## Recipe `tiny`",
        "### What the numbers say",
        "### Results",
        "### Smallest and largest",
        "### What the hints add (one pass, the paper's Table 2)",
        "### Paired comparisons",
        "### Speed",
        "### Signatures",
        "### Cosine similarity of decoder states (paper, section 2.1)",
        "### Encoder-decoder attention",
        "### Figures (seed 1)",
        "### Commands",
        "### Data",
        "### Settings",
        "### Time",
        "### Machine",
        "### Versions",
    ]


def test_the_problems_own_bleu_comes_first(tmp_path):
    data = {"bleu_convention": "iwslt14_lowercased_tokenized"}
    for seed in SEEDS:
        write_report(seed_report(seed, data=data), tmp_path / "reports" / "tiny" / f"seed{seed}")
    text = written(tmp_path, tmp_path / "reports")
    assert "| system | decoding | seeds | BLEU tokenized, lower case | BLEU 13a |" in text
    assert "| +align+hid | one pass | 3 | 23.00 to 23.50 | 21.50 to 22.00 |" in text


def test_one_seed_is_no_spread(tmp_path):
    write_report(seed_report(1, settings={"warm_start": True}), tmp_path / "reports" / "tiny")
    text = written(tmp_path, tmp_path / "reports")
    assert (
        "One, [1](reports/tiny/report.md): how much another seed would change is not known." in text
    )
    assert "Smallest and largest" not in text
    assert "±" not in text.split("## Overview")[1]
    assert "| decoding | baseline | system | BLEU 13a | p |" in text
    assert "start from the teacher's weights; the paper's start from nothing." in text


def test_teachers_of_their_own_are_not_said_to_be_shared(tmp_path):
    for seed in SEEDS:
        report = seed_report(seed, settings={"teacher_seed": seed})
        write_report(report, tmp_path / "reports" / "tiny" / f"seed{seed}")
    assert "share the teacher" not in written(tmp_path, tmp_path / "reports")


def test_studies_of_several_files(tmp_path, reports_dir):
    other = {"rows": [{**row, "seed": 2, "dev_bleu": 11.0} for row in STUDY["rows"]]}
    for name, study in (("study.json", STUDY), ("study_seed2.json", other)):
        (reports_dir / "tiny" / name).write_text(json.dumps(study), "utf-8")
    text = written(tmp_path, reports_dir)
    assert "### What matters: variants of the student" in text
    assert "| large | – | **11.50 ± 0.71** | +1.00 ± 1.41 over small | 2 |" in text
    assert "| small | – | 10.50 ± 0.71 | – | 2 |" in text
    assert "```bash\nt2t-reproduce --study=tiny\n```" in text
    assert "may be chance" not in text


def test_how_much_of_a_study_is_chance(tmp_path, reports_dir):
    """2·√2 times the seeds' standard deviation; nothing is said of a single seed."""
    (reports_dir / "tiny" / "study.json").write_text(json.dumps(STUDY), "utf-8")
    scores = [SEEDS[seed][:2] for seed in SEEDS]
    bound = np.sqrt(8 * np.var(scores, axis=0, ddof=1).mean())
    text = written(tmp_path, reports_dir)
    assert f"differ by more than {bound:.1f} BLEU from one seed to another" in text
    for seed in (2, 3):
        shutil.rmtree(reports_dir / "tiny" / f"seed{seed}")
    assert "may be chance" not in written(tmp_path, reports_dir)


def rerun_report(**changes):
    """Seed 2 with 1 BLEU more, but for the student without hints: 10 more."""
    report = seed_report(2)
    rows = [
        row | {"bleu_13a": row["bleu_13a"] + (10 if row["system"] == "student_nll" else 1)}
        for row in report["rows"]
    ]
    return report | {"rows": rows, "wall_seconds": {"teacher": 3600, "decode": 90}} | changes


def test_a_run_made_again_stands_beside_the_seeds(tmp_path, reports_dir):
    before = written(tmp_path, reports_dir)
    write_report(rerun_report(), reports_dir / "tiny" / "rerun1")
    text = written(tmp_path, reports_dir)
    section = text.split("### Made again, from nothing")[1].split("\n### ")[0]
    assert text.replace("### Made again, from nothing" + section + "\n", "") == before
    assert "**[Seed 2](reports/tiny/rerun1/report.md)**: 1 h 1 min, all stages" in section
    assert "on Some CPU, 2 cores." in section
    # (30.5 - 19.8333) / (0.76376 * sqrt(4 / 3)) = 12.095; (22.5 - 21.8333) / (0.288675 *
    # sqrt(4 / 3)) = 2; P(|T| > t) = 1 - t / sqrt(2 + t * t) with two degrees of freedom.
    for start, difference, t in (
        ("| nll | one pass | 19.83 ± 0.76 | 30.50 | ", "+10.67", 12.095),
        ("| +align+hid | one pass | 21.83 ± 0.29 | 22.50 | ", "+0.67", 2.0),
    ):
        assert f"{start}{difference} | {1 - t / np.sqrt(2 + t * t):.3f} | " in section
    # One teacher for all seeds: nothing to judge another by.
    assert "| teacher | beam 4 | 31.00 | 32.00 | +1.00 | – | -1.00 | -1.00 | +0.00 | – |" in section
    assert "* BLEU 13a: 3 of 6 rows could be of one more seed (p >= 0.05)." in section
    assert "* one pass, +align+hid against nll: +1.00 BLEU, not significant (p = 0.060)" in section


def test_the_same_run_again_is_said_to_be_the_same(tmp_path, reports_dir):
    report = seed_report(3)
    slower = [row | {"latency_ms": 99.0, "speedup": 1.0} for row in report["rows"]]
    write_report(report | {"rows": slower, "wall_seconds": {}}, reports_dir / "tiny" / "rerun1")
    section = written(tmp_path, reports_dir).split("### Made again, from nothing")[1]
    section = section.split("\n### ")[0]
    assert "is that of seed 3 above, digit for digit." in section
    assert "| teacher |" not in section
    for change in ({"rows": [slower[0] | {"chrf": 1.0}, *slower[1:]]}, {"cosine": {}}, {"seed": 2}):
        write_report(report | {"rows": slower} | change, reports_dir / "tiny" / "rerun1")
        assert "digit for digit" not in written(tmp_path, reports_dir)


def test_a_run_of_another_recipe_is_refused(tmp_path, reports_dir):
    write_report(rerun_report(recipe="other"), reports_dir / "tiny" / "rerun1")
    with pytest.raises(InputError, match="rerun1.*is of recipe 'other', beside reports of 'tiny'"):
        written(tmp_path, reports_dir)


def test_recipes_and_seeds_are_in_order(tmp_path, reports_dir):
    write_report(seed_report(2, recipe="another"), reports_dir / "another")
    write_report(seed_report(1) | {"seed": 10}, reports_dir / "tiny" / "seed10")
    (reports_dir / "note.json").write_text("{}")
    (reports_dir / "empty").mkdir()
    found = read_experiments(reports_dir, tmp_path)
    assert [experiment.recipe for experiment in found] == ["another", "tiny"]
    assert [report["seed"] for report in found[1].reports] == [1, 2, 3, 10]


def test_damaged_reports_are_refused_and_nothing_is_overwritten(tmp_path, reports_dir):
    target = tmp_path / "REPRODUCTION.md"
    target.write_text("before")
    damaged = reports_dir / "tiny" / "seed4"
    damaged.mkdir()
    for content, message in (
        ("{", "cannot read '.*seed4"),
        ("[]", "holds a list: an object is needed"),
        (json.dumps(seed_report(1)), "are both of seed 1"),
        (json.dumps(seed_report(1) | {"recipe": "other"}), "is of recipe 'other', beside"),
    ):
        (damaged / "report.json").write_text(content)
        with pytest.raises(InputError, match=message):
            write_reproduction(target, reports_dir)
    shutil.rmtree(damaged)
    (reports_dir / "tiny" / "study.json").write_text('{"rows": [{"question": "?"}]}')
    with pytest.raises(InputError, match="row 0 of a study has no 'variant'"):
        write_reproduction(target, reports_dir)
    with pytest.raises(InputError, match="no reports under"):
        write_reproduction(target, tmp_path / "none")
    assert target.read_text() == "before"
