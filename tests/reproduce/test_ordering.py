import itertools

import pytest

from t2t_hint_nart.reproduce.ordering import decoding_label, order_statements, system_label

PAPER = {"student_nll": 23.08, "student_align": 24.76, "student_align_hid": 25.55}


def rows(scores, decoding="one_pass"):
    return [
        {"system": system, "decoding": decoding, "bleu_13a": bleu}
        for system, bleu in scores.items()
    ]


def comparison(one, other, p_value, decoding="one_pass"):
    return {"baseline": one, "system": other, "p_value": p_value, "decoding": decoding}


@pytest.mark.parametrize("order", list(itertools.permutations(PAPER)))
def test_the_papers_order_whatever_the_order_of_the_rows(order):
    (statement,) = order_statements(rows({system: PAPER[system] for system in order}))
    assert statement == (
        "one pass: +align+hid > +align > nll (BLEU 25.55, 24.76, 23.08). This is the paper's order."
    )


def test_the_papers_steps_are_tested_whoever_stands_between():
    """The better and the worse of the paper's steps need not be neighbours here."""
    scores = {
        "student_nll": 1.0,
        "student_hid": 2.0,
        "student_align": 3.0,
        "student_align_hid": 4.0,
    }
    steps = {("student_align", "student_nll"): 0.3, ("student_align", "student_align_hid"): 0.04}
    tests = [
        {"decoding": "one_pass", "baseline": a, "system": b, "p_value": p}
        for (a, b), p in steps.items()
    ]
    (statement,) = order_statements(rows(scores), tests)
    expected = (
        "the paper's order; its steps: nll to +align p = 0.300, +align to +align+hid p = 0.040."
    )
    assert expected in statement


def test_another_order_is_told_as_it_is():
    scores = {"student_nll": 10.0, "student_align": 9.0, "student_align_hid": 11.0}
    (statement,) = order_statements(rows(scores))
    assert statement.startswith("one pass: +align+hid > nll > +align (BLEU 11.00, 10.00, 9.00).")
    assert statement.endswith("The paper has +align+hid > +align > nll: not so here.")


def test_equal_systems_are_joined_by_equals():
    (statement,) = order_statements(rows({"student_nll": 10.001, "student_align": 10.004}))
    assert "nll = +align" in statement
    assert "not so here" in statement


def test_p_values_of_neighbours_in_either_direction():
    tests = [
        comparison("student_nll", "student_align", 0.9, decoding="rescored_9"),
        comparison("student_align_hid", "student_align", 0.0004),
        comparison("student_nll", "student_align", 0.25),
        comparison("student_nll", "student_align_hid", 0.111),
    ]
    (statement,) = order_statements(rows(PAPER), tests)
    assert "; between neighbours p < 0.001, p = 0.250)" in statement
    assert "not reliably different" in statement
    assert "0.111" not in statement


def test_a_missing_test_is_named():
    (statement,) = order_statements(rows(PAPER), [comparison("student_nll", "student_align", 0.01)])
    assert "between neighbours not tested, p = 0.010" in statement
    assert "not reliably" not in statement


def test_each_decoding_has_its_own_statement():
    both = rows(PAPER) + rows({"student_nll": 30.0, "student_align_hid": 29.0}, "rescored_9")
    one, two = order_statements(both)
    assert one.startswith("one pass: ")
    assert two == "9 candidates rescored: nll > +align+hid (BLEU 30.00, 29.00)."


def test_teachers_single_students_and_unscored_rows_are_left_out():
    assert order_statements(rows({"teacher": 30.0, "student_nll": 20.0})) == []
    unscored = [{"system": "student_align", "decoding": "one_pass"}]
    assert order_statements(rows({"student_nll": 20.0}) + unscored) == []
    assert order_statements([]) == []


def test_labels():
    assert system_label("student_hid") == "+hid"
    assert decoding_label("rescored_19") == "19 candidates rescored"
    assert decoding_label("beam_4") == decoding_label("beam4") == "beam 4"
