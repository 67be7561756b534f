from t2t_hint_nart.reproduce.markdown import number, table


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
