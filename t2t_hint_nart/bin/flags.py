"""The flags that several commands share, under T2T's names and with its defaults.

In: a `FlagValues` to define them on. Where the versions of T2T differ, names and defaults are
those of 1.15, which today's users know. Must not import TensorFlow.
"""

from absl import flags

from t2t_hint_nart.bin.path_flag import define_path


def define_data_flags(values: flags.FlagValues) -> None:
    """Define where data is, and which problem it is for."""
    define_path("data_dir", None, "Directory of the vocabulary and the shards.", values)
    define_path(
        "tmp_dir",
        "/tmp/t2t_datagen",
        "Directory for downloads and other text that shards are made of.",
        values,
    )
    flags.DEFINE_string(
        "problem",
        None,
        "Name of the problem; _rev appended swaps source and target.",
        flag_values=values,
    )
    flags.DEFINE_alias("problems", "problem", flag_values=values)
    define_usr_dir_flag(values)


def define_usr_dir_flag(values: flags.FlagValues) -> None:
    """Define the flag for a user's own directory; `command_line.run` imports it."""
    define_path(
        "t2t_usr_dir",
        None,
        "Directory with an __init__.py that imports modules registering your own models, "
        "hparams sets and problems.",
        values,
    )


def define_model_flags(values: flags.FlagValues) -> None:
    """Define which model with which hyperparameters, and where it is kept."""
    flags.DEFINE_string("model", None, "Name of the model.", flag_values=values)
    flags.DEFINE_string("hparams_set", None, "Name of the hyperparameter set.", flag_values=values)
    flags.DEFINE_string(
        "hparams",
        "",
        "Changes to the set, as learning_rate=0.1,num_heads=4; also --hp_num_heads=4.",
        flag_values=values,
    )
    define_path(
        "output_dir",
        None,
        "Directory of checkpoints, hparams.json, flags and summaries.",
        values,
    )
    flags.DEFINE_bool(
        "registry_help",
        False,
        "Print the registered models, hyperparameter sets and problems, and exit.",
        flag_values=values,
    )


def define_checkpoint_flags(values: flags.FlagValues) -> None:
    """Define which checkpoint is read."""
    define_path(
        "checkpoint_path",
        None,
        "Checkpoint to read, as DIR/model.ckpt-1000; the newest in --output_dir by default.",
        values,
    )


def define_decode_flags(values: flags.FlagValues) -> None:
    """Define how to decode."""
    flags.DEFINE_string(
        "decode_hparams",
        "",
        "Changes to how it is decoded, as beam_size=4,alpha=0.6.",
        flag_values=values,
    )
