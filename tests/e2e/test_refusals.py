"""Bad input to commands that have data, a teacher and a student: one line, and nothing changed."""

import json
import shutil
from pathlib import Path

import pytest

from tests.commands import refusal
from tests.e2e.conftest import PROBLEM, STUDENT, STUDENT_SET


def contents(directory):
    """Every file below a directory with its bytes."""
    return {path: path.read_bytes() for path in Path(directory).rglob("*") if path.is_file()}


@pytest.fixture
def refuses(tmp_path):
    """Run a command that must refuse its input and leave all below tmp_path as it was."""

    def run(name, *arguments, **flags):
        before = contents(tmp_path)
        message = refusal(name, *arguments, **flags)
        assert contents(tmp_path) == before
        return message

    return run


def student_flags(experiment, output_dir, **changes):
    return {
        "problem": f"{PROBLEM}_distill",
        "data_dir": experiment.data_dir,
        "model": "transformer_nat",
        "hparams_set": STUDENT_SET,
        "hparams": "length_bias=0",
        "teacher_export_dir": experiment.export_dir("teacher"),
        "output_dir": output_dir,
        "train_steps": 1,
        **changes,
    }


@pytest.fixture
def data_dir(experiment, tmp_path):
    return shutil.copytree(experiment.data_dir, tmp_path / "data")


@pytest.fixture
def old_data_dir(data_dir):
    """Distilled data of an earlier version, which don't know their vocabulary."""
    (path,) = data_dir.glob("*-provenance.json")
    known = json.loads(path.read_text())
    path.write_text(json.dumps({name: known[name] for name in known if name != "vocabulary"}))
    return data_dir


def vocabulary(directory):
    (path,) = Path(directory).glob("vocab.*s")
    return path


@pytest.mark.parametrize(
    ("hparams", "words"),
    [
        (
            "length_bias=0,num_decoder_layers=2",
            "its hidden has 1 layers, the student's 2.",
        ),
        ("length_bias=0,num_heads=2", "its attention has 4 heads, the student's 2."),
    ],
)
def test_a_teacher_of_other_sizes(experiment, tmp_path, refuses, hparams, words):
    flags = student_flags(experiment, tmp_path / "run", hparams=hparams)
    teacher = experiment.saved_model("teacher")
    expected = f"The teacher {teacher} doesn't fit the student: {words}"
    assert refuses("t2t-trainer", **flags) == expected
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("command", ["t2t-trainer", "t2t-calibrate", "t2t-distill"])
def test_a_teacher_of_another_vocabulary(experiment, tmp_path, refuses, old_data_dir, command):
    """As many subtokens, in another order."""
    *first, last, end = vocabulary(old_data_dir).read_text().split("\n")
    vocabulary(old_data_dir).write_text("\n".join([*first[:2], last, *first[2:], end]))
    flags = student_flags(experiment, tmp_path / "run", data_dir=old_data_dir)
    if command != "t2t-trainer":
        del flags["output_dir"], flags["train_steps"]
    if command == "t2t-distill":
        flags = {name: flags[name] for name in ("problem", "data_dir", "teacher_export_dir")}
    message = refuses(command, **flags)
    problem = PROBLEM if command == "t2t-distill" else f"{PROBLEM}_distill"
    assert message.startswith(
        f"{experiment.saved_model('teacher')} doesn't fit {problem}: its vocabulary of inputs has "
        "fingerprint "
    )


def test_a_teacher_of_a_smaller_vocabulary(experiment, tmp_path, refuses, old_data_dir):
    lines = vocabulary(old_data_dir).read_text().splitlines()
    vocabulary(old_data_dir).write_text("\n".join([*lines, "'new_'"]) + "\n")
    message = refuses(
        "t2t-trainer", **student_flags(experiment, tmp_path / "run", data_dir=old_data_dir)
    )
    size = len(lines)
    theirs, ours = f"its vocabulary of inputs has size {size}", f"_distill {size + 1}. Use "
    assert theirs in message and ours in message


def test_a_student_ranks_no_candidates(experiment, tmp_path, refuses):
    flags = decoder_flags(experiment, tmp_path, decode_hparams="length_halfwidth=1")
    message = refuses("t2t-decoder", **flags, teacher_export_dir=experiment.export_dir(STUDENT))
    assert message == (
        f"{experiment.saved_model(STUDENT)}, a 'transformer_nat', gives no probability of whole "
        "sentences: it has translates, gives_hints."
    )


def test_hints_without_a_teacher(experiment, tmp_path, refuses):
    flags = student_flags(experiment, tmp_path / "run", teacher_export_dir="")
    assert refuses("t2t-trainer", **flags) == (
        "hint_hidden_weight or hint_align_weight isn't 0, but there is no teacher: give its export "
        "with --teacher_export_dir."
    )


def test_a_schedule_longer_than_training(experiment, tmp_path, refuses):
    hparams = "length_bias=0,learning_rate_schedule=single_cycle_cos_decay"
    flags = student_flags(experiment, tmp_path / "run", hparams=hparams)
    assert "needs train_steps > learning_rate_warmup_steps" in refuses("t2t-trainer", **flags)


