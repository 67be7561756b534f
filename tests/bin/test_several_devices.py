"""Training on several devices, and by several processes, is training on one with their batches."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.training.event_files import read_scalars

ROOT = Path(__file__).parents[2]
SETS = {"transformer": "transformer_test", "transformer_nat": "transformer_nat_small_hints"}
# No dropout: replicas draw other numbers. A large epsilon: what has no gradient, as a bias of keys,
# mustn't follow the signs of rounding errors.
HPARAMS = (
    "hidden_size=16,filter_size=16,num_heads=2,num_encoder_layers=1,layer_prepostprocess_dropout=0,"
    "attention_dropout=0,relu_dropout=0,batch_size=32,max_length=24,learning_rate_warmup_steps=10,"
    "learning_rate=0.005,optimizer_adam_epsilon=0.001,clip_grad_norm=0.5,weight_decay=0.1"
)
TEACHER = ",num_decoder_layers=1,optimizer_multistep_accumulate_steps=2"
# What a run tells of its speed.
RATES = ("global_step/sec", "tokens/sec")


def flags(workshop, model, output_dir, steps, devices=1, hparams="", **others):
    named = dict(flag.removeprefix("--").split("=", 1) for flag in workshop.flags(model))
    return {
        **named,
        "hparams_set": SETS[model],
        "hparams": HPARAMS + hparams,
        "output_dir": str(output_dir),
        "train_steps": steps,
        "schedule": "train",
        "worker_gpu": devices,
        "log_step_count_steps": 1,
        **{name: str(value) for name, value in others.items()},
    }


STARTED = []


@pytest.fixture(scope="module", autouse=True)
def ended():
    """No process outlives a test that failed."""
    yield
    for process in STARTED:
        process.kill()


def start(runs, environment=()):
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.bin.trainer_process", json.dumps(runs)],
        cwd=ROOT,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": "-1", **dict(environment)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    STARTED.append(process)
    return process


@pytest.fixture(scope="module")
def root(workshop, teacher_export, tmp_path_factory):
    """Directories of runs of one process, each on one device with the batches of two, or on two."""
    root = tmp_path_factory.mktemp("devices")

    def student(devices):
        directory, layers = root / f"student{devices}", ",num_decoder_layers=2"
        given = {"teacher_export_dir": teacher_export}
        run = flags(workshop, "transformer_nat", directory, 20, devices, layers, **given)
        return {"flags": run, "together": 2 if devices == 1 else 0}

    def teacher(name, steps, devices=1, **others):
        given = {"local_eval_frequency": 20}
        run = flags(workshop, "transformer", root / name, steps, devices, TEACHER, **given)
        return {"flags": run, "together": 2 if devices == 1 else 0, **others}

    process = start(
        [
            student(1),
            student(2),
            teacher("teacher1", 23),
            teacher("teacher2", 3, copy_to=str(root / "processes")),
            teacher("teacher2", 20, devices=2),
            teacher("teacher2", 23),
        ]
    )
    out, err = process.communicate(timeout=1200)
    assert process.returncode == 0, err
    (root / "out.txt").write_text(out)
    return root


def values(directory, step):
    """All numbers of a checkpoint by name, and its position in the data."""
    import tensorflow as tf

    reader = tf.train.load_checkpoint(str(directory / f"model.ckpt-{step}"))
    names = reader.get_variable_to_shape_map()
    positions = [reader.get_tensor(name) for name in names if name.startswith("position")]
    kept = ("model/", "optimizer/", "dropout/", "state/")
    return {n: reader.get_tensor(n) for n in names if n.startswith(kept)}, positions


def assert_same(one, two, step, since=1):
    """The same numbers at every step, and at the end the same variables and position."""
    told, others = read_scalars(one), read_scalars(two)
    assert told.keys() == others.keys() and {"loss", "gradient_norm"} < told.keys()
    for tag in told.keys() - set(RATES):
        steps = [each for each in sorted(told[tag]) if since <= each <= step]
        assert len(steps) == step - since + 1, tag
        expected, got = ([scalars[tag][each] for each in steps] for scalars in (told, others))
        # A norm follows each relu that is on here and off there, by rounding.
        tolerance = 1e-4 if tag == "gradient_norm" else 1e-5
        np.testing.assert_allclose(got, expected, rtol=tolerance, atol=1e-5, err_msg=tag)
    (variables, position), (other, other_position) = values(one, step), values(two, step)
    assert variables.keys() == other.keys() and position == other_position
    for name, value in variables.items():
        np.testing.assert_allclose(other[name], value, rtol=1e-5, atol=1e-5, err_msg=name)


def test_a_hinted_student(root):
    assert_same(root / "student1", root / "student2", 20)


def test_a_teacher_that_accumulates_clipped_gradients_goes_from_one_device_to_two_and_back(root):
    assert_same(root / "teacher1", root / "teacher2", 23)
    norms = read_scalars(root / "teacher2")["gradient_norm"].values()
    assert max(norms) > 0.5


def test_how_many_devices_there_are_is_told(root):
    told = re.findall("^Batches: .*", (root / "out.txt").read_text(), re.MULTILINE)
    assert [line.endswith(" on each of 2 devices") for line in told].count(True) == 2


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def start_both(run, dies_at=0):
    """Two processes that train together; the second may be killed on the way."""
    addresses = [f"127.0.0.1:{port}" for port in free_ports(2)]

    def config(index):
        task = {"type": "worker", "index": index}
        return {"TF_CONFIG": json.dumps({"cluster": {"worker": addresses}, "task": task})}

    return [start([run], config(0)), start([{**run, "dies_at": dies_at}], config(1))]


def test_two_processes_of_which_one_is_killed(workshop, root):
    directory = root / "processes"
    given = {"hparams": TEACHER, "local_eval_frequency": 2}
    run = {"flags": flags(workshop, "transformer", directory, 20, **given)}
    chief, other = start_both(run, dies_at=5)
    out, err = chief.communicate(timeout=1200)
    assert other.wait() == -signal.SIGKILL and chief.returncode == 1, err
    assert re.search("^t2t-trainer: error: .*\n$", err, re.MULTILINE), err
    # Of steps 4 to 7; that of step 7 wasn't due.
    assert "step 7/20" in out and (directory / "checkpoint").read_text().count("model.ckpt-6") == 2
    chief, other = start_both(run)
    out, err = chief.communicate(timeout=1200)
    assert chief.returncode == 0, err
    assert "Resuming at step 6 to 20" in out
    # Nothing but the chief tells how training goes.
    told, err = other.communicate()
    assert other.returncode == 0 and not re.search("^(step|Resuming|Trained) ", told, re.MULTILINE)
    assert_same(root / "teacher1", directory, 20, since=4)
