from t2t_hint_nart.reproduce.markdown import flat_items, number, table


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


def test_nested_values_are_flat_lines():
    values = {"a": {"b": {"c": 1.0}}, "gpus": [], "x": None, "l": [1, 2.5], "t": True}
    assert flat_items(values) == [
        ("a.b.c", "1"),
        ("gpus", "none"),
        ("x", "–"),
        ("l", "1, 2.5"),
        ("t", "True"),
    ]
