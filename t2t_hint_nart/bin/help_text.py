"""What a command says to --help."""

import inspect
import textwrap
from typing import Any

from absl import flags

from t2t_hint_nart.bin.flag import DEFAULT_ONLY, WITHOUT_EFFECT

_WIDTH = 88
_INDENT = " " * 8
# How the help of a flag begins that is listed by its name alone, and the title of such a list.
_OF_T2T = {
    DEFAULT_ONLY: "flags of tensor2tensor that are known, and accepted with their default alone:",
    WITHOUT_EFFECT: "flags of tensor2tensor that make no difference here:",
}


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
    shown = [_flag_text(flag) for flag in known if not begins(flag, *_OF_T2T)]
    if shown:
        parts.append("\n".join(["flags:", *shown]))
    for beginning, title in _OF_T2T.items():
        others = [
            f"--{flag.name}={_default_text(flag)}" for flag in known if begins(flag, beginning)
        ]
        if others:
            listed = textwrap.fill(" ".join(others), _WIDTH - 2, break_on_hyphens=False)
            parts.append(f"{title}\n{textwrap.indent(listed, '  ')}")
    return "\n\n".join(parts)


def begins(flag: flags.Flag[Any], *beginnings: str) -> bool:
    """Whether the help of a flag begins with one of these."""
    return (flag.help or "").startswith(beginnings)


def _flag_text(flag: flags.Flag[Any]) -> str:
    if flag.boolean:
        usage = f"--[no]{flag.name}" + ("  (on by default)" if flag.default else "")
    else:
        usage = f"--{flag.name}={_default_text(flag)}"
    choices = getattr(flag.parser, "enum_values", None)
    text = flag.help + (f" One of: {', '.join(choices)}." if choices else "")
    filled = textwrap.fill(text, _WIDTH, initial_indent=_INDENT, subsequent_indent=_INDENT)
    return f"  {usage}\n{filled}"


def _default_text(flag: flags.Flag[Any]) -> str:
    return "" if flag.default is None else str(flag.default)
