"""Where an export computes, as users say it (no TensorFlow)."""

import re
from typing import NamedTuple

from t2t_hint_nart.errors import InputError

_NAMED = re.compile(r"(cpu|gpu)(?::(\d{1,3}))?")


class Device(NamedTuple):
    """A place to compute.

    Attributes:
        kind: "cpu", "gpu", or "" where the runtime chooses: SavedModels the first GPU if there is
            one, the other runtimes a CPU.
        number: of a GPU, from 0.
    """

    kind: str = ""
    number: int = 0


def named_device(name: str) -> Device:
    """Return what a name means.

    Raises:
        InputError: it isn't a device's.

    Example:
        >>> named_device("gpu:1")
        Device(kind='gpu', number=1)
    """
    if not name:
        return Device()
    found = _NAMED.fullmatch(name.lower())
    if found is None or (found[1] == "cpu" and found[2] not in (None, "0")):
        raise InputError(f"There is no device {name!r}; allowed are cpu, gpu and gpu:<number>.")
    return Device(found[1], int(found[2] or 0))
