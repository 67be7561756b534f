import pytest
from absl import flags

from t2t_hint_nart.bin.flags import (
    define_checkpoint_flags,
    define_data_flags,
    define_decode_flags,
    define_model_flags,
    define_usr_dir_flag,
)


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
    assert (
        len(
            defaults(
                define_data_flags, define_model_flags, define_checkpoint_flags, define_decode_flags
            )
        )
        == 12
    )
