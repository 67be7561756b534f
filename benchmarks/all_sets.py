"""`t2t-trainer --schedule=test` for every registered set on every problem without a download.

Each set has a process of its own, in which all problems follow each other without graphs being
traced; the smallest set comes first. Networks have the set's sizes; batches are small
(`--hparams=batch_size=64`). What needs no download is found by generating every registered problem
without network, from text files that are written here. One small set of each model also runs
on the problems' `_rev` and `_copy` forms. A set with hints gets an untrained teacher of its sizes,
exported once for each vocabulary. What the report has already is skipped, so the command can be
stopped and given again.

    python benchmarks/all_sets.py --work_dir=/tmp/all_sets --report=reports/all_sets.json
"""

import argparse
import contextlib
import gc
import hashlib
import importlib
import io
import json
import os
import re
import resource
import shutil
import socket
import subprocess
import sys
import time
import traceback
from pathlib import Path
from unittest import mock

CHANGED = "batch_size=64"
FORMS = ("_rev", "_copy")
# basic_1 is what sets start from. Of the others a step without graphs takes more than 20 GiB, since
# a gradient of every weight is kept for every word.
LEFT_OUT = {"basic_1", "gnmt_nmt", "gnmt_wmt", "gnmt_wmt_sgd"}
SETS_OF_ALL_FORMS = ("transformer_test", "transformer_nat_small")
TEACHER_OF = re.compile(r"^transformer_nat_(.*)_hints$")
# Sets with a teacher that aren't named after its set.
TEACHERS = {
    "transformer_nat_fertility_tuned_wmt": "transformer_base",
    "transformer_nat_fertility_tuned_multi30k": "transformer_multi30k",
}
RESULT = "result: "


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work_dir", type=Path, default=Path("/tmp/all_sets"))
    parser.add_argument("--report", type=Path, default=Path("reports/all_sets.json"))
    parser.add_argument("--minutes", type=float, default=600.0, help="stop starting new sets after")
    parser.add_argument("--sets", default="", help="regular expression of set names")
    parser.add_argument("--only_set", default="", help=argparse.SUPPRESS)
    parser.add_argument("--problems", default="", help=argparse.SUPPRESS)
    parser.add_argument("--generate", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.generate:
        generate(arguments.work_dir)
    elif arguments.only_set:
        run_set(arguments.work_dir, arguments.only_set, arguments.problems.split(","))
    else:
        run_all(arguments)


def run_all(arguments):
    """Run what the report lacks, a process for every set."""
    started = time.monotonic()
    (found,) = child(arguments, "--generate")
    report = read_report(arguments.report)
    before = report["wall_seconds"]
    report |= {"problems": found["problems"], "left_out": found["left_out"]}
    for set_name in sets_by_size(arguments.sets):
        done = report["sets"].setdefault(set_name, {})
        missing = [p for p in problems_of(set_name, found) if not done.get(p, {}).get("ok")]
        if not missing or time.monotonic() - started > 60 * arguments.minutes:
            continue
        run = (f"--only_set={set_name}", f"--problems={','.join(missing)}")
        for result in child(arguments, *run):
            problem = result.pop("problem")
            done[problem] = {**result, "commit": commit()}
        for problem in set(missing) - set(done):
            done[problem] = {"ok": False, "error": "the process ended", "commit": commit()}
        print(f"{set_name}: {json.dumps(done)}", flush=True)
        report["wall_seconds"] = round(before + time.monotonic() - started)
        write_report(arguments.report, report)
    results = [result for done in report["sets"].values() for result in done.values()]
    well = sum(result["ok"] for result in results)
    print(f"{well} of {len(results)} runs of {len(report['sets'])} sets ended well.")
    sys.exit(well < len(results))


def child(arguments, *more):
    """Run this file in a process of its own; returns the results that it prints."""
    command = [sys.executable, __file__, f"--work_dir={arguments.work_dir}", *more]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PIP_NO_INDEX": "1"}
    told = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    lines = told.stdout.splitlines()
    from t2t_hint_nart.files.json_file import parse_json

    told = [x.removeprefix(RESULT) for x in lines if x.startswith(RESULT)]
    return [parse_json(line, dict) for line in told]


def tell(result):
    print(RESULT + json.dumps(result), flush=True)


def sets_by_size(pattern):
    """Names of the sets that are a model's, the smallest first."""
    from t2t_hint_nart import registry

    def size(name):
        hparams = registry.hparams(name)
        widths = hparams.get("encoder_widths") or [hparams.get("filter_size", hparams.hidden_size)]
        counts = hparams.get("num_hidden_layers", 0), hparams.get("num_encoder_layers", 0)
        return max(*counts, len(widths)) * hparams.hidden_size * (hparams.hidden_size + max(widths))

    names = [name for name in registry.list_hparams() if re.search(pattern, name)]
    return sorted(set(names) - LEFT_OUT, key=size)


def problems_of(set_name, found):
    forms = ("", *FORMS) if set_name in SETS_OF_ALL_FORMS else ("",)
    return [problem + form for form in forms for problem in found["problems"]]


def generate(work_dir):
    """Generate every problem that needs no download; tells which, and why not the others."""
    from t2t_hint_nart import registry

    text = write_text(work_dir / "text")
    no_network = mock.Mock(side_effect=OSError("no downloads here"))
    generated, left_out = [], {}
    for name in registry.list_problems():
        with (
            mock.patch.object(socket.socket, "connect", no_network),
            mock.patch.object(socket, "getaddrinfo", no_network),
            mock.patch.object(time, "sleep"),  # between attempts
            contextlib.redirect_stdout(io.StringIO()),
        ):
            try:
                registry.problem(name).generate_data(work_dir / "data", text)
                generated.append(name)
            except Exception as error:
                left_out[name] = str(error).partition(" (")[0]
    tell({"problems": generated, "left_out": left_out})


def write_text(directory):
    """What problems on a user's own files read, under their names."""
    directory.mkdir(parents=True, exist_ok=True)
    words = ["a", "ein", "sentence", "Satz", "number", "Nummer", "der", "mit", "the", "with", "."]
    numbers = [str(number) for number in range(400)]
    (directory / "vocab.txt").write_text("\n".join([*words, *numbers, "UNK"]) + "\n")
    for split, count in (("train", 400), ("eval", 40), ("test", 40)):
        inputs = [f"ein Satz mit der Nummer {number} ." for number in numbers[:count]]
        targets = [f"a sentence with the number {number} ." for number in numbers[:count]]
        (directory / f"inputs.{split}.txt").write_text("\n".join(inputs) + "\n")
        (directory / f"targets.{split}.txt").write_text("\n".join(targets) + "\n")
        pairs = [f"{source}\t{target}" for source, target in zip(inputs, targets, strict=True)]
        for name in {split, split.replace("eval", "dev")}:
            (directory / f"{name}.tsv").write_text("\n".join(pairs) + "\n")
    return directory


def run_set(work_dir, set_name, problems):
    """Run a set on some problems; tells of each."""
    import keras
    import tensorflow as tf

    tf.config.run_functions_eagerly(True)
    for problem in problems:
        tell({"problem": problem, **run_one(work_dir, set_name, problem)})
        keras.backend.clear_session()
        gc.collect()
    shutil.rmtree(work_dir / "teachers", ignore_errors=True)


def run_one(work_dir, set_name, problem):
    model = model_of(set_name)
    output_dir = work_dir / "run"
    started = time.monotonic()
    try:
        common = flags(work_dir, model, set_name, problem, output_dir)
        teacher = teacher_of(work_dir, set_name, problem)
        told = run_command("t2t-trainer", [*common, *teacher, "--schedule=test"])
        loss = re.search(r"eval at step 1: loss ([0-9.]+)", told)
        if not (loss and (output_dir / "model.ckpt-1.index").exists()):
            raise RuntimeError("no evaluation, or no checkpoint")
        result = {"ok": True, "loss": float(loss[1])}
    except Exception as error:
        traceback.print_exc()
        result = {"ok": False, "error": " ".join(str(error).split())[:200]}
    # Of a big model these are gigabytes, and only that they could be written matters.
    shutil.rmtree(output_dir, ignore_errors=True)
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    return {**result, "seconds": round(time.monotonic() - started, 1), "peak_gib": round(peak, 1)}


def model_of(set_name):
    """The model that a set is named after, the longest name if there are several."""
    from t2t_hint_nart import registry

    names = [name for name in registry.list_models() if set_name.startswith(f"{name}_")]
    default = "transformer"
    # T2T's sets of recurrent models aren't named after theirs.
    if set_name.startswith("lstm_"):
        default = "lstm_seq2seq_attention" if "attention" in set_name else "lstm_seq2seq"
    return max(names, key=len, default=default)


def teacher_of(work_dir, set_name, problem):
    """Flags naming an untrained teacher of the same sizes and vocabulary, where one is needed."""
    from t2t_hint_nart import registry

    match = TEACHER_OF.match(set_name)
    teacher = TEACHERS.get(set_name) or (match and f"transformer_{match[1]}")
    if teacher is None:
        return []
    vocabulary = (work_dir / "data" / registry.problem(problem).vocab_filename).read_bytes()
    run = work_dir / "teachers" / hashlib.sha256(vocabulary).hexdigest()[:12]
    if not (run / "export").exists():
        common = flags(work_dir, "transformer", teacher, problem, run)
        run_command("t2t-trainer", [*common, "--schedule=test"])
        run_command("t2t-exporter", [*common, f"--export_dir={run / 'export'}"])
    return [f"--teacher_export_dir={run / 'export'}"]


def flags(work_dir, model, set_name, problem, output_dir):
    return [
        f"--model={model}",
        f"--hparams_set={set_name}",
        f"--hparams={CHANGED}",
        f"--problem={problem}",
        f"--data_dir={work_dir / 'data'}",
        f"--output_dir={output_dir}",
    ]


def run_command(name, arguments):
    module = importlib.import_module(f"t2t_hint_nart.bin.{name.replace('-', '_')}")
    out, err = io.StringIO(), io.StringIO()
    with (
        mock.patch.object(sys, "argv", [name, *arguments]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        try:
            module.main()
        except SystemExit as ended:
            if ended.code:
                raise RuntimeError(err.getvalue().strip()) from None
    return out.getvalue()


def commit():
    """The commit of the code, short; "+" after it if files differ."""
    git = ("git", "-C", str(Path(__file__).parent))
    name = subprocess.run([*git, "describe", "--always", "--dirty=+"], capture_output=True)
    return name.stdout.decode().strip()


def read_report(path):
    if path.exists():
        from t2t_hint_nart.files.json_file import read_json

        return read_json(path, dict)
    from t2t_hint_nart.reproduce.report import hardware

    return {
        "command": f"t2t-trainer --schedule=test --hparams={CHANGED}",
        "source": "benchmarks/all_sets.py",
        "functions": "eager",
        "hardware": hardware(),
        "wall_seconds": 0,
        "sets": {},
    }


def write_report(path, report):
    """One line for every set; the file is never half written."""
    sets = [f'  "{name}": {json.dumps(done)}' for name, done in sorted(report["sets"].items())]
    head = [f' "{key}": {json.dumps(value)}' for key, value in report.items() if key != "sets"]
    lines = ["{", *(f"{line}," for line in head), ' "sets": {', ",\n".join(sets), " }", "}"]
    path.parent.mkdir(parents=True, exist_ok=True)
    incomplete = path.with_suffix(".incomplete")
    incomplete.write_text("\n".join(lines) + "\n")
    incomplete.replace(path)


if __name__ == "__main__":
    main()
