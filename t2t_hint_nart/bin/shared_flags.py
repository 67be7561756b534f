"""Flags that several commands share.

Names and defaults are T2T's; where its versions differ, those of 1.15, which today's users know.
Must not import TensorFlow.
"""

import contextlib
import os
import stat
from pathlib import Path

from absl import flags

from t2t_hint_nart.bin.flag import alias, boolean, count, group, path, string
from t2t_hint_nart.errors import InputError

_USR_DIR = path(
    None,
    "Directory with an __init__.py that imports modules registering your own models, "
    "hparams sets and problems.",
)

THREADS = {
    "inter_op_parallelism_threads": count(
        0, "Operations that run beside each other; 0: as many as is good.", least=0
    ),
    "intra_op_parallelism_threads": count(
        0, "Threads of one operation, in every runtime; 0: as many as is good.", least=0
    ),
}
# How many threads compute; `command_line.run` says it to the runtimes.
define_thread_flags = group(**THREADS)

# A user's own directory; `command_line.run` imports it.
define_usr_dir_flag = group(t2t_usr_dir=_USR_DIR)

# T2T's, with the user's number: what another user put there must not become training text.
_PRIVATE = 0o700
_DEFAULT_TMP_DIR = f"/tmp/t2t_datagen-{os.getuid()}"
TMP_DIR = path(_DEFAULT_TMP_DIR, "Directory for downloads and other text that shards are made of.")

# Where data is, and which problem it is for.
define_data_flags = group(
    data_dir=path(None, "Directory of the vocabulary and the shards."),
    tmp_dir=TMP_DIR,
    problem=string(None, "Name of the problem; _rev appended swaps source and target."),
    problems=alias("problem"),
    t2t_usr_dir=_USR_DIR,
)

# Which model with which hyperparameters, and where it is kept.
define_model_flags = group(
    model=string(None, "Name of the model."),
    hparams_set=string(None, "Name of the hyperparameter set."),
    hparams=string(
        "", "Changes to the set, as learning_rate=0.1,num_heads=4; also --hp_num_heads=4."
    ),
    output_dir=path(None, "Directory of checkpoints, hparams.json, flags and summaries."),
    registry_help=boolean(
        False, "Print the registered models, hyperparameter sets and problems, and exit."
    ),
)

# Which checkpoint is read.
define_checkpoint_flags = group(
    checkpoint_path=path(
        None, "Checkpoint to read, as DIR/model.ckpt-1000; the newest in --output_dir by default."
    ),
)

# How to decode.
define_decode_flags = group(
    decode_hparams=string("", "Changes to how it is decoded, as beam_size=4,alpha=0.6."),
)

# Which model, of what and from where, and how it decodes.
MODEL_FLAGS = (define_data_flags, define_model_flags, define_checkpoint_flags, define_decode_flags)


def unmade_tmp_dir(values: flags.FlagValues) -> str:
    """Return --tmp_dir if it must be made; text that is there may lie where nobody can write."""
    return "" if Path(values.tmp_dir).is_dir() else str(values.tmp_dir)


def made_tmp_dir(values: flags.FlagValues) -> str:
    """Return --tmp_dir; the default is made, for this user alone.

    Raises:
        InputError: the default is a link, or belongs to another user.
    """
    given = str(values.tmp_dir)
    if given != _DEFAULT_TMP_DIR:
        return given
    with contextlib.suppress(FileExistsError):
        Path(given).mkdir(mode=_PRIVATE)
    found = os.lstat(given)
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.getuid():
        raise InputError(
            f"{given}, the default of --tmp_dir, isn't a directory of this user alone: it is a "
            "link, a file or another user's; give --tmp_dir"
        )
    if stat.S_IMODE(found.st_mode) & ~_PRIVATE:
        Path(given).chmod(_PRIVATE)
    return given
