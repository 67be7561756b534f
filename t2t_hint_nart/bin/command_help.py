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
# What the help of a flag begins with that says nothing more than that T2T has it.
DEFAULT_ONLY = "T2T's; only its default is accepted: "


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
    known = [values[flag] for flag in sorted(values)]
    shown = [_flag_text(flag) for flag in known if not _is_default_only(flag)]
    if shown:
        parts.append("\n".join(["flags:", *shown]))
    others = [f"--{flag.name}={_default_text(flag)}" for flag in known if _is_default_only(flag)]
    if others:
        title = "flags of tensor2tensor that are known, and accepted with their default alone:"
        parts.append(
            "\n".join(
                [
                    title,
                    *textwrap.wrap(
                        " ".join(others),
                        _WIDTH,
                        initial_indent="  ",
                        subsequent_indent="  ",
                        break_on_hyphens=False,
                    ),
                ]
            )
        )
    return "\n\n".join(parts)


def _is_default_only(flag: flags.Flag[Any]) -> bool:
    return (flag.help or "").startswith(DEFAULT_ONLY)


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
