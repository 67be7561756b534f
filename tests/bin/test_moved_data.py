"""t2t-trainer goes on in the data, wherever they are then; other data are refused."""

import shutil

import numpy as np
import pytest
import tensorflow as tf

from tests.bin.conftest import PAIRS, PROBLEM, SIZES
from tests.commands import refusal, succeed

pytestmark = pytest.mark.usefixtures("eager_functions")

SMALL = ",".join(f"{name}={value}" for name, value in SIZES.items())


def flags(workshop, data_dir, output_dir, **changes):
    return [
        *(flag for flag in workshop.flags() if not flag.startswith(("--data_dir", "--output_dir"))),
        f"--data_dir={data_dir}",
        f"--output_dir={output_dir}",
        "--schedule=train",
        "--local_eval_frequency=1",
        f"--hparams={SMALL},batch_size=64,min_length_bucket=4,"
        f"max_length={changes.pop('max_length', 32)}",
        *(f"--{name}={value}" for name, value in changes.items()),
    ]


def checkpoint(path):
    reader = tf.train.load_checkpoint(str(path))
    return {
        name: reader.get_tensor(name)
        for name in reader.get_variable_to_shape_map()
        if name.startswith(("model/", "optimizer/", "dropout/", "position/"))
    }


def test_training_goes_on_where_the_data_were_moved_to(workshop, tmp_path, monkeypatch):
    """To the last bit, over the end of an epoch; named from another directory besides."""
    data_dir = shutil.copytree(workshop.data_dir, tmp_path / "data")
    straight, stopped = tmp_path / "straight", tmp_path / "stopped"
    succeed("t2t-trainer", *flags(workshop, data_dir, straight, train_steps=5))
    succeed("t2t-trainer", *flags(workshop, data_dir, stopped, train_steps=2))
    data_dir.rename(tmp_path / "moved")
    monkeypatch.chdir(tmp_path)
    told = succeed("t2t-trainer", *flags(workshop, "moved", stopped, train_steps=5))
    assert "Resuming at step 2 to 5" in told and "left out" not in told
    expected, got = (checkpoint(directory / "model.ckpt-5") for directory in (straight, stopped))
    assert set(got) == set(expected) and any(name.startswith("position/") for name in got)
    for name, value in expected.items():
        np.testing.assert_array_equal(got[name], value, err_msg=name)


def test_other_data_are_refused_before_anything_is_written(workshop, tmp_path):
    run = tmp_path / "run"
    succeed("t2t-trainer", *flags(workshop, workshop.data_dir, run, train_steps=1))
    data_dir = shutil.copytree(workshop.data_dir, tmp_path / "data")
    # The dev set's sentences in place of the training set's.
    (dev,) = data_dir.glob(f"{PROBLEM}-dev-*")
    for path in data_dir.glob(f"{PROBLEM}-train-*"):
        shutil.copy(dev, path)
    for report in data_dir.glob("*.json"):
        report.unlink()
    before = {path: path.read_bytes() for path in run.rglob("*") if path.is_file()}
    message = refusal("t2t-trainer", *flags(workshop, data_dir, run, train_steps=2))
    assert "other training shards (" in message and f"{len(PAIRS['train'])} sentence" in message
    assert "--data_dir" in message
    assert {path: path.read_bytes() for path in run.rglob("*") if path.is_file()} == before


def test_how_many_sentences_are_left_out_is_told(workshop, tmp_path):
    told = succeed(
        "t2t-trainer", *flags(workshop, workshop.data_dir, tmp_path, train_steps=1, max_length=6)
    )
    # "die Katze bellt nicht ." and its like.
    assert "3 of 15 sentence pairs are longer than max_length=6 and left out" in told.splitlines()
