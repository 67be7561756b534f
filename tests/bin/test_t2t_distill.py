"""The command that lets a teacher translate training data: what it refuses and what it tells."""

import dataclasses
import shutil

import numpy as np
import pytest

from t2t_hint_nart.data.shards import read_shard
from t2t_hint_nart.decoding.n_gram_model import NGramModel
from t2t_hint_nart.exports.metadata import read_metadata
from tests.bin.conftest import PROBLEM
from tests.commands import refusal, run_command


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
