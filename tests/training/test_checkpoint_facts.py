"""What checkpoints say of themselves: it is written with them, checked, and carried on."""

import dataclasses
import json

import numpy as np
import pytest

from t2t_hint_nart.data.problem_identity import ProblemIdentity
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.training.averaging import (
    average_checkpoints,
    common_identity,
    write_model_values,
)
from t2t_hint_nart.training.checkpoint_facts import misfit, read_facts
from t2t_hint_nart.training.checkpoint_files import remove_checkpoint
from t2t_hint_nart.training.checkpoints import read_model_values, restore_model
from t2t_hint_nart.training.early_stopping import keep_as_best
from tests.training.tiny_learner import make_learner

VOCABULARY = {"size": 9, "fingerprint": "ab"}
NEWS = ProblemIdentity(
    "news_deen",
    {"inputs": VOCABULARY, "targets": VOCABULARY},
    {"inputs": "de", "targets": "en"},
)
OTHER_ORDER = dataclasses.replace(
    NEWS, vocabularies={**NEWS.vocabularies, "targets": {**VOCABULARY, "fingerprint": "cd"}}
)
OPPOSITE = dataclasses.replace(NEWS, problem="news_deen_rev")


def write(directory, step, trained_on=NEWS):
    return write_model_values({"kernel": np.full(3, step)}, directory, step, trained_on=trained_on)


@pytest.fixture
def path(tmp_path):
    return write(tmp_path, 7)


def test_what_it_was_trained_on(path):
    assert read_facts(path).trained_on == NEWS
    assert misfit(path, NEWS) == ""
    assert misfit(path, OTHER_ORDER) == (
        f"Checkpoint {path} doesn't fit news_deen: its vocabulary of targets has fingerprint ab, "
        "that of news_deen cd. Use the vocabulary that it was trained with."
    )
    assert misfit(path, OPPOSITE) == (
        f"Checkpoint {path} translates news_deen, the opposite direction of news_deen_rev; give a "
        "model of news_deen_rev."
    )


@pytest.mark.parametrize("wanted", [OTHER_ORDER, OPPOSITE])
def test_a_model_reads_what_was_trained_for_it(tmp_path, wanted):
    network = make_learner().network
    values = {name: variable.numpy() for name, variable in named_variables(network).items()}
    path = write_model_values(values, tmp_path, 7, trained_on=NEWS)
    assert restore_model(network, path, NEWS) == 7
    with pytest.raises(InputError, match=f"^Checkpoint {path} "):
        restore_model(network, path, wanted)
    # Of tensor2tensor and of older versions nothing is known.
    (tmp_path / "model.ckpt-7.json").unlink()
    assert restore_model(network, path, wanted) == 7


def test_anothers_files_are_refused(tmp_path, path):
    other = write(tmp_path / "other", 8)
    for end in (".index", ".data-00000-of-00001"):
        content = (tmp_path / "other" / f"model.ckpt-8{end}").read_bytes()
        (tmp_path / f"model.ckpt-7{end}").write_bytes(content)
    assert read_model_values(other)
    with pytest.raises(InputError, match=f"^{path}.index isn't what was written there: "):
        read_model_values(path)


def test_anothers_values_alone_are_too(tmp_path, path):
    """TensorFlow compares them with the index."""
    write(tmp_path / "other", 8)
    end = ".data-00000-of-00001"
    content = (tmp_path / "other" / f"model.ckpt-8{end}").read_bytes()
    (tmp_path / f"model.ckpt-7{end}").write_bytes(content)
    with pytest.raises(InputError, match=f"^Checkpoint {path} can't be read: "):
        read_model_values(path)


NO_NAME = '{"index": "ab", "trained_on": {"problem": 1}}'


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"index": 1}', NO_NAME])
def test_damaged(tmp_path, path, content):
    (tmp_path / "model.ckpt-7.json").write_text(content)
    with pytest.raises(InputError) as caught:
        read_model_values(path)
    assert str(caught.value).startswith(f"{path}.json is damaged: ")
    assert str(caught.value).endswith(". Use another checkpoint.")


def test_it_goes_with_its_checkpoint(tmp_path, path):
    """Into best/, into averages, and away."""
    keep_as_best(tmp_path, path, "loss", 1.0)
    assert read_facts(str(tmp_path / "best" / "model.ckpt-7")) == read_facts(path)
    mean = average_checkpoints([path, write(tmp_path, 9)], tmp_path / "avg")
    assert read_facts(mean).trained_on == NEWS
    remove_checkpoint(path)
    assert not list(tmp_path.glob("model.ckpt-7*"))


@pytest.mark.parametrize("other", [OTHER_ORDER, OPPOSITE])
def test_what_was_trained_on_something_else_is_not_averaged(tmp_path, path, other):
    paths = [write(tmp_path, 9, other), path]
    with pytest.raises(InputError, match="^Checkpoints of different models: Checkpoint .*ckpt-9 "):
        average_checkpoints(paths, tmp_path / "avg")
    assert not (tmp_path / "avg").exists()


def test_averages_of_what_nobody_knows(tmp_path, path):
    old = write(tmp_path, 9, None)
    assert common_identity([old]) is None
    assert common_identity([path, old]) == NEWS


def test_an_overwritten_checkpoint_has_its_own(tmp_path, path):
    before = read_facts(path).index
    assert write_model_values({"kernel": np.zeros(4)}, tmp_path, 7) == path
    assert read_facts(path).index != before
    assert json.loads((tmp_path / "model.ckpt-7.json").read_text())["trained_on"] is None
    assert read_model_values(path)["kernel"].shape == (4,)
