"""Engines in a process of their own; another process says when they are called, over stdin.

Standard library only: other interpreters, with peers, run it too. An engine is what a function
returns, named as "module:function": a callable that takes a case, any JSON, and returns some.
"""

import contextlib
import gc
import importlib
import json
import os
import sys
import time
from pathlib import Path


def main():
    spec = json.loads(sys.argv[1])
    # What libraries print isn't an answer.
    answers = os.fdopen(os.dup(1), "w", buffering=1)
    os.dup2(2, 1)
    if spec["core"] is not None:
        with contextlib.suppress(AttributeError):
            os.sched_setaffinity(0, {spec["core"]})
    engines, failed = {}, {}
    for name, (make, given) in spec["engines"].items():
        try:
            module, _, function = make.partition(":")
            engines[name] = getattr(importlib.import_module(module), function)(**given)
        except Exception as error:
            failed[name] = f"{type(error).__name__}: {error}"
    answers.write(json.dumps({"left_out": failed}) + "\n")
    for line in sys.stdin:
        asked = json.loads(line)
        try:
            told = answer(engines[asked.pop("engine")], **asked)
        except Exception as error:
            told = {"failed": f"{type(error).__name__}: {error}"}
        answers.write(json.dumps(told) + "\n")


def answer(engine, case, calls, warm_up):
    """Milliseconds of so many calls after some that don't count, and what the last returned."""
    for _ in range(warm_up):
        engine(case)
    cpu, wall, result = [], [], None
    gc.collect()
    gc.disable()
    for _ in range(calls):
        start_cpu, start = time.process_time(), time.perf_counter()
        result = engine(case)
        cpu.append(1000 * (time.process_time() - start_cpu))
        wall.append(1000 * (time.perf_counter() - start))
    gc.enable()
    return {"cpu": cpu, "wall": wall, "result": result, **memory()}


def memory():
    """Resident now and at most, in MiB; nothing where there is no /proc."""
    try:
        text = Path("/proc/self/status").read_text()
    except OSError:
        return {}
    kib = dict(line.split(":", 1) for line in text.splitlines())
    names = {"resident_mib": "VmRSS", "peak_mib": "VmHWM"}
    return {ours: round(int(kib[theirs].split()[0]) / 1024, 1) for ours, theirs in names.items()}


if __name__ == "__main__":
    main()
