"""The parts of the benchmark, and their rows: flat, one for an engine of a size in a case."""

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from speed import engines as names
from speed.engines import products, stock, translators
from speed.run import TRAINED
from speed.training_rows import MEMORY_SIZE, memory, training
from speed.translators import size_mib
from speed.turns import ALL, in_turns, running, statistics_of

# Source lengths, EOS among them; with all threads two of them.
LENGTHS, FEW_LENGTHS = (6, 12, 25, 50), (12, 25)
SENTENCES = "sentences"
DECODED_SENTENCES = 20
BATCHES = (1, 8, 32, 128)
THROUGHPUT_LENGTH, THROUGHPUT_ROUNDS = 25, 2
# By size; 32 of the largest.
THROUGHPUT_SENTENCES = {TRAINED: 1000, "base": 32}
FIRST_ROUNDS = 5


def decoding(run, size):
    """Milliseconds of one translation: batch 1, text to text."""
    rows = []
    before, folder = run.export_before(size), run.folder(size)
    for threads in run.threads_measured:
        engines = translators(folder, before) + stock(folder)
        if size != TRAINED:
            engines += products(size, run.vocab_size)
        engines = prepared(run, engines, size)
        run.say(f"decoding {size}, threads: {threads}")
        rows += _decoding(run, engines, size, threads)
    return rows


def prepared(run, engines, size):
    """Those of some engines that are wanted, their exports having been made."""
    wanted = run.wanted(engines)
    keys = ("export_dir", "scorer_dir", "vocabulary_dir")
    run.export(size, [e.given[key] for e in wanted for key in keys if key in e.given])
    return wanted


def _decoding(run, engines, size, threads):
    """Rows of engines on all lengths, or on sentences taken together."""
    cases, rows = _decoding_cases(run, size, threads), []
    with running(engines, lambda group: run.process(group, threads), run.say) as processes:
        measured = in_turns(processes, cases, run.rounds, run.say)
        for engine in engines:
            pooled = {}
            for case in cases:
                times = measured.get((engine.name, case), {"cpu": [], "wall": []})
                place = pooled.setdefault(case.split()[0], {"cpu": [], "wall": []})
                for clock in place:
                    place[clock] += times[clock]
            for case, times in pooled.items():
                if times["cpu"]:
                    row = {"size": size, "engine": engine.name, "threads": threads, "case": case}
                    row |= statistics_of(times) | {"process": engine.group}
                    row |= {"peak_mib": processes[engine.name].peak_mib}
                    rows.append(row | {"disk_mib": size_mib(*engine.folders)})
    return rows


def _decoding_cases(run, size, threads):
    if size == TRAINED:
        found = run.sentences(size, count=1000)
        chosen = found[:: max(1, len(found) // DECODED_SENTENCES)][:DECODED_SENTENCES]
        return {f"{SENTENCES} {i}": {"lines": [line]} for i, line in enumerate(chosen)}
    lengths = FEW_LENGTHS if threads == ALL or run.quick else LENGTHS
    return {
        str(length): {
            "lines": run.sentences(size, length),
            "length": length,
            "longest": length,
        }
        for length in lengths
    }


def throughput(run, size):
    """Sentences a second in batches."""
    rows = []
    folder = run.folder(size)
    engines = [e for e in translators(folder) + stock(folder) if "five" not in e.name]
    engines = prepared(run, engines, size)
    count = 8 if run.quick else THROUGHPUT_SENTENCES.get(size, 128)
    lines = run.sentences(size, THROUGHPUT_LENGTH, count)
    for threads in run.threads_measured:
        run.say(f"throughput {size}, threads: {threads}")
        rows += _throughput(run, engines, lines, size, threads)
    return rows


def _throughput(run, engines, lines, size, threads):
    rows, results = [], {}
    limit = {} if size == TRAINED else {"longest": THROUGHPUT_LENGTH}
    with running(engines, lambda group: run.process(group, threads), run.say) as processes:
        for batch in (batch for batch in BATCHES if batch <= len(lines)):
            cases = {str(batch): {"lines": lines, "batch": batch, **limit}}
            rounds = THROUGHPUT_ROUNDS
            measured = in_turns(processes, cases, rounds, run.say, turn_ms=0)
            for (name, _), times in measured.items():
                results.setdefault(name, times["result"])
                facts = statistics_of(times)
                row = {"size": size, "engine": name, "threads": threads}
                row |= {"batch": batch, "sentences": len(lines)}
                row["per_cpu_second"] = round(1000 * len(lines) / facts["cpu_ms"], 1)
                row["per_second"] = round(1000 * len(lines) / facts["wall_ms"], 1)
                rows.append(row | {"peak_mib": processes[name].peak_mib})
    for row in rows:
        if row["engine"] in (names.LITERT, names.LITERT_INT8) and names.ONE_PASS in results:
            pairs = zip(results[row["engine"]], results[names.ONE_PASS], strict=True)
            row["equal_to_saved_model"] = sum(ours == theirs for ours, theirs in pairs)
    return rows


def first(run, size):
    """Seconds from starting t2t-query-server to its translation of one sentence."""
    engines = prepared(run, translators(run.folder(size)), size)
    places = sorted({Path(engine.given["export_dir"]) for engine in engines})
    (line,) = run.sentences(size, length=12)
    command = str(Path(sys.executable).with_name("t2t-query-server"))
    measured = {path: {"cpu": [], "wall": []} for path in places}
    for number in range(1 + (1 if run.quick else FIRST_ROUNDS)):
        run.say(f"first translation, round {number}")
        for path in places:
            started = time.perf_counter()
            process = subprocess.Popen(
                [command, f"--export_dir={path}", f"--inputs_once={line}"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
            # In the first round files come from the disk.
            if number and not status:
                measured[path]["wall"].append(1000 * (time.perf_counter() - started))
                measured[path]["cpu"].append(1000 * (used.ru_utime + used.ru_stime))
    return [
        {"size": size, "engine": f"{path.parent.name} {path.name}", **statistics_of(times)}
        for path, times in measured.items()
        if times["cpu"]
    ]


class Part(NamedTuple):
    """What is measured of some sizes.

    Attributes:
        rows: from a run and a size to rows.
        sizes: of a run.
    """

    rows: Callable
    sizes: Callable


PARTS = {
    "decoding": Part(decoding, lambda run: run.all_sizes),
    "throughput": Part(throughput, lambda run: run.all_sizes),
    "first": Part(first, lambda run: run.all_sizes[:1]),
    "training": Part(training, lambda run: run.sizes[:1]),
    "memory": Part(memory, lambda run: (MEMORY_SIZE,)),
}
