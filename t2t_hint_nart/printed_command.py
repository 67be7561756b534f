"""Command lines as they are printed: a shell takes them as they are (no TensorFlow)."""

import shlex

from t2t_hint_nart import user_directory


def printed_command(program: str, **flags: object) -> str:
    """Return a command line, its values quoted, with the user's own directory if there is one.

    Args:
        program: a command, as t2t-trainer, or another program with what comes before its flags.
        **flags: by their names; True is a flag without a value, and None and "" are left out.

    Example:
        >>> printed_command("t2t-datagen", problem="a_rev", data_dir="my data", tmp_dir=None)
        "t2t-datagen --problem=a_rev --data_dir='my data'"
    """
    if program.startswith("t2t-") and "t2t_usr_dir" not in flags:
        # A process has one, but for tests.
        flags["t2t_usr_dir"] = next(reversed(user_directory.imported_directories()), None)
    told = (
        f"--{name}" if value is True else f"--{name}={shlex.quote(str(value))}"
        for name, value in flags.items()
        if value not in (None, "")
    )
    return " ".join([program, *told])
