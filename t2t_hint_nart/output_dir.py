"""What a training run's directory says about itself: hparams.json and flags.txt (no TensorFlow)."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.json_file import as_stored, read_json
from t2t_hint_nart.files.whole_file import write_whole
from t2t_hint_nart.hparam import HParams

HPARAMS_FILE = "hparams.json"
FLAGS_FILE = "flags.txt"


def stored_hparams(output_dir: str | Path) -> dict[str, Any] | None:
    """Return the values of output_dir/hparams.json, None if there is none.

    Raises:
        InputError: the file isn't a JSON object.
    """
    path = Path(output_dir) / HPARAMS_FILE
    if not path.exists():
        return None
    return read_json(path, dict[str, Any], "Delete it to use the set's values.")


def add_train_steps(hparams: HParams, train_steps: int) -> None:
    """Tell a set how many steps training has, which schedules to its end read; its own stays."""
    if "train_steps" not in hparams:
        hparams.add_hparam("train_steps", train_steps)


def create_hparams(
    set_name: str,
    overrides: str = "",
    output_dir: str | Path | None = None,
    say: Callable[[str], None] = print,
) -> HParams:
    """Put a run's hparams together: set → output_dir/hparams.json → overrides (T2T's precedence).

    Args:
        set_name: a registered set.
        overrides: as in --hparams.
        output_dir: of the run; None or without hparams.json leaves that step out.
        say: told of every value that hparams.json changed.

    Returns:
        A fresh HParams.

    Raises:
        InputError: unknown set or hparam, or a value of the wrong type or out of bounds.
    """
    hparams = registry.hparams(set_name)
    stored = stored_hparams(output_dir) if output_dir else None
    if stored is not None:
        known = hparams.values()
        changed = {k: v for k, v in stored.items() if k in known and v != known[k]}
        for name, value in sorted(changed.items()):
            say(
                f"{output_dir}/{HPARAMS_FILE}: {name} = {value!r} (set {set_name}: {known[name]!r})"
            )
        try:
            hparams.override_from_dict(changed)
        except InputError as error:
            raise InputError(f"{output_dir}/{HPARAMS_FILE}: {error}") from error
    return hparams.parse(overrides) if overrides else hparams


def changed_hparams(output_dir: str | Path, hparams: HParams) -> list[str]:
    """Return what a run's hparams.json has otherwise, as "name old -> new"; not train_steps."""
    stored = stored_hparams(output_dir) or {}
    # As JSON has them: tuples are lists there.
    values = as_stored(hparams.values())
    return [
        f"{name} {stored[name]!r} -> {value!r}"
        for name, value in sorted(values.items())
        if name in stored and name != "train_steps" and stored[name] != value
    ]


def write_hparams(output_dir: str | Path, hparams: HParams) -> None:
    """Write hparams.json, one key a line, sorted."""
    text = json.dumps(hparams.values(), indent=0, sort_keys=True)
    write_whole(Path(output_dir) / HPARAMS_FILE, text + "\n")


def write_flags(output_dir: str | Path, flags: str) -> None:
    """Write flags.txt: the command line's flags, one a line."""
    write_whole(Path(output_dir) / FLAGS_FILE, flags)
