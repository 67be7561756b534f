"""How fast everything is, in one run: decoding, throughput, the first translation, training.

Every engine is a process of its own, called in turn with the others in every round, so that a slow
spell of the machine falls on all. One thread: pinned to one core, CPU time counts; all: wall time.
Weights are random, of every size, with sources and translations of exactly so many subwords (an end
of sentence is never likely, and limits are the source's length), so that all do the same work; and
those of a finished t2t-reproduce, with its test sentences:

  python benchmarks/speed.py --run_dir=runs/quickstart --output_dir=reports/speed
  python benchmarks/speed.py --output_dir=/tmp/speed --only=training --peer_python=peers/bin/python
  python benchmarks/speed.py --output_dir=/tmp/speed --quick

Written are speed.json, after every part of every size, table.md and charts; what speed.json has of
this commit isn't measured again, unless --only names the part. Peers in training are PyTorch
(pip install "t2t-hint-nart[benchmark]") and JoeyNMT, whose requirements collide with TensorFlow's:
in an environment of their own (python -m venv peers; peers/bin/pip install torch joeynmt), named by
--peer_python. What isn't installed is left out.
"""

import argparse
import json
import shutil
import sys
import tempfile
from pathlib import Path

from speed.machine import about, compared_clock
from speed.parts import PARTS
from speed.ratios import table
from speed.run import Run
from speed.turns import LeftOutError

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.json_file import read_json
from t2t_hint_nart.files.whole_file import write_whole


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--output_dir", type=Path, required=True, help="of speed.json")
    parser.add_argument("--run_dir", type=Path, help="output_dir of a finished t2t-reproduce")
    parser.add_argument("--student", default="student_align_hid", help="system in --run_dir")
    parser.add_argument("--sizes", default="small,iwslt,base", help="with random weights")
    parser.add_argument("--only", default="", help=f"of {', '.join(PARTS)}, with commas")
    parser.add_argument("--engines", default="", help="pattern of the names of those to measure")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument(
        "--before", default="", help="commit whose SavedModel of one pass is timed too"
    )
    parser.add_argument("--peer_python", default=sys.executable, help="interpreter with peers")
    parser.add_argument("--work_dir", type=Path, help="of exports; removed at the end by default")
    parser.add_argument("--quick", action="store_true", help="a tiny model: does it all work?")
    arguments = parser.parse_args()
    unknown = sorted({*arguments.only.split(",")} - {"", *PARTS})
    if unknown:
        parser.error(f"--only={unknown[0]}: there are {', '.join(PARTS)}")
    if not shutil.which(arguments.peer_python):
        parser.error(f"--peer_python={arguments.peer_python}: there is no such program")
    try:
        with tempfile.TemporaryDirectory(prefix="speed_") as made:
            measure(arguments, arguments.work_dir or Path(made))
    except (InputError, LeftOutError) as error:
        parser.exit(1, f"error: {error}\n")


def measure(arguments, work_dir):
    """Measure the parts that are wanted, and write what there is after each."""
    output_dir = arguments.output_dir
    output_dir.mkdir(parents=True, exist_ok=True)
    work_dir.mkdir(parents=True, exist_ok=True)
    path = output_dir / "speed.json"
    run = Run.of(arguments, work_dir)
    facts = about(run)
    report = {"about": facts, "parts": {}}
    if path.exists():
        stored = read_json(path, dict)
        if stored["about"]["commit"] == facts["commit"]:
            report["parts"] = stored["parts"]
        else:
            raise InputError(
                f"{path} is of commit {stored['about']['commit']}, not {facts['commit']}: "
                "give another --output_dir."
            )
    again = [name for name in arguments.only.split(",") if name]
    for name in again or PARTS:
        part = report["parts"].setdefault(name, {"command": run.command, "rows": []})
        for size in PARTS[name].sizes(run):
            others = [row for row in part["rows"] if row["size"] != size]
            if again or len(others) == len(part["rows"]):
                run.say(f"== {name}, {size}")
                part["rows"] = others + PARTS[name].rows(run, size)
                write_whole(path, json.dumps(report, indent=1) + "\n")
    clock = compared_clock(facts)
    text = table(report, clock)
    write_whole(output_dir / "table.md", text)
    print(text, end="")
    from speed.charts import draw

    draw(report, output_dir, clock)


if __name__ == "__main__":
    main()
