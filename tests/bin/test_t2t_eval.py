import shutil

import pytest

from tests.bin.conftest import PROBLEM, STEPS
from tests.commands import refusal, run_command, succeed

pytestmark = pytest.mark.usefixtures("eager_functions")


@pytest.fixture
def run_dir(workshop, tmp_path):
    """A copy that summaries may be written to."""
    return shutil.copytree(workshop.runs["transformer"], tmp_path / "run")


def scalars(directory):
    import tensorflow as tf

    found = {}
    for path in directory.glob("events*"):
        for event in tf.compat.v1.train.summary_iterator(str(path)):
            for value in event.summary.value:
                found[value.tag, event.step] = tf.make_ndarray(value.tensor).item()
    return found


def test_the_newest_checkpoint(workshop, run_dir):
    told = succeed(
        "t2t-eval", *workshop.flags(), output_dir=run_dir, eval_timeout_mins=0, eval_steps=1
    )
    lines = [line for line in told.splitlines() if "eval at step" in line]
    assert len(lines) == 1 and f"eval at step {STEPS[-1]}: loss " in lines[0]
    written = scalars(run_dir / "eval")
    assert {step for _, step in written} == {STEPS[-1]}
    assert f"{written['loss', STEPS[-1]]:.4f}" in lines[0]
    assert not list(run_dir.glob("events*"))


def test_a_student_with_hints_needs_no_teacher(workshop, tmp_path):
    run = shutil.copytree(workshop.runs["transformer_nat"], tmp_path / "run")
    flags = {"output_dir": run, "eval_timeout_mins": 0, "eval_steps": 1}
    hints = "--hparams=hint_align_weight=1.0"
    succeed("t2t-eval", *workshop.flags("transformer_nat"), hints, "--eval_use_test_set", **flags)
    assert ("loss", STEPS[-1]) in scalars(run / "eval")


def test_refusals(workshop, run_dir, tmp_path):
    assert refusal("t2t-eval").startswith("Missing --model, --hparams_set, --problem, --data_dir")
    flags = workshop.flags()
    line = refusal("t2t-eval", *flags, output_dir=tmp_path / "nowhere")
    assert line.endswith("nowhere isn't a directory.")
    empty = tmp_path / "empty"
    empty.mkdir()
    line = refusal("t2t-eval", *flags, output_dir=empty, eval_timeout_mins=0, hparams="")
    assert line.startswith(f"No checkpoint model.ckpt-<step> in {empty} within 0 minutes.")
    line = refusal("t2t-eval", *flags, output_dir=run_dir, eval_steps=0)
    assert line == "An evaluation takes 1 batch or more, not --eval_steps=0."
    data = {"data_dir": tmp_path / "no_data", "output_dir": run_dir}
    ended = run_command("t2t-eval", *flags, **data)
    assert ended.status == 1 and f"no dev shards of problem '{PROBLEM}'" in ended.err
