"""Two commands that write to one directory: the second is refused before it does anything."""

import fcntl
import json
from pathlib import Path

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files import directory_lock
from tests.bin.conftest import PROBLEM
from tests.commands import refusal
from tests.contracts.test_commands import console_scripts

HOLDER = directory_lock.Holder("there", 7, "/bin/t2t-other --x=y", "2026-01-02T03:04:05+00:00")
TOLD = "is being written by t2t-other (process 7 on there, since 2026-01-02T03:04:05+00:00)"

# Command, flags, the directory that it writes to and the name there, if others may write the rest.
SCHEDULES = ["train", "train_and_evaluate", "continuous_train_and_eval", "train_eval_and_decode"]
WRITERS = {
    **{
        f"t2t-trainer {name}": ("t2t-trainer", {"schedule": name}, "new", "")
        for name in [*SCHEDULES, "test"]
    },
    "t2t-trainer search": ("t2t-trainer", {"hparams_range": "transformer_base_range"}, "new", ""),
    "t2t-trainer data": ("t2t-trainer", {"generate_data": True}, "data", ""),
    "t2t-distill": ("t2t-distill", {"teacher_export_dir": "teacher"}, "data", ""),
    "t2t-datagen": ("t2t-datagen", {}, "data", ""),
    "t2t-datagen task": ("t2t-datagen", {"task_id": 0}, "data", ""),
    "t2t-reproduce": ("t2t-reproduce", {"recipe": "quickstart"}, "new", ""),
    "t2t-translate-all": ("t2t-translate-all", {"source": "text"}, "translations", ""),
    "t2t-avg-all": ("t2t-avg-all", {"output_dir": "avg"}, "avg", ""),
    "t2t-avg-checkpoints": (
        "t2t-avg-checkpoints",
        {"checkpoints": "model.ckpt-20", "output_path": "avg/mean"},
        "avg",
        "mean",
    ),
    "t2t-exporter": ("t2t-exporter", {"export_dir": "export"}, "export", ""),
    "t2t-import-checkpoint": ("t2t-import-checkpoint", {"checkpoint_path": "other"}, "new", ""),
    "t2t-import-checkpoint export": (
        "t2t-import-checkpoint",
        {"checkpoint_path": "other", "export_to": "t2t/model.ckpt-1"},
        "t2t",
        "model.ckpt-1",
    ),
    "t2t-build-vocab": ("t2t-build-vocab", {}, "data", ""),
    "t2t-build-vocab text": (
        "t2t-build-vocab",
        {"corpus_filepattern": "text", "output_filename": "vocabularies/v", "problem": ""},
        "vocabularies",
        "v",
    ),
    "t2t-decoder": (
        "t2t-decoder",
        {"decode_from_file": "text", "decode_to_file": "decodes/out"},
        "decodes",
        "out",
    ),
    "t2t-decoder scores": (
        "t2t-decoder",
        {"score_file": "pairs", "decode_to_file": "decodes/scores"},
        "decodes",
        "scores",
    ),
    "t2t-visualize": (
        "t2t-visualize",
        {"sentence": "der Hund", "visualization_dir": "page"},
        "page",
        "",
    ),
}
# They write nothing, or files that no other process writes.
OTHERS = {"t2t-bleu", "t2t-calibrate", "t2t-eval", "t2t-query-server", "t2t-serve"}


def test_every_command_is_here():
    assert {command for command, *_ in WRITERS.values()} | OTHERS == set(console_scripts())


def flags_of(workshop, command, given):
    from tests.contracts.test_t2t_table import flags_of as defined_by

    run = workshop.runs["transformer"]
    flags = dict(flag.removeprefix("--").split("=", 1) for flag in workshop.flags())
    flags |= {"data_dir": "data", "tmp_dir": "text_dir", "output_dir": "new"}
    flags |= {"model_dir": run, "prefix": f"{run}/"}
    if command in ("t2t-exporter", "t2t-visualize", "t2t-decoder"):
        flags |= {"data_dir": workshop.data_dir, "output_dir": run}
    if command == "t2t-visualize":
        flags["decode_hparams"] = "beam_size=1,extra_length=2"
    known = defined_by(command)
    return {name: value for name, value in {**flags, **given}.items() if name in known}


@pytest.fixture
def here(tmp_path, monkeypatch):
    """Where commands write, with some text to read."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text").write_text("der Hund\n", "utf-8")
    (tmp_path / "pairs").write_text("der Hund\tthe dog\n", "utf-8")
    return tmp_path


@pytest.fixture
def lock(here, request):
    """The lock of a writer's directory, which another process has made."""
    _, _, directory, name = WRITERS[request.param]
    path = Path(directory) / (f".{name}.lock" if name else ".lock")
    path.parent.mkdir()
    path.write_text(json.dumps(vars(HOLDER)))
    return path


CASES = pytest.mark.parametrize(
    ("lock", "writer"), [(name, name) for name in WRITERS], indirect=["lock"], ids=list(WRITERS)
)


@CASES
def test_a_second_writer_is_refused(workshop, here, lock, writer):
    command, given, directory, name = WRITERS[writer]
    before = {path: path.is_dir() or path.read_bytes() for path in here.rglob("*")}
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        message = refusal(command, **flags_of(workshop, command, given))
    assert message == f"{Path(directory) / name} {TOLD}; wait for its end, or write elsewhere."
    assert {path: path.is_dir() or path.read_bytes() for path in here.rglob("*")} == before


@CASES
def test_of_a_killed_one_the_lock_is_taken_over(workshop, lock, writer, monkeypatch):
    command, given, *_ = WRITERS[writer]

    def taken():
        raise InputError("taken")

    monkeypatch.setattr(directory_lock, "_this_process", taken)
    assert refusal(command, **flags_of(workshop, command, given)) == "taken"


@pytest.mark.parametrize("schedule", ["evaluate", "decode"])
def test_reading_beside_a_trainer(workshop, here, schedule):
    """A trainer at work shuts out no reader: what they refuse is that there is nothing yet."""
    run = here / "new"
    run.mkdir()
    with (run / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        message = refusal(
            "t2t-trainer", **flags_of(workshop, "t2t-trainer", {"schedule": schedule})
        )
        assert message.startswith("No checkpoint ")
        message = refusal("t2t-eval", **flags_of(workshop, "t2t-eval", {"eval_timeout_mins": 0}))
        assert "t2t-datagen" in message
        message = refusal("t2t-avg-all", model_dir=run, output_dir=here / "avg")
        assert message.startswith(f"{run} has 0 checkpoints")


def test_tasks_share_a_directory(workshop, here):
    data_dir = here / "data"
    data_dir.mkdir()
    flags = {"problem": PROBLEM, "data_dir": data_dir, "tmp_dir": here / "none", "task_id": 0}
    with (data_dir / ".lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_SH)
        assert "is being written" not in refusal("t2t-datagen", **flags)
        del flags["task_id"]
        assert "is being written by another process" in refusal("t2t-datagen", **flags)
