import json

import numpy as np
import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation import bleu
from t2t_hint_nart.evaluation.latency import Latency
from t2t_hint_nart.evaluation.similarity import CosineAccumulator
from t2t_hint_nart.reproduce.report import build_report, with_speedups, write_report
from t2t_hint_nart.reproduce.report_markdown import render
from t2t_hint_nart.reproduce.report_row import report_row

DESIGNED_ROW = {
    "system",
    "decoding",
    "bleu_13a",
    "bleu_intl",
    "bleu_tokenized",
    "signature",
    "long_bleu_13a",
    "repetition_percent",
    "latency_ms",
    "speedup",
    "sentences",
}
SYSTEMS = [
    ("teacher", "greedy"),
    ("teacher", "beam4"),
    ("student_nll", "one_pass"),
    ("student_align", "one_pass"),
    ("student_hid", "one_pass"),
    ("student_align_hid", "one_pass"),
    ("student_align_hid", "rescored_9"),
]


def made_up_row(index):
    """A row in which every number occurs nowhere else."""
    system, decoding = SYSTEMS[index]
    return {
        "system": system,
        "decoding": decoding,
        "bleu_13a": 11.01 + index,
        "bleu_intl": 31.02 + index,
        "bleu_tokenized": 41.03 + index,
        "chrf": 51.04 + index,
        "signature": "nrefs:1|tok:13a",
        "signatures": {"bleu_13a": "nrefs:1|tok:13a", "chrf": "nc:6"},
        "long_bleu_13a": 61.05 + index,
        "long_label": "source >= 40 tokens, 12 sentences",
        "repetition_percent": 71.06 + index,
        "latency_ms": 81.1 + index,
        "sentences": 9100 + index,
    }


def full_report(**changes):
    return build_report(
        **{
            "recipe": "quickstart",
            "seed": 4711,
            "rows": [made_up_row(index) for index in range(len(SYSTEMS))],
            "command": "t2t-reproduce --recipe=quickstart --seed=4711",
            "translate_command": "t2t-decoder --decode_interactive",
            "data": {"description": "Sentences of a course.", "train": 2345},
            "cosine": {
                "teacher": {
                    "raw": {"mean": 0.123, "below": {"0.25": 0.651, "0.5": 0.972}, "pairs": 777}
                }
            },
            "attention": {"student_nll": {"entropy": 1.234, "kl_to_teacher": 0.567}},
            "significance": [
                {
                    "decoding": "one_pass",
                    "baseline": "student_align",
                    "system": "student_hid",
                    "p_value": 0.037,
                }
            ],
            "samples": [
                {
                    "source": "Ja | nein.",
                    "reference": "Yes.",
                    "teacher": "Yea.",
                    "student_nll": "No",
                }
            ],
            "figures": [{"file": "figure1.png", "caption": "Cosines"}],
            "calibration": {"terms": {"nll": 8.25}, "hint_hidden_weight": 4.125},
            "settings": {"hidden_size": 128},
            "wall_seconds": {"datagen": 12.5, "teacher": 600.0},
            "hardware": {"cpu": "Some CPU", "cores": 2, "gpus": []},
            "versions": {"tensorflow": "2.21.0"},
        }
        | changes
    )


def test_every_number_and_text_appears():
    text = render(full_report())
    for index in range(len(SYSTEMS)):
        row = made_up_row(index)
        names = ("bleu_13a", "bleu_intl", "bleu_tokenized", "chrf", "long_bleu_13a")
        for value in (*(row[name] for name in names), row["repetition_percent"]):
            assert f" {value:.2f} " in text
        assert f" {row['latency_ms']:.1f} " in text
        assert f" {82.1 / row['latency_ms']:.2f}× " in text
        assert f" {row['sentences']} " in text
    for expected in (
        "`quickstart`",
        "4711",
        "Sentences of a course.",
        "`nrefs:1|tok:13a`",
        "`nc:6`",
        "source >= 40 tokens, 12 sentences",
        "0.123",
        "65.1%",
        "97.2%",
        "777",
        "1.234",
        "0.567",
        "p = 0.037",
        "Ja \\| nein.",
        "![Cosines](figure1.png)",
        "8.25",
        "4.125",
        "t2t-reproduce --recipe=quickstart --seed=4711",
        "t2t-decoder --decode_interactive",
        "12.5 s",
        "10 min 12 s",
        "Some CPU",
        "2.21.0",
        "hidden_size",
        "2345",
    ):
        assert expected in text, expected


