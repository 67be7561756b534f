"""Stages of an experiment: each is done once, and not again when a run is repeated."""

import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TextIO, TypedDict

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.json_file import as_stored, read_json
from t2t_hint_nart.files.whole_file import write_whole

Result = dict[str, Any]
Keep = Callable[[Result], None]

# Settings whose order doesn't matter.
_SETS = ("systems",)
# Which systems are drawn follows from those there are.
_FOLLOWING = ("drawn",)
_ADVICE = "give another --output_dir."


class _Stamp(TypedDict):
    """What a finished stage leaves."""

    settings: dict[str, Any]
    interrupted: bool
    result: Result
    seconds: float


_NOTHING = _Stamp(settings={}, interrupted=False, result={}, seconds=0.0)


class Stages:
    """Run stages in order, skipping those whose result is complete.

    A finished stage leaves stages/<name>.json with its settings, result and duration, without what
    was lost where it was interrupted. One of other settings is never overwritten. An unfinished one
    leaves <name>.begun, with its settings and what of its result it has kept.

    Args:
        output_dir: of the experiment.
        total: number of stages, for the progress lines.
        stream: where progress goes; stdout by default.
        clock: seconds.

    Raises:
        InputError: what a finished stage left is damaged.
    """

    def __init__(
        self,
        output_dir: str | Path,
        total: int,
        stream: TextIO | None = None,
        clock: Callable[[], float] = time.monotonic,
    ):
        self._output_dir = Path(output_dir)
        self._total = total
        self._stream = stream
        self._clock = clock
        self._number = 0
        self.seconds: dict[str, float] = {}
        # Of these, the seconds are without those of work that was lost.
        self.interrupted: list[str] = []
        # Before anything is done: a damaged one would be found after hours.
        for path in sorted((self._output_dir / "stages").glob("*.json")):
            _read(path)
        for path in sorted((self._output_dir / "stages").glob("*.begun")):
            _kept(path)

    def run(self, name: str, settings: dict[str, Any], action: Callable[[], Result]) -> Result:
        """Return a stage's result, a JSON object, running it if need be.

        Args:
            name: of the stage.
            settings: all that it depends on.
            action: what it does.

        Raises:
            InputError: it was begun or finished with other settings.
        """
        return self._run(name, settings, lambda done, keep: action(), grows=False)

    def grow(
        self, name: str, settings: dict[str, Any], action: Callable[[Result, Keep], Result]
    ) -> Result:
        """Return a stage's result, running it also where it was done with part of the settings.

        Args:
            name: of the stage.
            settings: all that it depends on.
            action: what it does, given what it had told of the part, {} if nothing was done, and
                what it may call with results so far, from which it goes on if it is interrupted,
                with more settings, too.

        Raises:
            InputError: it was finished with other settings.
        """
        return self._run(name, settings, action, grows=True)

    def _run(
        self,
        name: str,
        settings: dict[str, Any],
        action: Callable[[Result, Keep], Result],
        grows: bool,
    ) -> Result:
        label = self._next(name)
        path = self._output_dir / "stages" / f"{name}.json"
        settings = as_stored(settings)
        stamp = _read(path)
        grown = grows and stamp and stamp["settings"] != settings
        if stamp and not (grown and _is_within(stamp["settings"], settings)):
            _check_same(name, stamp["settings"], settings, self._output_dir)
            return self._finish(name, stamp, f"{label}: already done ({stamp['seconds']:.0f} s)")
        begun = path.with_suffix(".begun")
        part, kept = stamp or _NOTHING, _kept(begun)
        if kept and not grows:
            # What it has made, such as a run's checkpoints, would pass for made with these.
            advice = f"go on with that, delete {begun} and what the stage has made, or {_ADVICE}"
            _check_same(name, kept["settings"], settings, self._output_dir, advice, "begun")
        self._say(f"{label} ...")
        interrupted = begun.exists() or part["interrupted"]
        # What was kept on the way to a stamp that is there is in it.
        on_the_way = stamp and kept and kept["settings"] == stamp["settings"]
        if kept and not on_the_way and _is_within(kept["settings"], settings):
            part = kept
        begun.parent.mkdir(parents=True, exist_ok=True)
        _write(begun, _Stamp(**{**part, "settings": settings, "interrupted": interrupted}))
        started = self._clock()

        def stamped(result: Result) -> _Stamp:
            seconds = part["seconds"] + self._clock() - started
            result = as_stored(result)
            return _Stamp(
                settings=settings, interrupted=interrupted, result=result, seconds=seconds
            )

        stamp = stamped(action(part["result"], lambda result: _write(begun, stamped(result))))
        _write(path, stamp)
        begun.unlink()
        return self._finish(name, stamp, f"{label}: done in {stamp['seconds']:.0f} s")

    def take(self, name: str, settings: dict[str, Any], output_dir: str | Path) -> dict[str, Any]:
        """Return the result of a stage that another experiment has finished, and its `seed`.

        Raises:
            InputError: it isn't finished there, or was made with other settings but for the seed.
        """
        label = self._next(name)
        stamp = _read(Path(output_dir) / "stages" / f"{name}.json")
        if stamp is None:
            raise InputError(f"{output_dir} holds no finished stage {name!r}; finish it first.")
        seed = {key: value for key, value in stamp["settings"].items() if key == "seed"}
        settings = {**as_stored(settings), **seed}
        _check_same(name, stamp["settings"], settings, output_dir, "give another --teacher_from.")
        return {**self._finish(name, stamp, f"{label}: taken from {output_dir}"), **seed}

    def same(self, name: str, settings: dict[str, Any]) -> None:
        """Note what all that follows is made with; it isn't counted as a stage.

        Raises:
            InputError: it was made with something else before.
        """
        path = self._output_dir / "stages" / f"{name}.json"
        settings, stamp = as_stored(settings), _read(path)
        if stamp:
            _check_same(name, stamp["settings"], settings, self._output_dir)
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            _write(path, _Stamp(**{**_NOTHING, "settings": settings}))

    def _next(self, name: str) -> str:
        self._number += 1
        return f"[{self._number}/{self._total}] {name}"

    def _finish(self, name: str, stamp: _Stamp, line: str) -> dict[str, Any]:
        self.seconds[name] = stamp["seconds"]
        if stamp["interrupted"]:
            self.interrupted.append(name)
        self._say(line)
        return stamp["result"]

    def _say(self, line: str) -> None:
        print(line, file=self._stream, flush=True)


