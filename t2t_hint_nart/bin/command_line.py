"""What every `t2t-*` command shares: flags, help, and errors in one line.

In: a command's function, its name and the functions that define its flags. Out: the process's
exit status: 0; 1 after bad input, told in one line on stderr, and so are what TensorFlow raises and
exhausted memory; 128 and the signal's number, 130 for Ctrl-C, when interrupted. Must not import
TensorFlow, so that `--help` and a mistyped flag are answered at once.

A command is a module whose docstring is its help, a paragraph and examples:

    def define_flags(values: flags.FlagValues) -> None:
        flags.DEFINE_integer("train_steps", 250000, "Steps to train.", flag_values=values)

    def _main(values: flags.FlagValues) -> None:
        train(values.data_dir, values.train_steps)

    main = command_line.command(_main, "t2t-trainer", define_data_flags, define_flags)
"""

import contextlib
import errno
import io
import os
import re
import signal
import sys
from collections.abc import Callable, Sequence

from absl import flags

from t2t_hint_nart.bin.device import choose_device
from t2t_hint_nart.bin.flag import WITHOUT_EFFECT
from t2t_hint_nart.bin.help_text import begins, help_text
from t2t_hint_nart.bin.kept_memory import keep_memory
from t2t_hint_nart.bin.t2t_flags import define_logging_flags
from t2t_hint_nart.errors import InputError, is_out_of_memory, nearest
from t2t_hint_nart.files.whole_file import naming_file
from t2t_hint_nart.text.escape import replace_surrogates
from t2t_hint_nart.text.lines import printable

_HELP_WORDS = ("--help", "-help", "-h", "--helpfull", "--helpshort", "-?")
_HPARAM_PREFIX = "--hp_"
_ENDED_BY_SIGNAL = 128
_BROKEN_PIPE = 141
# The environment variable with which errors that nothing foresaw keep their traceback.
_TRACEBACK = "T2T_HINT_NART_TRACEBACK"
_NODE_NAMES = re.compile(r"\{\{.*?\}\} *|\[\[.*?\]\] *|\[Op:.*")
_ROOT_ERROR = re.compile(r"\s*\(0\) (.*)")
_ABOUT_THE_GRAPH = (" ", "Graph execution error", "Detected at node", "Hint:")
_STDOUT = "standard output"
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
_DISK = os.strerror(errno.ENOSPC)
_LONGEST = 300


def command(
    main: Callable[[flags.FlagValues], None],
    name: str,
    *definitions: Callable[[flags.FlagValues], None],
    trains: bool = False,
) -> Callable[[], None]:
    """Return a command's entry point, for its console script; `python -m` runs it at once.

    Args:
        main: as for `run`, and so are the others.
        name: of the command.
        *definitions: of flags.
        trains: as for `run`.
    """

    def entry_point() -> None:
        run(main, name, *definitions, trains=trains)

    if main.__module__ == "__main__":
        entry_point()
    return entry_point