def test_the_papers_numbers_stand_beside():
    text = render(full_report())
    row = next(line for line in text.splitlines() if line.startswith("| +align+hid | one pass"))
    assert row.endswith("| 9105 | 25.55 | 30.20× |")
    teacher = next(line for line in text.splitlines() if line.startswith("| teacher | beam 4"))
    assert teacher.endswith("| 33.26 | 1.00× |")
    assert "| paper: long-sentence BLEU | 17.48 | 19.24 | – | 20.63 |" in text
    assert "| paper: repetition % | 8.30 | – | – | 6.50 |" in text
    assert "| teacher, paper | not stated | not stated | – | 70% | 95% | – |" in text
    assert "other text, so compare the order" in text
    assert "speed-ups are of WMT14 En-De." in text
    assert "Candidates are rescored" not in text


def test_an_alpha_that_is_not_the_papers_is_told():
    for alphas, told in (([1.0], True), ([0.0], False), ([0.0, 0.6], False)):
        text = render(full_report(settings={"rescoring_alphas": alphas}))
        assert ("Candidates are rescored with alpha 1; the paper's is 0." in text) == told


def test_the_papers_own_data_are_compared_directly():
    text = render(full_report(data={"paper_dataset": "wmt14_ende"}))
    assert "WMT14 En-De" in text
    assert "other text" not in text
    assert "| 21.11 | 30.20× |" in text


@pytest.mark.parametrize(
    ("convention", "order"),
    [
        (None, "BLEU 13a | BLEU tokenized | BLEU tokenized, lower case | BLEU intl | chrF |"),
        (
            "iwslt14_lowercased_tokenized",
            "BLEU tokenized, lower case | BLEU 13a | BLEU tokenized | BLEU intl | chrF |",
        ),
    ],
)
def test_the_problems_own_bleu_comes_first(convention, order):
    row = {**made_up_row(2), "bleu_tokenized_lc": 17.17, "long_bleu_tokenized_lc": 18.18}
    data = {"bleu_convention": convention, "paper_dataset": "iwslt14_deen"}
    text = render(full_report(rows=[row, made_up_row(3)], data=data))
    assert f"| system | decoding | {order} long " in text
    own = order.split(" | ")[0]
    assert f"tokenised BLEU: beside our {own}." in text
    values = next(line for line in text.splitlines() if line.startswith("| nll | one pass |"))
    numbers = values.split(" | ")[2:]
    first = "13.01" if convention is None else "17.17"
    assert numbers[0] == first
    assert {"13.01", "17.17", "18.18", "43.03", "33.02"} <= set(numbers)
    body = text.split("## What the hints add")[1].splitlines()
    assert body[4].startswith(f"| {own} | {first} | ")


def test_tokenised_text_is_told():
    text = render(full_report(rows=[{**made_up_row(2), "text_is_tokenized": True}]))
    assert "The text is tokenised already: its BLEU 13a is not that of plain text." in text
    assert "tokenised already" not in render(full_report())


def test_the_order_is_told():
    text = render(full_report())
    assert "* **Order, one pass: +align+hid > +hid > +align > nll** (BLEU 16.01, 15.01" in text
    assert "This is the paper's order." in text


def test_json_has_the_designed_fields(tmp_path):
    report = full_report()
    as_json, _ = write_report(report, tmp_path / "new" / "run")
    loaded = json.loads(as_json.read_text(encoding="utf-8"))
    assert loaded == report
    assert {"recipe", "seed", "hardware", "rows", "cosine"} <= set(loaded)
    assert {"command", "wall_seconds", "versions", "settings", "data"} <= set(loaded)
    assert all(set(row) >= DESIGNED_ROW for row in loaded["rows"])


def test_files_are_written_whole(tmp_path):
    paths = write_report(full_report(), tmp_path)
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    with pytest.raises(ValueError, match="not JSON compliant"):
        write_report({"recipe": "x", "seed": float("nan")}, tmp_path)
    assert json.loads(paths[0].read_text(encoding="utf-8"))["seed"] == 4711


