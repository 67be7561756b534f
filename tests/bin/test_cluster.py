"""TF_CONFIG: which process this is; what isn't a cluster of workers is refused."""

import json

import pytest

from t2t_hint_nart.bin.cluster import Worker, this_worker
from t2t_hint_nart.errors import InputError
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
ADVICE = "Unset TF_CONFIG to train in one process."
ALONE = {"search": "a search", "reproduce": "an experiment"}


def message_of(workshop, tmp_path, name):
    command, flags = TRAINS[name]
    if command == "t2t-trainer":
        own = dict(flag.removeprefix("--").split("=", 1) for flag in workshop.flags())
        flags = {**own, "data_dir": tmp_path / "none", **flags}
    return refusal(command, **{**flags, "output_dir": tmp_path / "new"})


@pytest.mark.parametrize("name", TRAINS)
def test_parameter_servers(workshop, tmp_path, monkeypatch, name):
    monkeypatch.setenv("TF_CONFIG", json.dumps(SEVERAL))
    message = message_of(workshop, tmp_path, name)
    where = "The environment's TF_CONFIG names a cluster of 2 worker, 1 ps"
    if name in ALONE:
        assert message == f"{where}. Unset TF_CONFIG: {ALONE[name]} runs in one process."
    else:
        only = "only workers, and one chief, train together, without parameter servers"
        assert message == f"{where}; {only}. {ADVICE}"
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("cluster", "task", "told"),
    [
        ({"worker": ["a:1", "b:1"]}, {"type": "worker", "index": 2}, "its task 'worker', 2"),
        ({"worker": ["a:1", "b:1"]}, {"type": "chief", "index": 0}, "its task 'chief', 0"),
        ({"worker": ["a:1", "a:1"]}, TASK, "two have the same address"),
        ({"chief": ["a:1", "b:1"]}, {"type": "chief", "index": 0}, "only workers, and one chief"),
    ],
)
def test_what_is_no_cluster(monkeypatch, cluster, task, told):
    monkeypatch.setenv("TF_CONFIG", json.dumps({"cluster": cluster, "task": task}))
    with pytest.raises(InputError, match=told):
        this_worker()


def test_which_process_this_is(monkeypatch):
    cluster = {"worker": ["b:1", "c:1"], "chief": ["a:1"]}
    for number, (job, index) in enumerate([("chief", 0), ("worker", 0), ("worker", 1)]):
        config = {"cluster": cluster, "task": {"type": job, "index": index}}
        monkeypatch.setenv("TF_CONFIG", json.dumps(config))
        worker = this_worker()
        assert worker == Worker(number, 3) and worker.is_chief == (number == 0)


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
