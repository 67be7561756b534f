"""Flags that a command can't do without, and counts that must be positive, or not negative."""

from absl import flags

from t2t_hint_nart.errors import InputError


def require(values: flags.FlagValues, *names: str) -> None:
    """Refuse missing flags, all of them in one line.

    Raises:
        InputError: naming them.
    """
    missing = [f"--{name}" for name in names if values[name].value in (None, "")]
    if missing:
        raise InputError(f"Missing {', '.join(missing)}. See --help.")


def check_not_negative(values: flags.FlagValues, *names: str) -> None:
    """Refuse counts below 0.

    Raises:
        InputError: naming the first.
    """
    for name in names:
        given = values[name].value
        if given is None or given < 0:
            raise InputError(f"--{name} must be at least 0, not {given}.")


def check_positive(values: flags.FlagValues, *names: str) -> None:
    """Refuse counts below 1.

    Raises:
        InputError: naming the first.
    """
    for name in names:
        given = values[name].value
        if given is None or given < 1:
            raise InputError(f"--{name} must be at least 1, not {given}.")