def run(
    main: Callable[[flags.FlagValues], None],
    name: str,
    *definitions: Callable[[flags.FlagValues], None],
    argv: Sequence[str] | None = None,
    trains: bool = False,
) -> None:
    """Parse a command's flags and run it.

    If the command has the flag `--t2t_usr_dir`, the user's directory is imported first; if it has
    `--registry_help` and that is set, the registry is printed and nothing else happens.

    Args:
        main: the command; it gets the parsed flags.
        name: what messages call it, as `t2t-trainer`.
        *definitions: each defines some flags on the `FlagValues` given to it.
        argv: the arguments after the command's name; those of the process by default.
        trains: whether it trains models, for which memory is kept (bin.kept_memory).

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
            define_logging_flags(values)
            parse(values, arguments)
            if trains:
                keep_memory(name)
            _tell_without_effect(name, values)
            choose_device(values)
            if not _show_registry(values):
                main(values)
        with naming_file(_STDOUT):
            sys.stdout.flush()
    except (InputError, flags.Error) as error:
        _exit_with_error(name, str(error))
    except OSError as error:
        _exit_after_os_error(name, error)
    except _unforeseen() as error:
        _exit_after_failure(name, error)
    except KeyboardInterrupt as interrupt:
        print(f"{name}: interrupted", file=sys.stderr)
        sys.exit(_ENDED_BY_SIGNAL + (interrupt.args[0] if interrupt.args else signal.SIGINT))


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
        values["hparams"].parse(",".join([*given, *overrides]))


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


def _tell_without_effect(name: str, values: flags.FlagValues) -> None:
    """Warn of flags of T2T that were given another value than their default, to no effect."""
    for flag in (values[known] for known in sorted(values)):
        if begins(flag, WITHOUT_EFFECT) and flag.value != flag.default:
            reason = (flag.help or "").removeprefix(WITHOUT_EFFECT)
            print(f"{name}: --{flag.name} has no effect: {reason}", file=sys.stderr)


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
    place = error.filename
    if error.errno in _FULL:
        # Of a copy, the target. All files of this package are named: another is a library's.
        place = error.filename2 or place or f"{_STDOUT} or a library's file"
    try:
        sys.stdout.flush()
    except OSError:
        _drop_stdout()
    told = "" if place is None else f"{os.fsdecode(place)}: "
    _exit_with_error(name, f"{told}{error.strerror}")


def _unforeseen() -> tuple[type[Exception], ...]:
    """Return what a computation may fail with; TensorFlow's errors if it is loaded by now."""
    tensorflow = sys.modules.get("tensorflow")
    if tensorflow is None or not hasattr(tensorflow, "errors"):
        return MemoryError, RecursionError
    return MemoryError, RecursionError, tensorflow.errors.OpError


def _exit_after_failure(name: str, error: BaseException) -> None:
    """Tell in one line what nothing foresaw, what to do, and how to see where it happened."""
    if os.environ.get(_TRACEBACK):
        raise error
    kind, reason = type(error).__name__.strip("_"), _reason(error)
    is_full = _DISK in reason
    if is_out_of_memory(error) and not is_full:
        advice = "Memory ran out: take smaller batches, shorter sentences or a smaller model"
    elif isinstance(error, RecursionError):
        advice = "Something in its input is nested too deep: look for what is"
    else:
        advice = "TensorFlow couldn't go on: look whether disk and files are as they should be"
    told = ": ".join(filter(None, [kind, reason]))
    _exit_with_error(name, f"{told}. {advice}. {_TRACEBACK}=1 shows where it happened.")


def _reason(error: BaseException) -> str:
    """Return the line of a message that says what happened, without the names of graph nodes."""
    text = str(getattr(error, "message", None) or error)
    lines = [line for line in text.splitlines() if line.strip()]
    told = [found[1] for found in map(_ROOT_ERROR.match, lines) if found]
    told += [line for line in lines if not line.startswith(_ABOUT_THE_GRAPH)]
    return _NODE_NAMES.sub("", told[0]).strip(" .:")[:_LONGEST] if told else ""


def _drop_stdout() -> None:
    """Python flushes stdout once more at exit, which must not fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _exit_with_error(name: str, message: str) -> None:
    print(f"{name}: error: {printable(' '.join(message.split()))}", file=sys.stderr)
    sys.exit(1)


def somebody_types() -> bool:
    """Whether stdin is a terminal, not a pipe or a file."""
    return sys.stdin is not None and sys.stdin.isatty()


def typed_line(prompt: str) -> str:
    """Return the next line of stdin; what its encoding lets through and is no text becomes U+FFFD.

    Lines end in a line feed, as those of files, and there is no prompt, unless somebody types.

    Raises:
        InputError: the line isn't of stdin's encoding.
        EOFError: there is none.
    """
    typed = somebody_types()
    if not typed and hasattr(sys.stdin, "reconfigure"):
        # Once a line has been read, that is done.
        with contextlib.suppress(io.UnsupportedOperation):
            sys.stdin.reconfigure(newline="\n")
    try:
        return replace_surrogates(input(prompt if typed and sys.stdout.isatty() else ""))
    except UnicodeDecodeError as error:
        encoding = error.encoding.upper()
        raise InputError(f"What is typed isn't {encoding}: {error.reason}.") from error
