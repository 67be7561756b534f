"""t2t-trainer, t2t-avg-all and t2t-calibrate on the experiment's data and teacher."""

import json
import re

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.models.build import build_model
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.training.progress import Progress
from tests.commands import run_command, succeed
from tests.e2e.conftest import PROBLEM, STUDENT, STUDENT_SET, TEACHER_SET


def tensors(path, prefix=""):
    """Values in a checkpoint by their names there."""
    reader = tf.train.load_checkpoint(str(path))
    return {
        name: reader.get_tensor(name)
        for name in reader.get_variable_to_shape_map()
        if name.startswith(prefix)
    }


def student_flags(experiment, directory, **changes):
    return {
        "problem": f"{PROBLEM}_distill",
        "data_dir": experiment.data_dir,
        "model": "transformer_nat",
        "hparams_set": STUDENT_SET,
        "hparams": "layer_prepostprocess_dropout=0.1,batch_size=128,length_bias=0",
        "teacher_export_dir": experiment.export_dir("teacher"),
        "output_dir": directory,
        "schedule": "train",
        "local_eval_frequency": 100,
        "log_step_count_steps": 1,
        **changes,
    }


@pytest.mark.usefixtures("eager_functions")
def test_interrupted_and_resumed_training_is_as_if_it_had_never_stopped(
    experiment, tmp_path, monkeypatch
):
    """Of a student with both hints and dropout: weights, optimizer, generators, place in data."""
    straight, stopped = (
        student_flags(experiment, tmp_path / name, train_steps=2)
        for name in ("straight", "stopped")
    )
    succeed("t2t-trainer", **{**straight, "local_eval_frequency": 1, "keep_checkpoint_max": 0})
    assert {"model.ckpt-1.index", "model.ckpt-2.index"} <= {
        path.name for path in (tmp_path / "straight").iterdir()
    }

    def ctrl_c(*_):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Progress, "report", ctrl_c)
        ended = run_command("t2t-trainer", **stopped)
    assert (ended.status, ended.err) == (130, "t2t-trainer: interrupted\n")
    assert "Interrupted; step 1 is saved. Run the same command to go on." in ended.out
    at_one = tensors(tmp_path / "stopped" / "model.ckpt-1")
    out = succeed("t2t-trainer", **stopped)
    assert "Resuming at step 1 to 2" in out and "Trained to step 2." in out
    # That of step 1 wasn't due.
    assert [path.name for path in (tmp_path / "stopped").glob("*.index")] == ["model.ckpt-2.index"]

    expected = tensors(tmp_path / "straight" / "model.ckpt-2")
    got = tensors(tmp_path / "stopped" / "model.ckpt-2")
    assert set(got) == set(expected)
    saved = ("model", "optimizer", "dropout", "position")
    assert set(saved) <= {name.split("/")[0] for name in got}
    for name, value in expected.items():
        if name.split("/")[0] in saved:
            np.testing.assert_array_equal(got[name], value, err_msg=name)
    for part in saved:
        assert any(
            not np.array_equal(at_one[name], value)
            for name, value in expected.items()
            if name.startswith(part)
        )


def test_a_students_checkpoint_has_the_students_variables_and_no_other(experiment):
    data_dir = experiment.data_dir
    problem = registry.problem(f"{PROBLEM}_distill")
    model = build_model(
        "transformer_nat",
        registry.hparams(STUDENT_SET),
        problem,
        problem.get_feature_encoders(data_dir),
    )
    stored = tensors(experiment.directory / STUDENT / "model.ckpt-200")
    assert not [name for name in stored if "teacher" in name or "exported" in name]
    weights = {
        name.removeprefix("model/").removesuffix("/.ATTRIBUTES/VARIABLE_VALUE").replace(".S", "/")
        for name in stored
        if name.startswith("model/")
    }
    expected = named_variables(model)
    assert weights == set(expected)
    # Adam: two moments a weight, the step and perhaps the rate.
    optimizer = [value for name, value in stored.items() if name.startswith("optimizer/")]
    count = len(model.trainable_variables)
    assert 2 * count + 1 <= len(optimizer) <= 2 * count + 2
    size = sum(np.size(value) for value in optimizer)
    assert size <= 2 * sum(np.prod(v.shape) for v in model.trainable_variables) + 2


