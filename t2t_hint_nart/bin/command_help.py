"""The text that `--help` prints for a command.

In: the command's name, its module's docstring and its flags. Out: usage, description, flags with
their defaults. Must not import TensorFlow.
"""

import inspect
import textwrap
from typing import Any

from absl import flags

_WIDTH = 88
_INDENT = " " * 8


def help_text(name: str, description: str, values: flags.FlagValues) -> str:
    """Return a command's help.

    Args:
        name: the command, as `t2t-trainer`.
        description: a paragraph and examples, shown as they are.
        values: the command's flags.

    Example:
        >>> values = flags.FlagValues()
        >>> _ = flags.DEFINE_integer("n", 8, "Checkpoints to average.", flag_values=values)
        >>> print(help_text("t2t-avg-all", "Averages checkpoints.", values))
        usage: t2t-avg-all [--flag=value ...]
        <BLANKLINE>
        Averages checkpoints.
        <BLANKLINE>
        flags:
          --n=8
                Checkpoints to average.
    """
    parts = [f"usage: {name} [--flag=value ...]", inspect.cleandoc(description)]
    shown = [_flag_text(values[flag]) for flag in sorted(values)]
    if shown:
        parts.append("\n".join(["flags:", *shown]))
    return "\n\n".join(parts)


def _flag_text(flag: flags.Flag[Any]) -> str:
    if flag.boolean:
        usage = f"--[no]{flag.name}" + ("  (on by default)" if flag.default else "")
    else:
        usage = f"--{flag.name}={_default_text(flag)}"
    choices = getattr(flag.parser, "enum_values", None)
    text = flag.help + (f" One of: {', '.join(choices)}." if choices else "")
    return "\n".join(
        [
            f"  {usage}",
            textwrap.fill(text, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT),
        ]
    )


def _default_text(flag: flags.Flag[Any]) -> str:
    return "" if flag.default is None else str(flag.default)
