"""Engines called in turn, round after round, and the statistics of what their calls take."""

import contextlib
import json
import math
import os
import statistics
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from speed.machine import cores
from t2t_hint_nart.process.threads import INTER_OP, INTRA_OP

FOLDER = Path(__file__).resolve().parents[1]
ONE, ALL = "one", "all"
# What libraries read how many threads they have from.
_THREADS = (
    INTRA_OP,
    INTER_OP,
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
)
# An engine's turns in a round: calls for so many milliseconds, but no more than so many a case.
TURN_MS, MOST_CALLS = 100.0, 10


class LeftOutError(Exception):
    """An engine that can't be called, and why."""


class Engine(NamedTuple):
    """What is measured.

    Attributes:
        name: for people.
        make: "module:function" that returns what is called.
        given: its arguments, JSON.
        group: engines of one group are in one process, whose memory is theirs together.
        folders: exports that it reads.
    """

    name: str
    make: str
    given: dict
    group: str
    folders: tuple = ()


class Process:
    """Engines in another process.

    Args:
        engines: of one group.
        log: what they print goes there.
        threads: ONE, or ALL that there are.
        pinned: whether ONE is pinned to a core.
        environment: what else is set.
        python: interpreter.

    Attributes:
        left_out: why engines can't be called, by their names.
        peak_mib: the most memory that was resident.
    """

    def __init__(
        self, engines, *, log, threads=ONE, pinned=True, environment=None, python=sys.executable
    ):
        has_cores = threads == ONE and pinned and hasattr(os, "sched_getaffinity")
        spec = {
            "engines": {engine.name: (engine.make, engine.given) for engine in engines},
            "core": max(os.sched_getaffinity(0)) if has_cores else None,
        }
        paths = [(environment or {}).get("PYTHONPATH"), str(FOLDER), os.environ.get("PYTHONPATH")]
        number = 1 if threads == ONE else cores()
        variables = {**os.environ, **dict.fromkeys(_THREADS, str(number))}
        variables |= {"TF_CPP_MIN_LOG_LEVEL": "3", **(environment or {})}
        variables["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        self.peak_mib = None
        with log.open("ab") as stderr:
            self._process = subprocess.Popen(
                [str(python), "-m", "speed.worker", json.dumps(spec)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                env=variables,
                # Python looks there first: not where there is another version of the package.
                cwd=FOLDER,
            )
        self.left_out = self._answer()["left_out"]

    def ask(self, engine, case, calls=1, warm_up=0):
        """Call an engine by its name; args and result as `speed.worker.answer`.

        Raises:
            LeftOutError: it failed.
        """
        asked = {"engine": engine, "case": case, "calls": calls, "warm_up": warm_up}
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(asked).encode() + b"\n")
            self._process.stdin.flush()
        told = self._answer()
        self.peak_mib = told.get("peak_mib")
        return told

    def __enter__(self):
        return self

    def __exit__(self, *error):
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.stdout.close()
        self._process.wait()

    def _answer(self):
        line = self._process.stdout.readline()
        told = json.loads(line) if line else {"failed": "the process ended"}
        if "failed" in told:
            raise LeftOutError(told["failed"])
        return told


@contextlib.contextmanager
def running(engines, start, say):
    """Processes by the names of their engines; what can't be called is told in one line.

    Args:
        engines: of any groups.
        start: from engines of one group to a Process.
        say: told what is left out.
    """
    with contextlib.ExitStack() as stack:
        processes = {}
        for group in dict.fromkeys(engine.group for engine in engines):
            members = [engine for engine in engines if engine.group == group]
            process = stack.enter_context(start(members))
            for name, reason in process.left_out.items():
                say(f"{name} is left out: {reason}")
            called = (engine.name for engine in members if engine.name not in process.left_out)
            processes |= dict.fromkeys(called, process)
        yield processes


def in_turns(processes, cases, rounds, say, turn_ms=TURN_MS):
    """Call every engine on every case, one after the other, in every round.

    A call that doesn't count comes before the others of a turn: caches are then its own.

    Args:
        processes: by the names of their engines.
        cases: by name.
        rounds: of them.
        say: told how far it is.
        turn_ms: of an engine's calls in a round, about; 0: one call a case, none before it.

    Returns:
        By (engine's name, case's name): cpu and wall, milliseconds of each call, and `result`.
    """
    measured, calls = {}, {}
    for name, case in cases.items():
        for engine, process in processes.items():
            first = process.ask(engine, case)
            second = process.ask(engine, case) if turn_ms else first
            fitting = int(turn_ms / len(cases) / max(second["wall"][0], 0.01))
            calls[engine, name] = min(max(fitting, 1), MOST_CALLS)
            measured[engine, name] = {"cpu": [], "wall": [], "result": first["result"]}
    for number in range(rounds):
        say(f"round {number + 1} of {rounds}: {len(processes)} engines, {len(cases)} cases")
        for name, case in cases.items():
            for engine, process in processes.items():
                told = process.ask(engine, case, calls[engine, name], int(turn_ms > 0))
                for clock in ("cpu", "wall"):
                    measured[engine, name][clock] += told[clock]
    return measured


def statistics_of(times):
    """Median and 95th percentile (nearest rank) of what `in_turns` measured, in milliseconds."""
    facts = {"calls": len(times["cpu"])}
    for clock in ("cpu", "wall"):
        ordered = sorted(times[clock])
        facts[f"{clock}_ms"] = round(statistics.median(ordered), 4)
        facts[f"{clock}_ms_p95"] = round(ordered[math.ceil(0.95 * len(ordered)) - 1], 4)
    return facts