def test_the_mean_of_the_last_checkpoints(experiment, tmp_path):
    run = experiment.directory / "teacher"
    out = succeed("t2t-avg-all", model_dir=run, output_dir=tmp_path / "avg", n=2)
    assert out == f"Mean of 2 checkpoints: {tmp_path / 'avg' / 'model.ckpt-480'}\n"
    mean = tensors(tmp_path / "avg" / "model.ckpt-480", "model/")
    last, before = (tensors(run / f"model.ckpt-{step}", "model/") for step in (480, 400))
    assert set(mean) == set(last) == set(before)
    assert any(np.abs(last[name] - before[name]).max() > 1e-3 for name in last)
    for name, value in mean.items():
        np.testing.assert_allclose(value, (last[name] + before[name]) / 2, rtol=1e-6, atol=1e-7)
    for name, value in tensors(run / "avg" / "model.ckpt-480", "model/").items():
        np.testing.assert_array_equal(mean[name], value)
    assert (tmp_path / "avg" / "hparams.json").read_bytes() == (run / "hparams.json").read_bytes()


def test_every_mean_of_one_checkpoint(experiment, tmp_path):
    run = experiment.directory / "teacher"
    out = succeed("t2t-avg-all", model_dir=run, output_dir=tmp_path, n=1, min_steps=401)
    assert out == f"Mean of 1 checkpoints: {tmp_path / 'model.ckpt-480'}\n"
    out = succeed("t2t-avg-all", model_dir=run, output_dir=tmp_path, n=1)
    assert [line.split("-")[-1] for line in out.splitlines()] == ["400", "480"]
    expected = tensors(run / "model.ckpt-400", "model/")
    for name, value in tensors(tmp_path / "model.ckpt-400", "model/").items():
        np.testing.assert_array_equal(value, expected[name])


@pytest.mark.usefixtures("eager_functions")
def test_calibration_proposes_weights_that_make_the_terms_equal(experiment):
    out = succeed(
        "t2t-calibrate",
        problem=f"{PROBLEM}_distill",
        data_dir=experiment.data_dir,
        hparams_set=STUDENT_SET,
        teacher_export_dir=experiment.export_dir("teacher"),
        batches=5,
    )
    *terms, proposal, advice = out.splitlines()
    assert advice.startswith(
        "Not in use: the set has hint_hidden_weight=5,hint_align_weight=1, which training takes"
    )
    values = {name: float(value) for name, value in (line.split() for line in terms)}
    assert {"nll", "hint_hidden", "hint_align", "gate_fraction"} <= set(values)
    found = re.fullmatch(
        r"Equal scales over 5 batches: "
        r"--hparams=hint_hidden_weight=([\d.]+),hint_align_weight=([\d.]+)",
        proposal,
    )
    hidden, align = map(float, found.groups())
    assert hidden * values["hint_hidden"] == pytest.approx(values["nll"], rel=0.01)
    assert align * values["hint_align"] == pytest.approx(values["nll"], rel=0.01)
    # The same batches and seed as in the experiment, where it ran as a graph.
    file = experiment.directory / "stages" / "calibrate_student_align_hid.json"
    stage = json.loads(file.read_text())["result"]
    assert values == pytest.approx(stage["terms"], abs=2e-4)
    assert hidden == pytest.approx(stage["weights"]["hint_hidden_weight"], rel=0.01)


def test_a_trained_model_is_evaluated(experiment, tmp_path):
    """On the dev set, under teacher forcing, from the averaged checkpoint."""
    run = tmp_path / "run"
    run.mkdir()
    for path in (experiment.directory / "teacher" / "avg").iterdir():
        (run / path.name).write_bytes(path.read_bytes())
    out = succeed(
        "t2t-trainer",
        schedule="evaluate",
        problem=PROBLEM,
        data_dir=experiment.data_dir,
        model="transformer",
        hparams_set=TEACHER_SET,
        output_dir=run,
    )
    values = dict(line.split(": ") for line in out.splitlines() if re.match(r"\w+: [-\d.]+$", line))
    assert float(values["accuracy"]) > 0.9
    assert 0 < float(values["loss"]) < 0.5
