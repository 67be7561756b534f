"""The file `checkpoint` of a directory: which checkpoint training goes on from (no TensorFlow).

TensorFlow's text format, so that its tools, and T2T, find the newest checkpoint too.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from t2t_hint_nart.files.whole_file import write_whole

STATE_FILE = "checkpoint"
_LINE = re.compile(r'^(\w+): "?(.*?)"?$', re.MULTILINE)


@dataclass(frozen=True)
class CheckpointState:
    """What `checkpoint` says.

    Attributes:
        newest: the checkpoint's name, perhaps with directories, "" for none.
        kept: those that are there to be removed in time, oldest first, with the seconds since 1970
            at which they were written; not one that an interrupt had saved, which is never old.
        preserved: when one was last kept for good; None if that was never.
    """

    newest: str = ""
    kept: Mapping[str, float] = field(default_factory=dict)
    preserved: float | None = None

    def write(self, directory: str | Path) -> None:
        """Write directory/checkpoint, whole or not at all."""
        lines = [f'model_checkpoint_path: "{self.newest}"']
        lines += [f'all_model_checkpoint_paths: "{name}"' for name in self.kept]
        lines += [f"all_model_checkpoint_timestamps: {time!r}" for time in self.kept.values()]
        if self.preserved is not None:
            lines.append(f"last_preserved_timestamp: {self.preserved!r}")
        write_whole(Path(directory) / STATE_FILE, "\n".join(lines) + "\n")

    def saved(self, name: str, now: float, by_interrupt: bool = False) -> "CheckpointState":
        """Return the state once a checkpoint is written; an interrupt's isn't `kept`."""
        kept = {old: time for old, time in self.kept.items() if old != name}
        return CheckpointState(name, kept if by_interrupt else {**kept, name: now}, self.preserved)

    def swept(
        self, keep_max: int, keep_every_seconds: float, begun: float
    ) -> tuple["CheckpointState", list[str]]:
        """Return the state with the newest `keep_max` only, and the names to be removed.

        Args:
            keep_max: 0 for all.
            keep_every_seconds: one of those that would go stays for good once so much time has
                passed since the last that did, or since training began; 0 for none.
            begun: when that was.
        """
        preserved = begun if self.preserved is None else self.preserved
        going = list(self.kept)[:-keep_max] if keep_max else []
        removed = []
        for name in going:
            if keep_every_seconds and self.kept[name] - keep_every_seconds >= preserved:
                preserved = self.kept[name]
            else:
                removed.append(name)
        kept = {name: time for name, time in self.kept.items() if name not in going}
        return CheckpointState(self.newest, kept, preserved), removed


def read_state(directory: str | Path) -> CheckpointState:
    """Return what directory/checkpoint says; nothing if there is none or it can't be read.

    Names in `kept` are of this directory, wherever it was when they were written.
    """
    path = Path(directory) / STATE_FILE
    if not path.is_file():
        return CheckpointState()
    fields: dict[str, list[str]] = {}
    for name, value in _LINE.findall(path.read_bytes().decode("utf-8", "replace")):
        fields.setdefault(name, []).append(value)
    names = [Path(name).name for name in fields.get("all_model_checkpoint_paths", [])]
    try:
        times = [float(time) for time in fields.get("all_model_checkpoint_timestamps", [])]
        preserved = [float(time) for time in fields.get("last_preserved_timestamp", [])]
    except ValueError:
        return CheckpointState()
    times += [0.0] * (len(names) - len(times))
    return CheckpointState(
        fields.get("model_checkpoint_path", [""])[-1],
        dict(zip(names, times, strict=False)),
        preserved[-1] if preserved else None,
    )


def named_checkpoint(directory: str | Path) -> str | None:
    """Return the path that directory/checkpoint names, in this directory if it is there.

    None if it names none, or one that is gone.
    """
    newest = read_state(directory).newest
    here = Path(directory) / Path(newest).name
    candidates = (str(here), str(Path(directory) / newest)) if newest else ()
    return next((path for path in candidates if Path(f"{path}.index").exists()), None)