def _check_same(
    name: str,
    old: dict[str, Any],
    new: dict[str, Any],
    output_dir: str | Path,
    advice: str = _ADVICE,
    how: str = "made",
) -> None:
    """Refuse other settings than those that a stage was made, or only begun, with."""
    for key, made_with, now in _differences(old, new):
        raise InputError(
            f"{output_dir} holds stage {name!r} {how} with {key}={made_with!r}, now it is {now!r}; "
            f"{advice}"
        )


def _is_within(old: dict[str, Any], new: dict[str, Any]) -> bool:
    """Whether all of the old settings are among the new.

    `_SETS` may be larger, `_FOLLOWING` others.
    """

    def is_kept(name: str, value: Any) -> bool:
        now = new.get(name)
        if name in _FOLLOWING:
            return True
        if name in _SETS and isinstance(value, list) and isinstance(now, list):
            return all(item in now for item in value)
        return name in new and value == now

    return all(is_kept(name, value) for name, value in old.items())


def _differences(
    old: dict[str, Any], new: dict[str, Any], within: str = ""
) -> Iterator[tuple[str, Any, Any]]:
    """The names whose values differ, those of nested values with dots between, and both values."""
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if isinstance(before, dict) and isinstance(after, dict):
            yield from _differences(before, after, f"{within}{key}.")
        elif before != after:
            yield f"{within}{key}", before, after


def _write(path: Path, stamp: _Stamp) -> None:
    write_whole(path, json.dumps(stamp, indent=1) + "\n")


def _read(path: Path) -> _Stamp | None:
    if not path.exists():
        return None
    return read_json(path, _Stamp, "Delete it to do it again.")


def _kept(begun: Path) -> _Stamp | None:
    """What an unfinished stage left; of earlier versions that may be nothing but its name."""
    return _read(begun) if begun.exists() and begun.stat().st_size else None
