"""The flags that several commands share, and what is asked of the values of any flag.

Names and defaults are T2T's; where its versions differ, those of 1.15, which today's users know.
Must not import TensorFlow.
"""

import os
from pathlib import Path

from absl import flags

from t2t_hint_nart.bin import flag
from t2t_hint_nart.errors import InputError

_USR_DIR = flag.path(
    None,
    "Directory with an __init__.py that imports modules registering your own models, "
    "hparams sets and problems.",
)

# A user's own directory; `command_line.run` imports it.
define_usr_dir_flag = flag.group(t2t_usr_dir=_USR_DIR)

# Where data is, and which problem it is for.
define_data_flags = flag.group(
    data_dir=flag.path(None, "Directory of the vocabulary and the shards."),
    tmp_dir=flag.path(
        "/tmp/t2t_datagen", "Directory for downloads and other text that shards are made of."
    ),
    problem=flag.string(None, "Name of the problem; _rev appended swaps source and target."),
    problems=flag.alias("problem"),
    t2t_usr_dir=_USR_DIR,
)

# Which model with which hyperparameters, and where it is kept.
define_model_flags = flag.group(
    model=flag.string(None, "Name of the model."),
    hparams_set=flag.string(None, "Name of the hyperparameter set."),
    hparams=flag.string(
        "", "Changes to the set, as learning_rate=0.1,num_heads=4; also --hp_num_heads=4."
    ),
    output_dir=flag.path(None, "Directory of checkpoints, hparams.json, flags and summaries."),
    registry_help=flag.boolean(
        False, "Print the registered models, hyperparameter sets and problems, and exit."
    ),
)

# Which checkpoint is read.
define_checkpoint_flags = flag.group(
    checkpoint_path=flag.path(
        None, "Checkpoint to read, as DIR/model.ckpt-1000; the newest in --output_dir by default."
    ),
)

# How to decode.
define_decode_flags = flag.group(
    decode_hparams=flag.string("", "Changes to how it is decoded, as beam_size=4,alpha=0.6."),
)

# Which model, of what and from where, and how it decodes.
MODEL_FLAGS = (define_data_flags, define_model_flags, define_checkpoint_flags, define_decode_flags)


def require(values: flags.FlagValues, *names: str) -> None:
    """Refuse missing flags, all of them in one line.

    Raises:
        InputError: naming them.
    """
    missing = [f"--{name}" for name in names if values[name].value in (None, "")]
    if missing:
        raise InputError(f"Missing {', '.join(missing)}. See --help.")


def check_writable(*paths: str | os.PathLike[str]) -> None:
    """Refuse what couldn't be written, before an hour of decoding; nothing is made yet.

    Args:
        *paths: what will be written, with the directories that lead there; empty ones are left out.

    Raises:
        InputError: what leads there isn't a directory, or one that can't be written to.
    """
    for path in paths:
        if not os.fspath(path):
            continue
        place = Path(path).absolute().parent
        while not place.exists() and place != place.parent:
            place = place.parent
        if not place.is_dir():
            raise InputError(f"{path} can't be written: {place} isn't a directory.")
        if not os.access(place, os.W_OK | os.X_OK):
            raise InputError(f"{path} can't be written: no permission to write to {place}.")
