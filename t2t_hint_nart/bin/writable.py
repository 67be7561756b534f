"""Places that a command is going to write to, checked before it does the work.

In: paths. Out: nothing; what can't be written is told at once, not after an hour of decoding.
"""

import os
from pathlib import Path

from t2t_hint_nart.errors import InputError


def check_writable(*paths: str | os.PathLike[str]) -> None:
    """Refuse files and directories that couldn't be made; nothing is made yet.

    Args:
        *paths: what will be written, with the directories that lead there; empty ones are left out.

    Raises:
        InputError: what leads there isn't a directory, or one that can't be written to.
    """
    for path in paths:
        if not os.fspath(path):
            continue
        place = Path(path).absolute().parent
        while not place.exists() and place != place.parent:
            place = place.parent
        if not place.is_dir():
            raise InputError(f"{path} can't be written: {place} isn't a directory.")
        if not os.access(place, os.W_OK | os.X_OK):
            raise InputError(f"{path} can't be written: no permission to write to {place}.")
