"""What every `t2t-*` command shares: flags, help, and errors in one line.

In: a command's function, its name and the functions that define its flags. Out: the process's
exit status: 0; 1 after bad input, told in one line on stderr; 130 when interrupted. Must not
import TensorFlow, so that `--help` and a mistyped flag are answered at once.

A command is a module whose docstring is its help, a paragraph and examples:

    def define_flags(values: flags.FlagValues) -> None:
        flags.DEFINE_integer("train_steps", 250000, "Steps to train.", flag_values=values)

    def _main(values: flags.FlagValues) -> None:
        train(values.data_dir, values.train_steps)

    def main() -> None:
        command_line.run(_main, "t2t-trainer", define_data_flags, define_flags)
"""

import os
import sys
from collections.abc import Callable, Sequence

from absl import flags

from t2t_hint_nart.bin.command_help import help_text
from t2t_hint_nart.bin.startup_noise import silence_startup_noise
from t2t_hint_nart.errors import InputError, nearest

_HELP_WORDS = ("--help", "-help", "-h", "--helpfull", "--helpshort", "-?")
_HPARAM_PREFIX = "--hp_"
_INTERRUPTED = 130
_BROKEN_PIPE = 141


def run(
    main: Callable[[flags.FlagValues], None],
    name: str,
    *definitions: Callable[[flags.FlagValues], None],
    argv: Sequence[str] | None = None,
) -> None:
    """Parse a command's flags and run it.

    If the command has the flag `--t2t_usr_dir`, the user's directory is imported first; if it has
    `--registry_help` and that is set, the registry is printed and nothing else happens.

    Args:
        main: the command; it gets the parsed flags.
        name: what messages call it, as `t2t-trainer`.
        *definitions: each defines some flags on the `FlagValues` given to it.
        argv: the arguments after the command's name; those of the process by default.

    Raises:
        SystemExit: with the status, if that is not 0.
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        values = flags.FlagValues()
        for define in definitions:
            define(values)
        if any(word in _HELP_WORDS for word in arguments):
            print(help_text(name, sys.modules[main.__module__].__doc__ or "", values))
        else:
            parse(values, arguments)
            silence_startup_noise()
            if not _show_registry(values):
                main(values)
        sys.stdout.flush()
    except (InputError, flags.Error) as error:
        _exit_with_error(name, str(error))
    except OSError as error:
        _exit_after_os_error(name, error)
    except KeyboardInterrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        sys.exit(_INTERRUPTED)


def parse(values: flags.FlagValues, arguments: Sequence[str]) -> None:
    """Set flags from a command's arguments, among them T2T's `--hp_<name>=<value>`.

    Args:
        values: the defined flags.
        arguments: what follows the command's name.

    Raises:
        InputError: for an unknown flag, with the nearest known ones, or a stray argument.
        flags.Error: for a value that a flag does not accept.
    """
    overrides: list[str] = []
    if "hparams" in values:
        arguments, overrides = _without_hparam_flags(arguments)
    try:
        rest = values(["command", *arguments])[1:]
    except flags.UnrecognizedFlagError as error:
        raise InputError(
            f"unknown flag --{error.flagname}.{nearest(error.flagname, values)} "
            "See --help for the flags there are"
        ) from error
    if rest:
        raise InputError(f"unexpected argument '{rest[0]}': every argument is a --flag=value")
    if overrides:
        given = [values["hparams"].value] if values["hparams"].value else []
        values["hparams"].value = ",".join([*given, *overrides])


def _without_hparam_flags(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Split off `--hp_name=value` and `--hp_name value`, returned as `name=value`."""
    rest: list[str] = []
    overrides: list[str] = []
    remaining = iter(arguments)
    for argument in remaining:
        if not argument.startswith(_HPARAM_PREFIX):
            rest.append(argument)
            continue
        hparam, equals, value = argument.removeprefix(_HPARAM_PREFIX).partition("=")
        if not equals:
            value = next(remaining, "")
        overrides.append(f"{hparam}={value}")
    return rest, overrides


def _show_registry(values: flags.FlagValues) -> bool:
    """Import the user's directory; print the registry if that is what is asked for."""
    from t2t_hint_nart import registry

    if "t2t_usr_dir" in values:
        registry.import_usr_dir(values.t2t_usr_dir or "")
    if "registry_help" in values and values.registry_help:
        print(registry.help_string())
        return True
    return False


def _exit_after_os_error(name: str, error: OSError) -> None:
    """Tell what could not be read or written; a reader that went away is no error to tell."""
    if isinstance(error, BrokenPipeError):
        _drop_stdout()
        sys.exit(_BROKEN_PIPE)
    if error.errno is None:
        raise error
    try:
        sys.stdout.flush()
    except OSError:
        _drop_stdout()
    # Writing to a full disk fails without a file's name.
    place = "" if error.filename is None else f"{error.filename}: "
    _exit_with_error(name, f"{place}{error.strerror}")


def _drop_stdout() -> None:
    """Python flushes stdout once more at exit, which must not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _exit_with_error(name: str, message: str) -> None:
    print(f"{name}: error: {' '.join(message.split())}", file=sys.stderr)
    sys.exit(1)