def test_speedup_is_against_the_teachers_beam():
    rows = with_speedups([made_up_row(index) for index in range(3)])
    assert rows[1]["speedup"] == 1.0
    assert rows[2]["speedup"] == pytest.approx(82.1 / 83.1)
    assert with_speedups([made_up_row(0), made_up_row(2)])[1]["speedup"] is None
    other_beam = [{**made_up_row(1), "decoding": "beam5"}, made_up_row(2)]
    assert with_speedups(other_beam)[1]["speedup"] == pytest.approx(82.1 / 83.1)
    kept = with_speedups([{**made_up_row(2), "speedup": 30.2}])
    assert kept[0]["speedup"] == 30.2


def test_missing_rows_and_values_leave_dashes():
    report = build_report(
        recipe="tiny",
        seed=1,
        command="make",
        rows=[{"system": "student_nll", "decoding": "one_pass", "bleu_13a": float("nan")}],
        hardware={},
        versions={},
    )
    assert report["rows"][0]["bleu_13a"] is None
    text = render(report)
    dashes = " | ".join(["–"] * 4)
    assert f"| nll | one pass | {dashes} | 23.08 | – |" in text
    for heading in ("What the hints add", "Signatures", "Cosine", "Figures", "Sample", "Speed"):
        assert f"## {heading}" not in text
    assert "Order" not in text


def test_nothing_but_a_name_still_renders():
    assert "No system has been scored." in render({"recipe": "tiny"})


def test_arrays_become_json():
    report = full_report(settings={"weights": np.float32(0.5), "steps": np.arange(2)})
    assert report["settings"] == {"weights": 0.5, "steps": [0, 1]}


def test_cosine_statistics_fit_in():
    accumulator = CosineAccumulator()
    accumulator.update(np.eye(3)[None, None], np.ones((1, 3), bool))
    statistics = accumulator.result().to_dict()
    for cosine in ({"teacher": statistics}, {"teacher": {"raw": statistics}}):
        text = render(full_report(cosine=cosine))
        assert "| 0.000 | 100.0% | 100.0% | 3 |" in text


def test_rows_without_a_name_or_twice_are_refused():
    with pytest.raises(InputError, match="'system' and 'decoding'"):
        full_report(rows=[{"system": "teacher"}])
    with pytest.raises(InputError, match="two rows of the report are for teacher with greedy"):
        full_report(rows=[made_up_row(0), made_up_row(0)])


def test_a_row_is_measured_from_text():
    references = ["Das ist ein ganz normaler Satz.", "Und noch ein anderer Satz dazu."]
    hypotheses = ["Das ist ein ganz ganz normaler Satz.", "Und noch ein anderer Satz dazu."]
    row = report_row(
        "student_nll",
        "one_pass",
        sources=["a b c", "a b"],
        references=references,
        hypotheses=hypotheses,
        language="de",
        latency=Latency(median_ms=8.0, mean_ms=9.0, p90_ms=10.0, calls=2, warmup_calls=2),
    )
    assert DESIGNED_ROW - set(row) == {"speedup"}
    assert 0 < row["bleu_13a"] < 100
    assert row["repetition_percent"] == pytest.approx(100 / 15)
    assert row["long_sentences"] == 1
    assert row["long_bleu_13a"] < row["bleu_13a"]
    assert (row["latency_ms"], row["latency_mean_ms"], row["sentences"]) == (8.0, 9.0, 2)
    assert row["signature"] == row["signatures"]["bleu_13a"]
    assert row["signatures"]["bleu_tokenized_lc"].endswith("|prep:moses-de")
    assert row["text_is_tokenized"] is False
    # One long sentence: its scores are those of the sentence alone.
    long_pair = hypotheses[:1], references[:1]
    assert row["long_bleu_tokenized"] == bleu.bleu_tokenized(*long_pair, "de").value
    assert row["long_bleu_tokenized_lc"] == bleu.bleu_tokenized_lc(*long_pair, "de").value


def test_a_row_of_tokenised_text():
    lines = ["it &apos;s &apos;s a dog , a cat .", "he said , no ."]
    row = report_row("x", "y", sources=["a", "b"], references=lines, hypotheses=lines, language="")
    assert row["text_is_tokenized"] is True
    assert row["signatures"]["bleu_tokenized"].endswith("|prep:given+compounds")
    assert row["repetition_percent"] == pytest.approx(100 / 14)


def test_a_row_needs_a_source_for_each_sentence():
    with pytest.raises(InputError, match="1 translations for 2 references"):
        report_row(
            "x", "y", sources=["a"], references=["b", "c"], hypotheses=["b", "c"], language="de"
        )
