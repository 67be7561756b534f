"""Flags by their kind."""

from pathlib import Path

import pytest
from absl import flags

from t2t_hint_nart.bin import command_line
from t2t_hint_nart.bin.flag import path
from tests.commands import refusal


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("~/data", "HOME/data"),
        ("~", "HOME"),
        ("data/~x", "data/~x"),
        ("~nobody_of_that_name/x", "~nobody_of_that_name/x"),
        ("", ""),
    ],
)
def test_the_home_directory(given, expected):
    values = flags.FlagValues()
    path("default", "Data.")("data_dir", values)
    command_line.parse(values, [f"--data_dir={given}"])
    assert values.data_dir == expected.replace("HOME", str(Path.home()))
    assert f"--data_dir={values.data_dir}" in values.flags_into_string()


def test_commands_expand_it(tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert refusal("t2t-avg-all", model_dir="~/runs") == (
        f"--model_dir {tmp_path}/runs isn't a directory."
    )
