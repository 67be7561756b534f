"""Averaged checkpoints."""

import os
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.training.averaging import (
    average_checkpoints,
    average_last,
    write_model_values,
)
from t2t_hint_nart.training.checkpoint_files import CHECKPOINT_NAME, list_checkpoints
from t2t_hint_nart.training.checkpoints import restore_model
from tests.training.tiny_learner import make_learner


def write(directory, values, step):
    """A checkpoint with these variables under model/, and one that is not the model's."""
    checkpoint = tf.train.Checkpoint(
        model={name: tf.Variable(value) for name, value in values.items()},
        optimizer={"0000": tf.Variable(np.float32(step))},
    )
    manager = tf.train.CheckpointManager(
        checkpoint, str(directory), max_to_keep=None, checkpoint_name=CHECKPOINT_NAME
    )
    return manager.save(checkpoint_number=step)


def read(path):
    reader = tf.train.load_checkpoint(path)
    names = reader.get_variable_to_shape_map()
    return {
        name.removesuffix("/.ATTRIBUTES/VARIABLE_VALUE").replace(".S", "/"): reader.get_tensor(name)
        for name in names
        if "ATTRIBUTES" in name
    }


def arrays(seed, width=3):
    rng = np.random.default_rng(seed)
    return {
        "encoder/layer_0/ffn/conv1/kernel": rng.normal(size=(2, width)).astype(np.float32),
        "softmax/table": rng.normal(size=4).astype(np.float32),
    }


@pytest.fixture
def run_dir(tmp_path):
    """Checkpoints of steps 90, 100 and 110."""
    for step in (90, 100, 110):
        write(tmp_path / "run", arrays(step), step)
    return tmp_path / "run"


def expected_mean(steps):
    values = [arrays(step) for step in steps]
    return {f"model/{k}": np.mean([v[k].astype(np.float64) for v in values], 0) for k in values[0]}


def assert_mean(path, steps):
    got = read(path)
    got.pop("save_counter")
    expected = expected_mean(steps)
    assert got.keys() == expected.keys()
    for name, value in expected.items():
        np.testing.assert_array_equal(got[name], value.astype(np.float32))


def test_mean_of_the_last(run_dir, tmp_path):
    path = average_last(run_dir, 2, tmp_path / "avg")
    assert path == str(tmp_path / "avg" / "model.ckpt-110")
    assert_mean(path, (100, 110))


def test_mean_of_as_many_as_there_are(run_dir, tmp_path):
    assert_mean(average_last(run_dir, 8, tmp_path / "avg"), (90, 100, 110))


def test_order_does_not_matter(run_dir, tmp_path):
    paths = [str(run_dir / f"model.ckpt-{step}") for step in (110, 90)]
    path = average_checkpoints(paths, tmp_path / "avg")
    assert path.endswith("model.ckpt-110")
    assert_mean(path, (90, 110))


def test_sums_keep_their_digits(tmp_path):
    """Large and small values that float32 sums would lose."""
    values = [np.float32(1.0 + 2.0**-23), np.float32(2.0**24), np.float32(-(2.0**24))]
    paths = [write(tmp_path / "run", {"a": value}, i) for i, value in enumerate(values)]
    got = read(average_checkpoints(paths, tmp_path / "avg"))["model/a"]
    assert got == np.float32((1.0 + 2.0**-23) / 3.0)


def test_a_model_reads_its_average(tmp_path):
    model = make_learner().network
    variables = named_variables(model)
    start = {name: v.numpy() for name, v in variables.items()}
    paths = [
        write(tmp_path / "run", {name: value + i for name, value in start.items()}, i)
        for i in (1, 2)
    ]
    assert restore_model(model, average_checkpoints(paths, tmp_path / "avg")) == 2
    for name, variable in variables.items():
        np.testing.assert_allclose(variable.numpy(), start[name] + 1.5, 1e-6)


def test_checkpoints_of_different_models(run_dir, tmp_path):
    other = write(tmp_path / "other", arrays(1, width=5), 7)
    with pytest.raises(InputError, match="are of different models"):
        average_checkpoints([str(run_dir / "model.ckpt-90"), other], tmp_path / "avg")
    assert not (tmp_path / "avg").exists()


def test_a_damaged_checkpoint(run_dir, tmp_path):
    data = run_dir / "model.ckpt-100.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:20])
    with pytest.raises(InputError) as raised:
        average_last(run_dir, 3, tmp_path / "avg")
    assert str(run_dir / "model.ckpt-100") in str(raised.value) and "\n" not in str(raised.value)
    assert not (tmp_path / "avg").exists()


def test_nothing_to_average(tmp_path):
    with pytest.raises(InputError, match="No checkpoint model.ckpt-<step> in"):
        average_last(tmp_path, 3, tmp_path / "avg")
    with pytest.raises(InputError, match="No checkpoints to average"):
        average_checkpoints([], tmp_path / "avg")


@pytest.mark.parametrize("count", [0, -1])
def test_less_than_one(run_dir, tmp_path, count):
    with pytest.raises(InputError, match=f"at least 1, not {count}"):
        average_last(run_dir, count, tmp_path / "avg")


def test_weights_that_are_not_finite_are_not_written(tmp_path):
    for value in (np.inf, np.nan):
        with pytest.raises(InputError, match="model.ckpt-3 isn't written: b isn't finite"):
            write_model_values({"a": np.zeros(2), "b": np.array([0.0, value])}, tmp_path, 3)
    assert list(tmp_path.iterdir()) == []


def test_an_average_is_as_old_as_the_last_of_them(run_dir, tmp_path):
    newest = list_checkpoints(run_dir)[-1]
    os.utime(f"{newest}.index", (1_000_000, 1_000_000))
    written = average_last(run_dir, 2, tmp_path / "avg")
    assert Path(f"{written}.index").stat().st_mtime == 1_000_000


def test_the_run_s_own_files_go_along(run_dir, tmp_path):
    """Of every average: decoder and exporter read its hparams.json."""
    for name in ("hparams.json", "flags.txt"):
        (run_dir / name).write_text(f"the run's {name}")
    average_last(run_dir, 2, tmp_path / "avg")
    for name in ("hparams.json", "flags.txt"):
        assert (tmp_path / "avg" / name).read_text() == f"the run's {name}"
