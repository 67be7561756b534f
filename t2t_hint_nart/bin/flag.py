"""Flags by their kind, and groups of them.

    define_flags = group(
        export_dir=path(None, "SavedModel written by t2t-exporter."),
        timeout_secs=count(10, "Longest time to wait for an answer."),
    )

Must not import TensorFlow.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from absl import flags

from t2t_hint_nart.errors import InputError

# What the help of a flag begins with that says nothing more than that T2T has it.
DEFAULT_ONLY = "T2T's; only its default is accepted: "
# And that of one which makes no difference here.
WITHOUT_EFFECT = "T2T's; accepted without effect: "
_DEFINE: dict[type, Callable[..., Any]] = {
    bool: flags.DEFINE_bool,
    int: flags.DEFINE_integer,
    float: flags.DEFINE_float,
    str: flags.DEFINE_string,
    type(None): flags.DEFINE_string,
}
# Defines a flag under a name.
Definition = Callable[[str, flags.FlagValues], object]


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


def _define_path(name: str, default: str | None, help: str, flag_values: flags.FlagValues) -> None:
    """Define a flag whose value is the path of a file or directory."""
    serializer: flags.ArgumentSerializer[str] = flags.ArgumentSerializer()
    flags.DEFINE(PathParser(), name, default, help, flag_values=flag_values, serializer=serializer)


def _define_count(
    name: str, default: int | None, help: str, flag_values: flags.FlagValues, least: int = 1
) -> None:
    """Define a flag whose value is a number, `least` or more; refused when flags are parsed."""

    def check(given: int | None) -> bool:
        if given is not None and given < least:
            raise InputError(f"--{name} must be at least {least}, not {given}.")
        return True

    flags.DEFINE_integer(name, default, help, flag_values=flag_values)
    flags.register_validator(name, check, flag_values=flag_values)


def _kind(define: Callable[..., object]) -> Callable[..., Definition]:
    """Return what takes the arguments of a DEFINE but for the flag's name."""

    def with_arguments(*arguments: Any, **keywords: Any) -> Definition:
        return lambda name, values: define(name, *arguments, **keywords, flag_values=values)

    return with_arguments


path = _kind(_define_path)
count = _kind(_define_count)
string = _kind(flags.DEFINE_string)
boolean = _kind(flags.DEFINE_bool)
integer = _kind(flags.DEFINE_integer)
number = _kind(flags.DEFINE_float)
choice = _kind(flags.DEFINE_enum)
names = _kind(flags.DEFINE_list)
alias = _kind(flags.DEFINE_alias)


def refused(default: Any, reason: str) -> Definition:
    """Return a flag of T2T with its default there, and why no other value is accepted."""

    def define(name: str, values: flags.FlagValues) -> None:
        def check(given: Any) -> bool:
            if given != default:
                only = "" if default is None else f", only {default!r}"
                raise InputError(f"--{name}={given} isn't supported{only}: {reason}.")
            return True

        text = f"{DEFAULT_ONLY}{reason}."
        _DEFINE[type(default)](name, default, text, flag_values=values)
        flags.register_validator(name, check, flag_values=values)

    return define


def without_effect(default: Any, reason: str) -> Definition:
    """Return a flag of T2T that may have any value, and why none makes a difference."""

    def define(name: str, values: flags.FlagValues) -> None:
        text = f"{WITHOUT_EFFECT}{reason}."
        _DEFINE[type(default)](name, default, text, flag_values=values)

    return define


def group(**definitions: Definition) -> Callable[[flags.FlagValues], None]:
    """Return what defines flags, each by its name, on the `FlagValues` that it is given."""

    def define(values: flags.FlagValues) -> None:
        for name, definition in definitions.items():
            definition(name, values)

    return define


def require(values: flags.FlagValues, *names: str) -> None:
    """Refuse missing flags, all of them in one line.

    Raises:
        InputError: naming them.
    """
    missing = [f"--{name}" for name in names if values[name].value in (None, "")]
    if missing:
        raise InputError(f"Missing {', '.join(missing)}. See --help.")