def decoder_flags(experiment, tmp_path, system=STUDENT, **changes):
    (tmp_path / "in.txt").write_text("1 2 3\n")
    return {
        **experiment.flags(system),
        "decode_from_file": tmp_path / "in.txt",
        "decode_to_file": tmp_path / "out.txt",
        **changes,
    }


def test_candidates_without_a_teacher(experiment, tmp_path, refuses):
    flags = decoder_flags(experiment, tmp_path, decode_hparams="length_halfwidth=4")
    message = refuses("t2t-decoder", **flags)
    assert "9 candidates a sentence, which a teacher must rank" in message
    assert "--teacher_export_dir" in message


def cut(path):
    """Leave the first half of a file."""
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])


def remove(path):
    path.unlink()


@pytest.fixture
def checkpoint(experiment, tmp_path):
    """A copy of the student's averaged checkpoint."""
    source = Path(experiment.checkpoint(STUDENT))
    (tmp_path / "avg").mkdir()
    for path in source.parent.glob(f"{source.name}.*"):
        shutil.copy2(path, tmp_path / "avg")
    return tmp_path / "avg" / source.name


@pytest.mark.parametrize("damage", [cut, remove])
@pytest.mark.parametrize("suffix", [".data-00000-of-00001", ".index"])
def test_a_damaged_checkpoint(experiment, tmp_path, refuses, checkpoint, damage, suffix):
    damage(checkpoint.with_name(checkpoint.name + suffix))
    flags = decoder_flags(experiment, tmp_path, checkpoint_path=checkpoint)
    message = refuses("t2t-decoder", **flags)
    assert str(checkpoint) in message
    assert not (tmp_path / "out.txt").exists()


@pytest.mark.parametrize("command", ["t2t-decoder", "t2t-exporter"])
def test_a_checkpoint_of_another_size(experiment, tmp_path, refuses, checkpoint, command):
    flags = {
        **experiment.flags(STUDENT),
        "checkpoint_path": checkpoint,
        "hparams": "hidden_size=16",
    }
    if command == "t2t-decoder":
        flags = decoder_flags(experiment, tmp_path, **flags)
    else:
        flags["export_dir"] = tmp_path / "export"
    message = refuses(command, **flags)
    assert message.startswith("Checkpoint ") and str(checkpoint) in message
    assert not (tmp_path / "export").exists()


def test_averages_of_a_damaged_checkpoint(tmp_path, refuses, checkpoint):
    cut(checkpoint.with_name(checkpoint.name + ".data-00000-of-00001"))
    message = refuses("t2t-avg-all", model_dir=checkpoint.parent, output_dir=tmp_path / "mean", n=1)
    assert str(checkpoint) in message


@pytest.mark.parametrize("damage", [cut, remove])
@pytest.mark.parametrize(
    "file", ["saved_model.pb", "t2t_hint_nart.json", "variables/variables.data-00000-of-00001"]
)
def test_a_damaged_export(experiment, tmp_path, refuses, damage, file):
    export = shutil.copytree(experiment.export_dir(STUDENT), tmp_path / "export")
    damage(export / "1" / file)
    message = refuses("t2t-query-server", export_dir=export, inputs_once="1 2 3")
    assert str(export) in message


def test_a_damaged_shard_of_what_is_to_be_distilled(experiment, tmp_path, refuses, data_dir):
    for path in data_dir.glob("*_distill*"):
        path.unlink()
    (shard,) = data_dir.glob(f"{PROBLEM}-train*")
    cut(shard)
    message = refuses(
        "t2t-distill",
        problem=PROBLEM,
        data_dir=data_dir,
        teacher_export_dir=experiment.export_dir("teacher"),
    )
    assert message.startswith(f"damaged shard '{shard}' (record ")
    assert not list(data_dir.glob("*_distill*"))


def test_a_damaged_shard_of_training_data(experiment, tmp_path, refuses, data_dir):
    (shard,) = data_dir.glob(f"{PROBLEM}_distill-train*")
    content = shard.read_bytes()
    shard.write_bytes(content[:20] + b"?" + content[21:])
    flags = student_flags(experiment, tmp_path / "run", data_dir=data_dir)
    message = refuses("t2t-trainer", **flags)
    assert message.startswith(f"damaged shard '{shard}' (record 0")


@pytest.mark.parametrize("command", ["t2t-distill", "t2t-trainer", "t2t-calibrate"])
def test_no_teacher_where_one_is_said_to_be(experiment, tmp_path, refuses, command):
    flags = student_flags(experiment, tmp_path / "run", teacher_export_dir=tmp_path / "nowhere")
    if command != "t2t-trainer":
        del flags["output_dir"], flags["train_steps"]
    if command == "t2t-distill":
        flags = {name: flags[name] for name in ("problem", "data_dir", "teacher_export_dir")}
    message = refuses(command, **flags)
    assert message == f"No export in {tmp_path / 'nowhere'}; make one with t2t-exporter."
