"""t2t-datagen on a corpus of millions of made-up sentence pairs: memory, time, and being killed.

Writes the corpus, runs t2t-datagen on it (text2text_tmpdir), then once more into another folder,
killed (SIGKILL, all its processes) when half of the training pairs are encoded and again when a few
shards are finished, and run to its end. Prints a JSON; exits with status 1 if the two runs differ
in any byte or the resident memory of all processes together goes over the limit.

  python benchmarks/datagen_scale.py --folder=/tmp/datagen_scale --pairs=4500000 \
      --report=reports/datagen_scale.json

The corpus: 120,000 words of each side drawn from a Zipf distribution, 4 to 50 words a sentence, 23
on average; the development set holds a hundred pairs of the training set.
"""

import argparse
import hashlib
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np

from t2t_hint_nart.files.json_file import read_json
from t2t_hint_nart.process.proc_file import CPU_INFO, proc_values

PROBLEM = "text2text_tmpdir"
WORDS, CHUNK = 120_000, 50_000
SYLLABLES = [a + b for a in "bdfgklmnprstvz" for b in ("a", "e", "i", "o", "u", "er", "an", "ü")]
LIMIT_GIB = 4.0


def made_up_words(rng):
    words = {}
    while len(words) < WORDS:
        for syllables in rng.integers(len(SYLLABLES), size=(WORDS, 5)).tolist():
            count = 1 + syllables[0] % 5
            words["".join(SYLLABLES[syllable] for syllable in syllables[:count])] = None
    return sorted(list(words)[:WORDS], key=len)


def sentences(rng, words, cumulative, lengths):
    drawn = np.searchsorted(cumulative, rng.random(int(lengths.sum())))
    texts = [words[place] for place in drawn.tolist()]
    ends = np.cumsum(lengths).tolist()
    starts = [0, *ends[:-1]]
    return [" ".join(texts[a:b]) + " ." for a, b in zip(starts, ends, strict=True)]


def write_corpus(folder, pairs):
    rng = np.random.default_rng(17)
    sides = {side: made_up_words(rng) for side in ("inputs", "targets")}
    weights = 1 / (np.arange(WORDS) + 2.7)
    cumulative = np.cumsum(weights / weights.sum())
    folder.mkdir(parents=True)
    held_out = {}
    files = {side: (folder / f"{side}.train.txt").open("w") for side in sides}
    for first in range(0, pairs, CHUNK):
        lengths = np.clip(rng.normal(22, 9, min(CHUNK, pairs - first)), 3, 49).astype(int)
        for side, words in sides.items():
            near = np.clip(lengths + rng.integers(-2, 3, len(lengths)), 3, 49)
            lines = sentences(rng, words, cumulative, near)
            held_out.setdefault(side, lines[:100])
            files[side].write("\n".join(lines) + "\n")
    for side, file in files.items():
        file.close()
        lines = sentences(rng, sides[side], cumulative, np.full(1900, 20))
        (folder / f"{side}.eval.txt").write_text("\n".join(held_out[side] + lines) + "\n")


def resident_bytes(group):
    """Sum over the processes of a group; pages they share are counted for each."""
    total = 0
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except OSError:
            continue
        if int(fields[2]) == group:
            total += int(fields[21]) * os.sysconf("SC_PAGE_SIZE")
    return total


def run(command, log, should_kill=None):
    """Return (seconds, most bytes resident, whether it was killed)."""
    started, most = time.monotonic(), 0
    with log.open("ab") as out:
        process = subprocess.Popen(command, stdout=out, stderr=out, start_new_session=True)
    while process.poll() is None:
        most = max(most, resident_bytes(process.pid))
        if should_kill and should_kill():
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            return time.monotonic() - started, most, True
        time.sleep(0.2)
    if process.returncode:
        sys.exit(f"{' '.join(command)} failed; see {log}")
    return time.monotonic() - started, most, False


def bytes_of(folder, pattern):
    return sum(path.stat().st_size for path in folder.glob(pattern) if path.exists())


def digests(folder):
    found = {}
    for path in sorted([*folder.glob(f"{PROBLEM}-*-of-*"), *folder.glob("vocab.*")]):
        with path.open("rb") as file:
            found[path.name] = hashlib.file_digest(file, "sha256").hexdigest()
    return found


def measured(kind, result):
    seconds, most, _ = result
    return {"run": kind, "seconds": round(seconds), "resident_gib": round(most / 2**30, 2)}


def hardware():
    names = proc_values(CPU_INFO, "model name")
    memory = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return f"{len(names)} x {names[0] if names else platform.machine()}, {memory:.0f} GiB"


def benchmark(folder, pairs, processes):
    text, whole, killed = folder / "text", folder / "whole", folder / "killed"
    started = time.monotonic()
    write_corpus(text, pairs)
    corpus_seconds = time.monotonic() - started

    def command(data_dir):
        program = [str(Path(sys.executable).with_name("t2t-datagen"))]
        flags = [f"--problem={PROBLEM}", f"--tmp_dir={text}", f"--data_dir={data_dir}"]
        return [*program, *flags, f"--num_concurrent_processes={processes}"]

    log = folder / "datagen.log"
    runs = [measured("whole", run(command(whole), log))]
    half = bytes_of(whole, f"{PROBLEM}-train-*") / 2

    def half_encoded():
        return bytes_of(killed, f"{PROBLEM}-unshuffled-train-*") > half

    def some_finished():
        return len(list(killed.glob(f"{PROBLEM}-train-*-of-*[0-9]"))) > 2

    kills = {"killed when half is encoded": half_encoded, "killed at a shard": some_finished}
    for kind, should_kill in kills.items():
        result = run(command(killed), log, should_kill)
        if not result[2]:
            sys.exit(f"{kind}: it ended before; see {log}")
        runs.append(measured(kind, result))
    runs.append(measured("gone on to the end", run(command(killed), log)))
    expected, found = digests(whole), digests(killed)
    report = read_json(whole / f"{PROBLEM}-data.json", dict)
    return {
        "pairs": pairs,
        "corpus_bytes": bytes_of(text, "*"),
        "corpus_seconds": round(corpus_seconds),
        "processes": processes,
        "niceness": os.nice(0),
        "hardware": hardware(),
        "load_average": os.getloadavg()[2],
        "runs": runs,
        "most_resident_gib": max(result["resident_gib"] for result in runs),
        "shards": len(expected) - 1,
        "same_bytes": expected == found,
        "sha256_of_all": hashlib.sha256(json.dumps(expected).encode()).hexdigest(),
        "data_report": report,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", type=Path, required=True, help="made, and removed at the end")
    parser.add_argument("--pairs", type=int, default=4_500_000)
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--report", type=Path, help="also write the JSON there")
    given = parser.parse_args()
    result = {"command": " ".join(["python", *sys.argv])}
    result |= benchmark(given.folder, given.pairs, given.processes)
    text = json.dumps(result, indent=2) + "\n"
    print(text, end="")
    if given.report:
        given.report.write_text(text)
    shutil.rmtree(given.folder)
    sys.exit(not result["same_bytes"] or result["most_resident_gib"] >= LIMIT_GIB)


if __name__ == "__main__":
    main()
