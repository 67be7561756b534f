"""The command that lets a teacher translate training data: what it refuses and what it tells."""

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.data.problem_identity import vocabularies_of
from t2t_hint_nart.data.shards import read_shard
from t2t_hint_nart.decoding.n_gram_model import NGramModel
from t2t_hint_nart.exports.metadata import read_metadata
from tests.bin.conftest import PROBLEM
from tests.commands import refusal, run_command, succeed
from tests.serving.conftest import echo_export  # noqa: F401
from tests.serving.echo_export import BEGUN, HOLD

ROOT = Path(__file__).parents[2]
USR_DIR = "tests/serving/echo"


@pytest.fixture
def data_dir(workshop, tmp_path):
    return shutil.copytree(workshop.data_dir, tmp_path / "data")


@pytest.fixture
def teacher_of(teacher_export, tmp_path):
    """The teacher, which says that it is one of another problem."""

    def make(problem):
        copy = shutil.copytree(teacher_export, tmp_path / problem)
        dataclasses.replace(read_metadata(copy), problem=problem).write(copy)
        return copy

    return make


def test_the_opposite_direction(data_dir, teacher_of):
    teacher = teacher_of(f"{PROBLEM}_rev")
    flags = {"problem": PROBLEM, "data_dir": data_dir, "teacher_export_dir": teacher}
    assert refusal("t2t-distill", **flags) == (
        f"{teacher} translates {PROBLEM}_rev, the opposite direction of {PROBLEM}; "
        f"give a model of {PROBLEM}."
    )
    assert not list(data_dir.glob("*_distill*"))


def test_another_problem_and_the_same_again(data_dir, teacher_of):
    flags = {"problem": PROBLEM, "data_dir": data_dir, "teacher_export_dir": teacher_of("news")}
    first = run_command("t2t-distill", **flags)
    again = run_command("t2t-distill", **flags, n_gram_order=3)
    warning = (
        f"{PROBLEM}_distill: warning: {flags['teacher_export_dir']} was trained on "
        f"'news', not on '{PROBLEM}'\n"
    )
    assert (first.status, again.status) == (0, 0)
    assert first.err.startswith(warning)
    assert again.err == warning + (
        f"{PROBLEM}_distill: all in {data_dir} already; remove the shards to write them again\n"
    )
    assert first.out.startswith(f"15 pairs of {PROBLEM}_distill in {data_dir}. Train a student")
    n_grams = data_dir / f"{PROBLEM}_distill-3grams.npz"
    assert again.out == first.out + (
        "A student whose output is collapsed searches with an n-gram model of them by:\n"
        f"  --decode_hparams=prefix_beam=20,n_gram_model={n_grams}\n"
    )
    paths = sorted(data_dir.glob(f"{PROBLEM}_distill-train-*"))
    targets = [pair["targets"][:-1] for path in paths for pair in read_shard(str(path))]
    found = NGramModel.read(n_grams)
    expected = NGramModel.of(targets, 3, found.vocab_size)
    for got, wanted in zip(found._tables, expected._tables, strict=True):
        for values, theirs in zip(got, wanted, strict=True):
            np.testing.assert_array_equal(values, theirs)
    vocab_file = next(data_dir.glob("vocab.*"))
    assert found.vocab_size == len(vocab_file.read_text("utf-8").splitlines())


def shards(data_dir):
    return {path.name: path.read_bytes() for path in data_dir.glob(f"{PROBLEM}_distill-train-*")}


def test_four_workers_make_what_one_process_makes(workshop, ctranslate2_export, tmp_path):
    once, shared = (shutil.copytree(workshop.data_dir, tmp_path / name) for name in "ab")
    flags = {"problem": PROBLEM, "teacher_export_dir": ctranslate2_export, "batch_size": 2}
    succeed("t2t-distill", **flags, data_dir=once)
    told = succeed("t2t-distill", **flags, data_dir=shared, num_workers=4)
    assert told.startswith(f"15 pairs of {PROBLEM}_distill in {shared}. Train a student")
    assert shards(shared) == shards(once)
    first, second = (
        {**json.loads((data_dir / f"{PROBLEM}_distill-provenance.json").read_text()), "date": ""}
        for data_dir in (once, shared)
    )
    assert second == first


def test_interrupted_all_of_it_ends_and_one_process_goes_on(
    workshop,
    echo_export,  # noqa: F811
    tmp_path,
    usual_signals,
):
    """Ctrl-C reaches every process of a terminal."""
    once, shared = (shutil.copytree(workshop.data_dir, tmp_path / name) for name in "ab")
    vocabularies = vocabularies_of(registry.problem(PROBLEM).get_feature_encoders(once))
    version = echo_export / "3"
    dataclasses.replace(read_metadata(version), vocabularies=vocabularies).write(version)
    flags = {"problem": PROBLEM, "teacher_export_dir": version, "batch_size": 2}
    arguments = flags | {"data_dir": shared, "num_workers": 2, "t2t_usr_dir": USR_DIR}
    (version / HOLD).touch()
    process = subprocess.Popen(
        [sys.executable, "-m", "t2t_hint_nart.bin.t2t_distill"]
        + [f"--{name}={value}" for name, value in arguments.items()],
        cwd=ROOT,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        while len(begun := list(version.glob(f"{BEGUN}-*"))) < 2:
            assert process.poll() is None
            time.sleep(0.02)
        os.killpg(process.pid, signal.SIGINT)
        _, told = process.communicate(timeout=60)
    finally:
        process.kill()
    assert (process.returncode, told) == (130, "t2t-distill: interrupted\n")
    assert not any(Path("/proc", path.name.rsplit("-")[1]).exists() for path in begun)
    (version / HOLD).unlink()
    for data_dir in (once, shared):
        assert not shards(data_dir)
        succeed("t2t-distill", **flags, data_dir=data_dir)
    assert len(shards(once)) > 0 and shards(shared) == shards(once)
