"""A flag that is a path, in which a leading ~ is the user's home directory.

Shells leave the ~ of `--data_dir=~/data` as it is; T2T expands it. Must not import TensorFlow.
"""

from pathlib import Path

from absl import flags


class PathParser(flags.ArgumentParser[str]):
    """Expands ~ and ~name at the beginning of a path.

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
