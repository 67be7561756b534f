import os
import shutil
from pathlib import Path

import pytest

from t2t_hint_nart.serving.translator import LONGEST_SENTENCE
from t2t_hint_nart.training import checkpoints
from tests.bin.conftest import MODELS, PAIRS, PROBLEM, STEPS
from tests.commands import refusal, run_command, succeed

pytestmark = [
    pytest.mark.usefixtures("eager_functions"),
    # Run eagerly, a sentence of one token has a softmax over one value.
    pytest.mark.filterwarnings("ignore:You are using a softmax"),
]


@pytest.fixture
def flags(workshop, tmp_path):
    source = tmp_path / "source"
    source.write_text("".join(f"{line}\n" for line, _ in PAIRS["eval"]), "utf-8")
    return {
        "problem": PROBLEM,
        "data_dir": workshop.data_dir,
        "model_dir": workshop.runs["transformer"],
        "hparams_set": MODELS["transformer"],
        "source": source,
        "translations_dir": tmp_path / "translations",
        "decode_hparams": "extra_length=2",
        "beam_size": 2,
    }


def test_every_checkpoint(workshop, flags):
    ended = run_command("t2t-translate-all", **flags)
    assert ended.status == 0, ended.err
    directory, run = flags["translations_dir"], workshop.runs["transformer"]
    names = [f"{PROBLEM}-{step}" for step in STEPS]
    assert sorted(p.name for p in directory.iterdir()) == [*names, f"{PROBLEM}-flags.txt"]
    assert (directory / f"{PROBLEM}-flags.txt").read_text() == "--model=transformer\n"
    for step, name in zip(STEPS, names, strict=True):
        path = directory / name
        assert len(path.read_text("utf-8").splitlines()) == len(PAIRS["eval"])
        assert path.stat().st_mtime == (run / f"model.ckpt-{step}.index").stat().st_mtime
    # Two models with other weights, so the second was really read.
    assert (directory / names[0]).read_text() != (directory / names[1]).read_text()


def test_a_line_that_is_too_long_costs_no_other(flags, tmp_path):
    source = flags["source"]
    source.write_text(f"die Katze .\n{'Hund ' * LONGEST_SENTENCE}\n", "utf-8")
    ended = run_command("t2t-translate-all", **flags)
    directory = flags["translations_dir"]
    told = f"t2t-translate-all: error: Too long: line 2 of {source}. What {directory}"
    assert ended.status == 1 and ended.err.splitlines()[-1].startswith(told)
    for step in STEPS:
        first, second, end = (directory / f"{PROBLEM}-{step}").read_text("utf-8").split("\n")
        assert first and not second and not end


def test_the_same_as_t2t_decoder(workshop, flags, tmp_path):
    succeed("t2t-translate-all", **{**flags, "min_steps": 20})
    succeed(
        "t2t-decoder",
        *workshop.flags(),
        "--decode_hparams=extra_length=2,beam_size=2,alpha=0.6",
        decode_from_file=flags["source"],
        decode_to_file=tmp_path / "out",
    )
    translated = flags["translations_dir"] / f"{PROBLEM}-20"
    assert translated.read_text() == (tmp_path / "out").read_text()
    assert not (flags["translations_dir"] / f"{PROBLEM}-10").exists()


def test_what_is_there_is_skipped(flags):
    directory = flags["translations_dir"]
    directory.mkdir()
    for step in STEPS:
        (directory / f"{PROBLEM}-{step}").write_text("precious")
    told = succeed("t2t-translate-all", **flags)
    assert told.count("already exists, so skipping it.") == 2
    assert {p.read_text() for p in directory.glob("*0")} == {"precious"}


def test_a_student_needs_no_beam(workshop, flags):
    student = {
        "model": "transformer_nat",
        "hparams_set": MODELS["transformer_nat"],
        "model_dir": workshop.runs["transformer_nat"],
        "decode_hparams": "",
    }
    flags = {**flags, **student}
    assert "a teacher must rank" in run_command("t2t-translate-all", **flags).err
    del flags["beam_size"]
    succeed("t2t-translate-all", **flags)


def test_each_checkpoint_is_read_once(flags, monkeypatch):
    read = []
    monkeypatch.setattr(checkpoints, "_read", lambda _, path: read.append(Path(path).name))
    succeed("t2t-translate-all", **flags)
    assert read == [f"model.ckpt-{step}" for step in STEPS]


def test_a_translation_has_its_time_before_it_has_its_name(flags, monkeypatch):
    def killed(path, times):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(os, "utime", killed)
        assert run_command("t2t-translate-all", **flags).status != 0
    assert not list(flags["translations_dir"].glob(f"{PROBLEM}-*"))


def test_how_translations_are_written(flags):
    flags["source"].write_text("der Hund ;; die Katze", "utf-8")
    flags["decode_hparams"] += ",delimiter=;;,return_beams=True,write_beam_scores=True"
    ended = run_command("t2t-translate-all", **{**flags, "min_steps": 20})
    written = (flags["translations_dir"] / f"{PROBLEM}-20").read_text("utf-8")
    assert ended.status == 0 and "Inference results" not in ended.err
    assert [part.count("\t") for part in written.split(";;")] == [3, 3, 0]
    flags["decode_hparams"] += ",log_results=True"
    (flags["translations_dir"] / f"{PROBLEM}-20").unlink()
    ended = run_command("t2t-translate-all", **{**flags, "min_steps": 20})
    assert "Inference results INPUT: der Hund" in ended.err


@pytest.mark.parametrize("setting", ["decode_to_file=x", "decode_reference=x", "shards=2"])
def test_settings_without_effect(flags, setting):
    flags["decode_hparams"] = setting
    line = refusal("t2t-translate-all", **flags)
    assert line.startswith(f"{setting} has no effect here: ") and line.endswith(".")


def test_refusals(workshop, flags, tmp_path):
    assert refusal("t2t-translate-all") == (
        "Missing --model_dir, --source, --problem, --data_dir. See --help."
    )
    missing = {**flags, "source": tmp_path / "missing"}
    assert refusal("t2t-translate-all", **missing).endswith("missing': No such file or directory")
    nowhere = {**flags, "model_dir": tmp_path / "nowhere"}
    assert refusal("t2t-translate-all", **nowhere).endswith("nowhere isn't a directory.")
    empty = tmp_path / "empty"
    empty.mkdir()
    shutil.copy(workshop.runs["transformer"] / "hparams.json", empty)
    line = run_command("t2t-translate-all", **{**flags, "model_dir": empty}).err.splitlines()[-1]
    assert line.endswith(f"No checkpoint model.ckpt-<step> from step 0 on in {empty}.")
