import pytest

from t2t_hint_nart.reproduce.findings import findings, gain_statement
from t2t_hint_nart.reproduce.seeds import PairedTests, merge, paired_tests
from tests.reproduce.made_up_seeds import row, seed_report


def said(*reports):
    return findings(merge(reports), paired_tests(reports))


def sentence(start, *reports):
    (found,) = [text for text in said(*reports) if text.startswith(start)]
    return found


def test_the_gain_of_three_seeds():
    reports = [seed_report(seed) for seed in (1, 2, 3)]
    assert sentence("one pass, +align+hid against nll", *reports) == (
        "one pass, +align+hid against nll: +2.00 ± 1.00 BLEU, significant (p = 0.048 combined; "
        "each seed 0.010, 0.060, 0.002; t-test over seeds p = 0.074); higher in 3 of 3 seeds."
    )


def test_a_gain_that_is_none():
    test = PairedTests("one_pass", "student_nll", "student_align_hid", (0.5, -1.0), (0.4, 0.2))
    assert gain_statement(test) == (
        "one pass, +align+hid against nll: -0.25 ± 1.06 BLEU, not significant (p = 1.000 combined; "
        "each seed 0.400, 0.200); higher in 1 of 2 seeds."
    )


def test_the_direction_in_which_it_was_tested_does_not_matter():
    report = seed_report(1)
    for test in report["significance"]:
        test["baseline"], test["system"] = test["system"], test["baseline"]
        test["difference"] *= -1
    start = "one pass, +align+hid against nll"
    assert sentence(start, report) == sentence(start, seed_report(1))


def test_rescoring_by_every_alpha():
    for start, gain in (("alpha 0:", "+1.00"), ("alpha 0.6:", "+2.00")):
        found = sentence(f"9 candidates rescored, {start}", seed_report(1))
        assert found.endswith(f"for every student: nll {gain}, +align+hid {gain}.")


def test_rescoring_that_does_not_help():
    report = seed_report(1)
    rows = [r for r in report["rows"] if r["decoding"] == "rescored_9_alpha0"]
    rows[0]["bleu_13a"] = 19.0
    assert "for 1 of 2 students: nll -1.00, +align+hid +1.00." in sentence(
        "9 candidates rescored, alpha 0:", report
    )


def test_long_sentences_seed_by_seed():
    assert sentence("Long", seed_report(1)) == (
        "Long sentences (source >= 40 tokens, 12 sentences), one pass, +align+hid against nll: "
        "+2.00 BLEU (paper: +3.15, from 17.48 to 20.63)."
    )
    reports = [seed_report(seed) for seed in (1, 2, 3)]
    assert "+2.00 ± 1.00 BLEU (t-test over seeds p = 0.074; paper" in sentence("Long", *reports)
    # What all seeds measured alike is one number in a merged report.
    for report in reports:
        find = {(r["system"], r["decoding"]): r for r in report["rows"]}
        find["student_nll", "one_pass"]["long_bleu_13a"] = 10.0
    assert "+6.83 ± 0.29 BLEU" in sentence("Long", *reports)


def test_long_sentences_that_a_seed_lacks_are_not_compared():
    reports = [seed_report(seed) for seed in (1, 2, 3)]
    reports[1]["rows"][2]["long_bleu_13a"] = None
    assert not any(text.startswith("Long") for text in said(*reports))


def test_last_layers_cosines():
    report = seed_report(1)
    last = {"mean": 0.4, "below": {"0.25": 0.3, "0.5": 0.7}, "pairs": 3}
    report["cosine"]["teacher"]["raw"]["layers"] = [last | {"below": {}}, last]
    assert sentence("States (raw)", report).endswith(
        "60% below 0.25 (30% in the last layer; paper: 70%), "
        "90% below 0.5 (70% in the last layer; paper: 95%)."
    )


def test_repetition_falls_or_rises():
    # 10 to 8 percent; the paper's fall is from 8.3 to 6.5.
    assert sentence("Repetition", seed_report(1)) == (
        "Repetition in one pass falls by 20% with all hints, from 10.00 % to 8.00 % "
        "(paper: by 22%, from 8.3 % to 6.5 %)."
    )
    report = seed_report(1)
    several = [seed_report(seed) for seed in (1, 2, 3)]
    assert "(t-test over seeds p = 0.074; paper: by 22%" in sentence("Repetition", *several)
    report["rows"][3]["repetition_percent"] = 15.0
    assert "rises by 50% with all hints, from 10.00 % to 15.00 %" in sentence("Repetition", report)


def test_speed():
    report = seed_report(1)
    report["rows"][3] |= {"latency_ms": 12.0, "speedup": 7.5}
    assert sentence("One pass", report) == (
        "One pass of the student with all hints takes 1.20 times as long as that of the student "
        "without hints, and is 7.5 times as fast as the teacher's beam search "
        "(paper: 30.2 times, on a GPU)."
    )


@pytest.mark.parametrize(("mean", "verdict"), [(0.3, "more alike"), (0.1, "not more alike")])
def test_both_readings_of_the_states(mean, verdict):
    report = seed_report(1)
    for reading in ("raw", "normed"):
        report["cosine"]["student_nll"][reading]["mean"] = mean
        assert sentence(f"States ({reading})", report) == (
            f"States ({reading}) of the student without hints are {verdict} than the teacher's: "
            f"mean cosine {mean:.3f} against 0.210; with all hints 0.110. Of the teacher's cosines "
            "60% below 0.25 (paper: 70%), 90% below 0.5 (paper: 95%)."
        )


def test_attention():
    assert sentence("Attention", seed_report(1)) == (
        "Attention of the student without hints is more ambiguous than the teacher's: entropy "
        "2.000 against 1.000 nats; with all hints 1.500, less ambiguous than without (paper: "
        "less). Its divergence from the teacher's is 1.500, with all hints 0.500."
    )
    report = seed_report(1)
    report["attention"]["student_nll"]["entropy"] = 0.5
    assert "is not more ambiguous" in sentence("Attention", report)
    assert "1.500, more ambiguous than without (paper: less)" in sentence("Attention", report)


def test_students_of_the_real_data():
    report = seed_report(1)
    report["rows"].append(row("student_real", "one_pass", 15.0))
    for system, difference in (("student_nll", 5.0), ("student_align_hid", 7.0)):
        report["significance"].append(
            {
                "decoding": "one_pass",
                "baseline": "student_real",
                "system": system,
                "difference": difference,
                "p_value": 0.0005,
            }
        )
    assert "+7.00 BLEU, significant (p < 0.001)" in sentence(
        "one pass, +align+hid against nll, real data", report
    )
    assert "+5.00 BLEU" in sentence("one pass, nll against nll, real data", report)


def test_nothing_is_said_of_what_was_not_measured():
    assert said(seed_report(1, rows=[], significance=[], cosine={}, attention={})) == []
    only = [row("student_nll", "one_pass", 20.0)]
    assert said(seed_report(1, rows=only, significance=[], cosine={}, attention={})) == []
