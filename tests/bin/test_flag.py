"""Flags that several commands share."""

import os
from pathlib import Path

import pytest
from absl import flags

from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.flag import (
    MODEL_FLAGS,
    define_checkpoint_flags,
    define_data_flags,
    define_decode_flags,
    define_model_flags,
    define_usr_dir_flag,
    path,
)
from t2t_hint_nart.errors import InputError
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
                "tmp_dir": f"/tmp/t2t_datagen-{os.getuid()}",
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


@pytest.fixture
def default_tmp_dir(tmp_path, monkeypatch):
    path = tmp_path / "default"
    monkeypatch.setattr(flag, "_DEFAULT_TMP_DIR", str(path))
    return path


def tmp_dir_flag(value):
    values = flags.FlagValues()
    flag.define_data_flags(values)
    values(["command", f"--tmp_dir={value}"])
    return values


def test_the_default_tmp_dir_is_this_users_alone(default_tmp_dir):
    for mode in (None, 0o777):
        if mode:
            default_tmp_dir.chmod(mode)
        assert flag.made_tmp_dir(tmp_dir_flag(default_tmp_dir)) == str(default_tmp_dir)
        assert default_tmp_dir.stat().st_mode & 0o777 == 0o700


def test_a_default_tmp_dir_that_another_made_is_refused(default_tmp_dir, tmp_path, monkeypatch):
    values = tmp_dir_flag(default_tmp_dir)
    default_tmp_dir.symlink_to(tmp_path)
    with pytest.raises(InputError, match="it is a link, a file or another user's; give --tmp_dir"):
        flag.made_tmp_dir(values)
    default_tmp_dir.unlink()
    default_tmp_dir.mkdir()
    monkeypatch.setattr(flag.os, "getuid", lambda: default_tmp_dir.stat().st_uid + 1)
    with pytest.raises(InputError, match="another user's"):
        flag.made_tmp_dir(values)
    assert flag.made_tmp_dir(tmp_dir_flag(tmp_path)) == str(tmp_path)
