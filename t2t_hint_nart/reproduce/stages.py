"""Stages of an experiment: each is done once, and not again when a run is repeated."""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.whole_file import write_whole


class Stages:
    """Run stages in order, skipping those whose result is complete.

    A finished stage leaves stages/<name>.json with its settings, result and duration, which is that
    of its last run if it was interrupted. A stage that was made with other settings is never
    overwritten.

    Args:
        output_dir: of the experiment.
        total: number of stages, for the progress lines.
        stream: where progress goes; stdout by default.
        clock: seconds.
    """

    def __init__(
        self,
        output_dir: str | Path,
        total: int,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._directory = Path(output_dir) / "stages"
        self.total = total
        self._stream = sys.stdout if stream is None else stream
        self._clock = clock
        self._number = 0
        self.seconds: dict[str, float] = {}
        # Of these, the seconds are those of the last of several runs.
        self.interrupted: list[str] = []

    def run(
        self, name: str, settings: dict[str, Any], action: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """Return a stage's result, running it if need be.

        Args:
            name: of the stage.
            settings: everything its result depends on, JSON values.
            action: does the work; returns a JSON result.

        Raises:
            InputError: the stage was finished with other settings.
        """
        self._number += 1
        label = f"[{self._number}/{self.total}] {name}"
        path = self._directory / f"{name}.json"
        settings = json.loads(json.dumps(settings))
        stamp = self._read(path)
        if stamp is not None:
            self._check_same(name, stamp["settings"], settings, self._directory.parent)
            self._note(name, stamp)
            self._say(f"{label}: already done ({stamp['seconds']:.0f} s)")
            return stamp["result"]
        self._say(f"{label} ...")
        begun = path.with_suffix(".begun")
        stamp = {"settings": settings, "interrupted": begun.exists()}
        begun.parent.mkdir(parents=True, exist_ok=True)
        begun.touch()
        started = self._clock()
        stamp["result"] = json.loads(json.dumps(action()))
        stamp["seconds"] = self._clock() - started
        write_whole(path, json.dumps(stamp, indent=1) + "\n")
        begun.unlink()
        self._note(name, stamp)
        self._say(f"{label}: done in {stamp['seconds']:.0f} s")
        return stamp["result"]

    def _note(self, name: str, stamp: dict[str, Any]) -> None:
        self.seconds[name] = stamp["seconds"]
        if stamp["interrupted"]:
            self.interrupted.append(name)

    def take(self, name: str, settings: dict[str, Any], output_dir: str | Path) -> dict[str, Any]:
        """Return the result of a stage that another experiment has finished.

        Args:
            name: of the stage.
            settings: what it must have been made with; its seed may be another.
            output_dir: of the other experiment.

        Returns:
            Its result, and `seed` if it has one.

        Raises:
            InputError: it isn't finished there, or was made with other settings.
        """
        self._number += 1
        stamp = self._read(Path(output_dir) / "stages" / f"{name}.json")
        if stamp is None:
            raise InputError(f"{output_dir} holds no finished stage {name!r}; finish it first.")
        made_with = dict(stamp["settings"])
        seed = {"seed": made_with.pop("seed")} if "seed" in made_with else {}
        wanted = json.loads(json.dumps({k: v for k, v in settings.items() if k != "seed"}))
        self._check_same(name, made_with, wanted, Path(output_dir))
        self._note(name, stamp)
        self._say(f"[{self._number}/{self.total}] {name}: taken from {output_dir}")
        return {**stamp["result"], **seed}

    @staticmethod
    def _check_same(name: str, old: dict[str, Any], new: dict[str, Any], output_dir: Path) -> None:
        different = sorted(key for key in {*old, *new} if old.get(key) != new.get(key))
        if different:
            key = different[0]
            raise InputError(
                f"{output_dir} holds stage {name!r} made with {key}={old.get(key)!r}, "
                f"now it is {new.get(key)!r}; give another --output_dir."
            )

    @staticmethod
    def _read(path: Path) -> dict[str, Any] | None:
        if not path.exists():
            return None
        try:
            stamp = json.loads(path.read_text(encoding="utf-8"))
            return {key: stamp[key] for key in ("settings", "interrupted", "result", "seconds")}
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} is damaged ({error}); delete it to do it again.") from error

    def _say(self, line: str) -> None:
        print(line, file=self._stream, flush=True)
