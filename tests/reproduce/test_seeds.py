import statistics

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.reproduce.seeds import PairedTests, merge, paired_tests
from t2t_hint_nart.reproduce.spread import Spread
from tests.reproduce.made_up_seeds import DECODINGS, row, seed_report


@pytest.fixture
def reports():
    return [seed_report(seed) for seed in (1, 2, 3)]


def test_rows_are_merged_by_system_and_decoding(reports):
    merged = merge(reports)
    keys = [(r["system"], r["decoding"]) for r in merged["rows"]]
    assert keys == [(r["system"], r["decoding"]) for r in reports[0]["rows"]]
    rows = dict(zip(keys, merged["rows"], strict=True))
    found = rows["student_nll", "one_pass"]
    assert found["bleu_13a"] == Spread((20.0, 20.5, 19.0))
    assert found["bleu_13a"].deviation == pytest.approx(statistics.stdev([20.0, 20.5, 19.0]))
    assert found["seeds"] == 3
    assert rows["teacher", "beam4"]["latency_ms"] == Spread((91.0, 92.0, 93.0))


def test_what_all_seeds_share_stays_as_it_is(reports):
    merged = merge(reports)
    teacher = merged["rows"][0]
    assert (teacher["sentences"], teacher["bleu_13a"]) == (200, 30.0)
    assert merged["settings"] == {"name": "tiny", "hidden_size": 128, "teacher_seed": 1}
    assert merged["data"]["description"] == "Made up."
    assert merged["hardware"] == {"cpu": "Some CPU", "cores": 2, "gpus": []}
    assert merged["cosine"]["teacher"]["raw"]["mean"].mean == pytest.approx(0.22)
    assert merged["cosine"]["teacher"]["raw"]["below"]["0.5"] == 0.9
    assert merged["attention"]["teacher"] == {"entropy": 1.0, "kl_to_teacher": None}


def test_one_seed_is_itself(reports):
    merged = merge(reports[:1])
    for key in ("cosine", "attention", "data", "settings", "wall_seconds", "versions"):
        assert merged[key] == reports[0][key]
    assert [{k: v for k, v in r.items() if k != "seeds"} for r in merged["rows"]] == reports[0][
        "rows"
    ]


def test_different_machines_are_both_told(reports):
    reports[1]["hardware"] = {"cpu": "Other CPU", "cores": 4, "gpus": ["A GPU"]}
    merged = merge(reports)["hardware"]
    assert merged["cpu"] == "Some CPU / Other CPU"
    assert merged["cores"] == Spread((2.0, 4.0, 2.0))
    assert merged["gpus"] == ["none / A GPU"]


def test_lists_are_merged_item_by_item(reports):
    for report in reports:
        report["cosine"]["teacher"]["raw"]["layers"] = [{"mean": report["seed"] / 10}]
    (layer,) = merge(reports)["cosine"]["teacher"]["raw"]["layers"]
    assert layer["mean"] == Spread((0.1, 0.2, 0.3))


def test_a_system_of_some_seeds_alone(reports):
    reports[2]["rows"].append(row("student_hid", "one_pass", 21.0))
    found = merge(reports)["rows"][-1]
    assert (found["system"], found["seeds"], found["bleu_13a"]) == ("student_hid", 1, 21.0)


def test_scores_computed_in_different_ways_are_refused(reports):
    reports[1]["rows"][2]["signatures"]["bleu_13a"] = "tok:intl"
    message = "bleu_13a of student_nll with one_pass in different ways: tok:13a and tok:intl"
    with pytest.raises(InputError, match=message):
        merge(reports)


def test_tests_of_all_seeds(reports):
    tests = paired_tests(reports)
    assert [test.decoding for test in tests] == list(DECODINGS)
    first = tests[0]
    assert first.differences == (2.0, 1.0, 3.0)
    assert first.p_values == (0.01, 0.06, 0.002)
    assert first.difference.mean == 2.0
    # Four times the mean of the one-sided 0.005, 0.03 and 0.001.
    assert first.p_value == pytest.approx(4 * 0.036 / 3)
    assert first.p_value_over_seeds == pytest.approx(0.0742, abs=1e-4)
    assert merge(reports)["significance"][0] == {
        "decoding": "one_pass",
        "baseline": "student_nll",
        "system": "student_align_hid",
        "p_value": first.p_value,
    }


def test_seen_from_the_other_side():
    test = PairedTests("one_pass", "a", "b", (1.0, 2.0), (0.1, 0.2)).reversed()
    assert (test.baseline, test.system, test.differences) == ("b", "a", (-1.0, -2.0))
    assert test.p_value == test.reversed().p_value
