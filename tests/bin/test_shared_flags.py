"""Flags that several commands share."""

import os

import pytest
from absl import flags

from t2t_hint_nart.bin import shared_flags
from t2t_hint_nart.bin.shared_flags import (
    MODEL_FLAGS,
    define_checkpoint_flags,
    define_data_flags,
    define_decode_flags,
    define_model_flags,
    define_usr_dir_flag,
    made_tmp_dir,
)
from t2t_hint_nart.errors import InputError


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


@pytest.fixture
def default_tmp_dir(tmp_path, monkeypatch):
    path = tmp_path / "default"
    monkeypatch.setattr(shared_flags, "_DEFAULT_TMP_DIR", str(path))
    return path


def tmp_dir_flag(value):
    values = flags.FlagValues()
    define_data_flags(values)
    values(["command", f"--tmp_dir={value}"])
    return values


def test_the_default_tmp_dir_is_this_users_alone(default_tmp_dir):
    for mode in (None, 0o777):
        if mode:
            default_tmp_dir.chmod(mode)
        assert made_tmp_dir(tmp_dir_flag(default_tmp_dir)) == str(default_tmp_dir)
        assert default_tmp_dir.stat().st_mode & 0o777 == 0o700


def test_a_default_tmp_dir_that_another_made_is_refused(default_tmp_dir, tmp_path, monkeypatch):
    values = tmp_dir_flag(default_tmp_dir)
    default_tmp_dir.symlink_to(tmp_path)
    with pytest.raises(InputError, match="it is a link, a file or another user's; give --tmp_dir"):
        made_tmp_dir(values)
    default_tmp_dir.unlink()
    default_tmp_dir.mkdir()
    monkeypatch.setattr(shared_flags.os, "getuid", lambda: default_tmp_dir.stat().st_uid + 1)
    with pytest.raises(InputError, match="another user's"):
        made_tmp_dir(values)
    assert made_tmp_dir(tmp_dir_flag(tmp_path)) == str(tmp_path)
