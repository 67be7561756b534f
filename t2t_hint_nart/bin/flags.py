"""The flags that several commands share, and what is asked of the values of any flag.

In: a `FlagValues` to define them on. Names and defaults are T2T's; where its versions differ, those
of 1.15, which today's users know. Must not import TensorFlow.
"""

import os
from pathlib import Path

from absl import flags

from t2t_hint_nart.errors import InputError


class PathParser(flags.ArgumentParser[str]):
    """Expands ~ and ~name at the beginning of a path, as T2T does: shells leave --data_dir=~/data.

    Example:
        >>> PathParser().parse("runs/~x")
        'runs/~x'
    """

    def parse(self, argument: str) -> str:
        """Return the path; as it is if there is no such user."""
        if not argument.startswith("~"):
            return argument
        try:
            return str(Path(argument).expanduser())
        except RuntimeError:
            return argument

    def flag_type(self) -> str:
        """Return what kind of value the flag has."""
        return "string"


def define_path(name: str, default: str | None, help: str, values: flags.FlagValues) -> None:
    """Define a flag whose value is the path of a file or directory.

    Args:
        name: of the flag.
        default: its value if it isn't given.
        help: what `--help` says.
        values: the flags that it becomes one of.
    """
    serializer: flags.ArgumentSerializer[str] = flags.ArgumentSerializer()
    flags.DEFINE(PathParser(), name, default, help, flag_values=values, serializer=serializer)


def define_count(
    name: str, default: int | None, help: str, values: flags.FlagValues, least: int = 1
) -> None:
    """Define a flag whose value is a number, `least` or more.

    Args:
        name: as for `define_path`, and so are the others.
        default: may be None.
        help: what `--help` says.
        values: the flags that it becomes one of.
        least: allowed; a smaller one is refused when flags are parsed.
    """

    def check(given: int | None) -> bool:
        if given is not None and given < least:
            raise InputError(f"--{name} must be at least {least}, not {given}.")
        return True

    flags.DEFINE_integer(name, default, help, flag_values=values)
    flags.register_validator(name, check, flag_values=values)


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
        "output_dir", None, "Directory of checkpoints, hparams.json, flags and summaries.", values
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
