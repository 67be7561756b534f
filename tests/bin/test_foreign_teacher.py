"""A teacher of another vocabulary, by every command that lets it rank a student's candidates."""

import pytest

from tests.bin.conftest import FOREIGN, MODELS, PAIRS, PROBLEM
from tests.commands import run_command, succeed

CANDIDATES = "length_halfwidth=1"


@pytest.fixture
def commands(workshop, tmp_path):
    """Flags by command: all that is needed but for the teacher."""
    source = tmp_path / "in"
    source.write_text("".join(f"{line}\n" for line, _ in PAIRS["eval"]), "utf-8")
    student = {
        "problem": PROBLEM,
        "data_dir": workshop.data_dir,
        "model": "transformer_nat",
        "hparams_set": MODELS["transformer_nat"],
        "output_dir": workshop.runs["transformer_nat"],
        "decode_hparams": CANDIDATES,
    }
    trainer = {**student, "decode_to_file": tmp_path / "out"}
    followed = {**student, "model_dir": student["output_dir"], "source": source}
    del followed["output_dir"]
    return {
        "file": ("t2t-decoder", {**trainer, "decode_from_file": source}),
        "data set": ("t2t-decoder", trainer),
        "typed": ("t2t-decoder", {**student, "decode_interactive": True}),
        "checkpoints": ("t2t-translate-all", {**followed, "translations_dir": tmp_path / "out"}),
        "schedule": ("t2t-trainer", {**trainer, "schedule": "decode"}),
    }


@pytest.mark.parametrize("job", ["file", "data set", "typed", "checkpoints", "schedule"])
def test_it_is_refused(commands, foreign_teacher, tmp_path, job):
    command, flags = commands[job]
    ended = run_command(command, **flags, teacher_export_dir=foreign_teacher)
    assert ended.status == 1
    line = ended.err.splitlines()[-1]
    assert line.startswith(
        f"{command}: error: {foreign_teacher} doesn't fit {PROBLEM}: its vocabulary of inputs has "
        f"fingerprint {FOREIGN}, that of {PROBLEM} "
    )
    assert not list(tmp_path.glob("out*"))


def test_a_fitting_one_ranks(commands, teacher_export, tmp_path):
    command, flags = commands["file"]
    succeed(command, **flags, teacher_export_dir=teacher_export)
    assert len((tmp_path / "out").read_text("utf-8").splitlines()) == len(PAIRS["eval"])


def test_it_is_not_asked_when_there_is_one_candidate(commands, foreign_teacher):
    command, flags = commands["file"]
    succeed(command, **{**flags, "decode_hparams": ""}, teacher_export_dir=foreign_teacher)
