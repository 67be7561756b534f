r"""Directories with `*?[]\` in their names, which TensorFlow takes for patterns, are as all others.

Every function that reads, writes or removes checkpoints, exports or summaries.
"""

import shutil

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.exports.saved_model import OpenSavedModel
from t2t_hint_nart.interchange.t2t_checkpoint import open_t2t_checkpoint, write_named_checkpoint
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.training.averaging import average_last, write_model_values
from t2t_hint_nart.training.checkpoint_files import find_checkpoint, list_checkpoints
from t2t_hint_nart.training.checkpoints import (
    Checkpoints,
    read_model_values,
    restore_model,
    warm_start,
)
from t2t_hint_nart.training.early_stopping import keep_as_best
from t2t_hint_nart.training.summaries import Summaries, training_history
from tests.interchange.t2t_arrays import t2t_arrays, with_training_state
from tests.training.tiny_learner import make_learner, shuffled_batches

# What a pattern would find in place of the directory of that name.
NAMES = {"lr[1]": "lr1", "exp?": "exp1", "a*b": "aab", "b\\s": "bs", "[!x]": "y"}


@pytest.fixture(scope="module")
def learner():
    learner = make_learner()
    learner.optimizer.build(learner.network.trainable_variables)
    return learner


@pytest.fixture(params=NAMES)
def directory(request, tmp_path):
    """An empty one, beside another that the pattern fits."""
    sibling = tmp_path / NAMES[request.param]
    sibling.mkdir()
    for step in (1, 2, 3):
        (sibling / f"model.ckpt-{step}.index").write_text("the sibling's")
        (sibling / f"model.ckpt-{step}.data-00000-of-00001").write_text("the sibling's")
    yield tmp_path / request.param
    assert {file.read_text() for file in sibling.iterdir()} == {"the sibling's"}
    assert len(list(sibling.iterdir())) == 6


def checkpoints(directory, learner, keep_max=2):
    return Checkpoints(
        directory, learner.network, learner.optimizer, iter(shuffled_batches()), keep_max
    )


def resumed(directory, learner):
    """Saved, with older ones removed, and restored, named by `checkpoint` or not."""
    run = checkpoints(directory, learner, keep_max=1)
    for step in (1, 2, 3):
        run.save(step)
    assert list_checkpoints(directory) == [str(directory / "model.ckpt-3")]
    assert checkpoints(directory, learner).restore_latest() == 3
    (directory / "checkpoint").unlink()
    return checkpoints(directory, learner).restore_latest() == 3


def read_by_its_path(directory, learner):
    path = checkpoints(directory, learner).save(5)
    assert restore_model(learner.network, path) == 5
    assert warm_start(learner.network, path)[1] == []
    return set(read_model_values(path)) == set(named_variables(learner.network))


def averaged(directory, learner):
    run = checkpoints(directory, learner)
    run.save(4)
    run.save(5)
    path = average_last(directory, 2, directory / "avg")
    return restore_model(learner.network, path) == 5


def a_name_of_ones_own(directory, learner):
    """As t2t-avg-checkpoints takes one."""
    values = {"w": np.ones(2, np.float32)}
    path = write_model_values(values, directory, 0, f"{directory.name}.ckpt")
    return path == find_checkpoint(path) and list(read_model_values(path)["w"]) == [1.0, 1.0]


def the_best(directory, learner):
    path = checkpoints(directory, learner).save(6)
    keep_as_best(directory, path, "loss", 1.0)
    return restore_model(learner.network, find_checkpoint(directory / "best")) == 6


def of_t2t(directory, learner):
    del learner
    write_named_checkpoint(
        str(directory / "model.ckpt-9"), with_training_state(t2t_arrays("1.15"), 9)
    )
    (directory / "checkpoint").write_text('model_checkpoint_path: "model.ckpt-9"\n')
    checkpoint = open_t2t_checkpoint(directory)
    return checkpoint.step == 9 and len(checkpoint.values()) == len(checkpoint.shapes)


def exported(directory, learner):
    del learner
    module = tf.Module()
    module.weight = tf.Variable(3.0)
    tf.saved_model.save(module, str(directory / "1"))
    return float(OpenSavedModel(directory / "1", None)._loaded.weight) == 3.0


def told(directory, learner):
    scalars = learner.objective.scalars()
    name = scalars[0].name
    Summaries(directory, scalars=scalars).training(7, {name: 0.5})
    return training_history(directory, scalars)[name] == ([7], [0.5])


@pytest.mark.parametrize(
    "does",
    [
        resumed,
        read_by_its_path,
        averaged,
        a_name_of_ones_own,
        the_best,
        of_t2t,
        exported,
        told,
    ],
)
def test_it_is_read_written_and_swept_as_any_other(directory, learner, does):
    assert does(directory, learner)


def test_nothing_is_left_behind(tmp_path, learner, monkeypatch):
    """Of the links that stand for such a directory."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "tmp"))
    (tmp_path / "tmp").mkdir()
    path = checkpoints(tmp_path / "a[b]", learner).save(1)
    restore_model(learner.network, path)
    shutil.rmtree(tmp_path / "a[b]")
    assert list((tmp_path / "tmp").iterdir()) == []
