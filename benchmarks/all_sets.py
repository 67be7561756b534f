"""`t2t-trainer --schedule=test` for every registered set on every problem without a download.

One process; what is done is skipped when the command is given again. Every set on one problem, the
smallest first, before the next problem. Student sets with hints get an untrained teacher, exported
once for each set of sizes.

    python benchmarks/all_sets.py --work_dir=/tmp/all_sets --minutes=30
"""

import argparse
import contextlib
import gc
import io
import json
import re
import sys
import time
import traceback
from pathlib import Path
from unittest import mock

# What can be generated without a download; text2text_tmpdir from files that are written here.
PROBLEMS = ("algorithmic_copy_tiny", "algorithmic_reverse_tiny", "text2text_tmpdir")
SUFFIXES = ("", "_rev")
NOT_A_MODEL = ("basic_1",)
TEACHER_OF = re.compile(r"^transformer_nat_(.*)_hints$")


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--work_dir", default="/tmp/all_sets")
    parser.add_argument("--minutes", type=float, default=600.0, help="stop starting new runs after")
    parser.add_argument("--sets", default="", help="regular expression of set names")
    parser.add_argument("--eager", action="store_true", help="without tracing graphs")
    arguments = parser.parse_args()
    work_dir = Path(arguments.work_dir)
    generate(work_dir)
    if arguments.eager:
        import tensorflow as tf

        tf.config.run_functions_eagerly(True)
    deadline = time.monotonic() + 60 * arguments.minutes
    results = read_results(work_dir)
    for problem in [name + suffix for suffix in SUFFIXES for name in PROBLEMS]:
        for set_name in sets_by_size(arguments.sets):
            key = f"{set_name} {problem}"
            if results.get(key, {}).get("ok") or time.monotonic() > deadline:
                continue
            results[key] = run_one(work_dir, set_name, problem)
            print(f"{key}: {results[key]}", flush=True)
            write_results(work_dir, results)
    print(table(results))
    if any(not result["ok"] for result in results.values()):
        sys.exit(1)


def generate(work_dir):
    from t2t_hint_nart import registry

    text = work_dir / "text"
    text.mkdir(parents=True, exist_ok=True)
    for split, count in (("train", 400), ("eval", 40), ("test", 40)):
        lines = [f"ein Satz mit der Nummer {number} ." for number in range(count)]
        (text / f"inputs.{split}.txt").write_text("\n".join(lines) + "\n")
        lines = [f"a sentence with the number {number} ." for number in range(count)]
        (text / f"targets.{split}.txt").write_text("\n".join(lines) + "\n")
    for name in PROBLEMS:
        registry.problem(name).generate_data(work_dir / "data", text)


def sets_by_size(pattern):
    from t2t_hint_nart import registry

    def size(name):
        hparams = registry.hparams(name)
        layers = max(hparams.num_hidden_layers, hparams.get("num_encoder_layers", 0))
        return layers * hparams.hidden_size * (hparams.hidden_size + hparams.filter_size)

    names = [n for n in registry.list_hparams() if n not in NOT_A_MODEL and re.search(pattern, n)]
    return sorted(names, key=size)


def run_command(name, arguments):
    import importlib

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


def flags(work_dir, model, set_name, problem, output_dir):
    return [
        f"--model={model}",
        f"--hparams_set={set_name}",
        f"--problem={problem}",
        f"--data_dir={work_dir / 'data'}",
        f"--output_dir={output_dir}",
    ]


def teacher_of(work_dir, set_name, problem):
    """An untrained teacher of the same sizes, exported."""
    match = TEACHER_OF.match(set_name)
    if match is None:
        return []
    teacher_set = f"transformer_{match[1]}"
    run = work_dir / "teachers" / f"{teacher_set}.{problem}"
    export = run / "export"
    if not export.exists():
        common = flags(work_dir, "transformer", teacher_set, problem, run)
        run_command("t2t-trainer", [*common, "--schedule=test"])
        run_command("t2t-exporter", [*common, f"--export_dir={export}"])
    return [f"--teacher_export_dir={export}"]


def run_one(work_dir, set_name, problem):
    import keras

    model = "transformer_nat" if "_nat_" in set_name else "transformer"
    run = work_dir / "runs" / f"{set_name}.{problem}"
    started = time.monotonic()
    try:
        teacher = teacher_of(work_dir, set_name, problem)
        told = run_command(
            "t2t-trainer",
            [*flags(work_dir, model, set_name, problem, run), *teacher, "--schedule=test"],
        )
        loss = re.search(r"eval at step 1: loss ([0-9.]+)", told)
        result = {"ok": loss is not None, "loss": float(loss[1]) if loss else None}
    except Exception as error:
        traceback.print_exc()
        result = {"ok": False, "error": " ".join(str(error).split())[:200]}
    # Checkpoints of big models are gigabytes, and only that they could be written matters.
    for path in run.rglob("model.ckpt-*"):
        path.unlink()
    keras.backend.clear_session()
    gc.collect()
    return {**result, "seconds": round(time.monotonic() - started, 1)}


def read_results(work_dir):
    path = work_dir / "results.json"
    return json.loads(path.read_text()) if path.exists() else {}


def write_results(work_dir, results):
    (work_dir / "results.json").write_text(json.dumps(results, indent=1) + "\n")


def table(results):
    problems = [name + suffix for name in PROBLEMS for suffix in SUFFIXES]
    lines = ["| set | " + " | ".join(problems) + " |", "|---" * (len(problems) + 1) + "|"]
    for set_name in dict.fromkeys(key.split()[0] for key in results):
        cells = []
        for problem in problems:
            result = results.get(f"{set_name} {problem}")
            if result is None:
                cells.append("")
            elif result["ok"]:
                cells.append(f"{result['loss']:.2f}, {result['seconds']:.0f} s")
            else:
                cells.append(f"FAILED: {result.get('error', 'no evaluation')}")
        lines.append(f"| {set_name} | " + " | ".join(cells) + " |")
    done = sum(result["ok"] for result in results.values())
    return "\n".join([*lines, "", f"{done} of {len(results)} runs ended well."])


if __name__ == "__main__":
    main()
