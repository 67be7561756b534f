"""Errors that a user can act on: one line, what was wrong, what was received, what is allowed."""

import difflib
from collections.abc import Iterable, Mapping
from typing import TypeVar

_Value = TypeVar("_Value")


class InputError(ValueError):
    """Bad input from the user; commands print its one line and exit non-zero."""


class DivergedError(InputError):
    """Training left losses or weights that aren't finite."""


class UnknownNameError(InputError, KeyError):
    """A name that nothing is registered under."""

    def __str__(self) -> str:
        # KeyError would print the repr of the message.
        return str(self.args[0]) if self.args else ""


def is_out_of_memory(error: BaseException) -> bool:
    """Whether what was raised says that memory ran out, TensorFlow's error among it.

    Example:
        >>> is_out_of_memory(MemoryError())
        True
    """
    # By its name: TensorFlow, which may never have been imported, isn't for this.
    return isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"


def nearest(name: str, allowed: Iterable[str]) -> str:
    """Return a hint naming the closest allowed names, or an empty string.

    Args:
        name: what the user wrote.
        allowed: every name that would have been accepted.

    Example:
        >>> nearest("transformer_bsae", ["transformer_base", "reverse"])
        " Did you mean 'transformer_base'?"
        >>> nearest("xyz", ["transformer_base"])
        ''
    """
    matches = difflib.get_close_matches(name, list(allowed), n=3, cutoff=0.6)
    if not matches:
        return ""
    return " Did you mean " + " or ".join(f"'{match}'" for match in matches) + "?"


def find_named(kind: str, name: str, known: Mapping[str, _Value]) -> _Value:
    """Return what has a name.

    Args:
        kind: what is looked for, for the message.
        name: what the user wrote.
        known: by name, all there are.

    Raises:
        UnknownNameError: there is none; names those there are.

    Example:
        >>> find_named("recipe", "quick", {"quickstart": 1})
        Traceback (most recent call last):
        ...
        t2t_hint_nart.errors.UnknownNameError: Unknown recipe 'quick'; there are quickstart. \
Did you mean 'quickstart'?
    """
    if name not in known:
        raise UnknownNameError(
            f"Unknown {kind} {name!r}; there are {', '.join(known)}.{nearest(name, known)}"
        )
    return known[name]


def check_choice(name: str, value: str, allowed: Iterable[str]) -> None:
    """Refuse a value that isn't one of the allowed.

    Example:
        >>> check_choice("decoder_input_type", "hard_unifrom", ["hard_uniform", "soft_uniform"])
        Traceback (most recent call last):
        ...
        t2t_hint_nart.errors.InputError: Unknown decoder_input_type 'hard_unifrom'; \
allowed are hard_uniform, soft_uniform. Did you mean 'hard_uniform'?
    """
    allowed = list(allowed)
    if value not in allowed:
        raise InputError(
            f"Unknown {name} {value!r}; allowed are {', '.join(allowed)}.{nearest(value, allowed)}"
        )
