"""The command that lets a teacher translate training data: what it refuses and what it tells."""

import dataclasses
import shutil

import pytest

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
    first, again = (run_command("t2t-distill", **flags) for _ in range(2))
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
    assert again.out == first.out
