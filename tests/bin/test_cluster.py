"""TF_CONFIG: several workers are refused by every command that trains."""

import json

import pytest

from tests.commands import refusal

TRAINS = {
    **{
        schedule: ("t2t-trainer", {"schedule": schedule})
        for schedule in (
            "train",
            "train_and_evaluate",
            "continuous_train_and_eval",
            "train_eval_and_decode",
            "test",
        )
    },
    "search": ("t2t-trainer", {"hparams_range": "transformer_base_range"}),
    "reproduce": ("t2t-reproduce", {"recipe": "quickstart"}),
}
TASK = {"type": "worker", "index": 0}
SEVERAL = {"cluster": {"worker": ["a:1", "b:1"], "ps": ["c:1"]}, "task": TASK}
ADVICE = "Unset TF_CONFIG: training runs in one process."


def message_of(workshop, tmp_path, name):
    command, flags = TRAINS[name]
    if command == "t2t-trainer":
        own = dict(flag.removeprefix("--").split("=", 1) for flag in workshop.flags())
        flags = {**own, "data_dir": tmp_path / "none", **flags}
    return refusal(command, **{**flags, "output_dir": tmp_path / "new"})


@pytest.mark.parametrize("name", TRAINS)
def test_several_workers(workshop, tmp_path, monkeypatch, name):
    monkeypatch.setenv("TF_CONFIG", json.dumps(SEVERAL))
    message = message_of(workshop, tmp_path, name)
    assert message == (f"The environment's TF_CONFIG names a cluster of 2 worker, 1 ps. {ADVICE}")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "config",
    ["", "{}", {"task": TASK}, {"cluster": {}}, {"cluster": {"worker": ["a:1"], "ps": []}}],
)
def test_one_worker(workshop, tmp_path, monkeypatch, config):
    monkeypatch.setenv("TF_CONFIG", config if isinstance(config, str) else json.dumps(config))
    assert "t2t-datagen" in message_of(workshop, tmp_path, "train")


@pytest.mark.parametrize("text", ["{", "[]", '{"cluster": 3}', '{"cluster": {"worker": 2}}'])
def test_what_cannot_be_read(workshop, tmp_path, monkeypatch, text):
    monkeypatch.setenv("TF_CONFIG", text)
    message = message_of(workshop, tmp_path, "train")
    assert message.startswith("The environment's TF_CONFIG is damaged: ")
    assert message.endswith(ADVICE)
