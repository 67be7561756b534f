"""Flags that several commands share."""

from pathlib import Path

import pytest
from absl import flags

from t2t_hint_nart.bin import command_line
from t2t_hint_nart.bin.flag import (
    MODEL_FLAGS,
    define_checkpoint_flags,
    define_data_flags,
    define_decode_flags,
    define_model_flags,
    define_usr_dir_flag,
    path,
)
from tests.commands import refusal


def defaults(*definitions):
    values = flags.FlagValues()
    for define in definitions:
        define(values)
    return {name: values[name].default for name in values}


# T2T 1.15's names and defaults.
@pytest.mark.parametrize(
    ("define", "expected"),
    [
        (
            define_data_flags,
            {
                "data_dir": None,
                "tmp_dir": "/tmp/t2t_datagen",
                "problem": None,
                "problems": None,
                "t2t_usr_dir": None,
            },
        ),
        (define_usr_dir_flag, {"t2t_usr_dir": None}),
        (
            define_model_flags,
            {
                "model": None,
                "hparams_set": None,
                "hparams": "",
                "output_dir": None,
                "registry_help": False,
            },
        ),
        (define_checkpoint_flags, {"checkpoint_path": None}),
        (define_decode_flags, {"decode_hparams": ""}),
    ],
)
def test_names_and_defaults(define, expected):
    assert defaults(define) == expected


def test_the_groups_go_together():
    assert len(defaults(*MODEL_FLAGS)) == 12


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
