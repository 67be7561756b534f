"""Runs a command in this process, through the same entry point as its console script."""

import contextlib
import importlib
import io
import sys
from typing import NamedTuple
from unittest import mock


class Ended(NamedTuple):
    """How a command ended: exit status and what it printed."""

    status: int
    out: str
    err: str


def run_command(name, *arguments, typed="", **flags):
    """Run `name *arguments --flag=value ...` with `typed`, str or UTF-8, on its stdin."""
    module = importlib.import_module(f"t2t_hint_nart.bin.{name.replace('-', '_')}")
    argv = [name, *arguments, *(f"--{flag}={value}" for flag, value in flags.items())]
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", argv),
        mock.patch.object(sys, "stdin", _stdin(typed)),
        mock.patch.object(sys, "meta_path", list(sys.meta_path)),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            module.main()
            status = 0
        except SystemExit as ended:
            status = ended.code or 0
    return Ended(status, out.getvalue(), err.getvalue())


def _stdin(typed):
    if isinstance(typed, bytes):
        return io.TextIOWrapper(io.BytesIO(typed), encoding="utf-8")
    return io.StringIO(typed)


def succeed(name, *arguments, **flags):
    """Run a command that must end well, and return what it printed on stdout."""
    ended = run_command(name, *arguments, **flags)
    assert ended.status == 0, ended.err
    return ended.out


def refusal(name, *arguments, **flags):
    """Run a command that must refuse its input, and return its message.

    Refusing means: status 1 and one line on stderr that names the command. Before it there may be
    what a run's hparams.json changes in the set.
    """
    ended = run_command(name, *arguments, **flags)
    prefix = f"{name}: error: "
    assert ended.status == 1, ended
    *notes, line, end = ended.err.split("\n")
    assert line.startswith(prefix) and not end, ended.err
    assert all("/hparams.json: " in note for note in notes), ended.err
    return line.removeprefix(prefix)
