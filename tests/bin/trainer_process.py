"""A process that trains once or several times, by t2t-trainer, with two CPUs for devices.

    python -m tests.bin.trainer_process '[{"flags": {"output_dir": "a", ...}}, ...]'

Of a run there may also be `together`, a number of replicas whose batches one device takes at once;
`dies_at`, the number of a batch at which the process is killed; and `copy_to`, where its directory
is copied at the end. With TF_CONFIG in the environment the process has one device.
"""

import contextlib
import json
import os
import shutil
import signal
import sys
import time
from unittest import mock

import tensorflow as tf

from t2t_hint_nart.data.training_batches import TrainingBatches, training_batches
from tests.commands import run_command

SECONDS_TO_END_A_STEP = 3.0


def batches_of(replicas):
    """Let one device train on what so many would."""

    def together(*args, **kwargs):
        return training_batches(*args, **{**kwargs, "replicas": replicas})

    return mock.patch("t2t_hint_nart.training.experiment.training_batches", together)


def dying(number):
    """Let the process be killed when it takes a batch."""
    make, taken = TrainingBatches.__next__, []

    def take(batches):
        taken.append(batches)
        if len(taken) == number:
            # The step before is done here; the other process has to have it, too.
            time.sleep(SECONDS_TO_END_A_STEP)
            os.kill(os.getpid(), signal.SIGKILL)
        return make(batches)

    return mock.patch.object(TrainingBatches, "__next__", take)


def train(flags, together=0, dies_at=0, copy_to=""):
    with contextlib.ExitStack() as changes:
        if together:
            changes.enter_context(batches_of(together))
        if dies_at:
            changes.enter_context(dying(dies_at))
        ended = run_command("t2t-trainer", **flags)
    if copy_to:
        shutil.copytree(flags["output_dir"], copy_to)
    return ended


def main():
    if "TF_CONFIG" not in os.environ:
        cpu, *_ = tf.config.list_physical_devices("CPU")
        devices = [tf.config.LogicalDeviceConfiguration()] * 2
        tf.config.set_logical_device_configuration(cpu, devices)
    # Graphs of this size run as fast without, and are built in half the time.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    for run in json.loads(sys.argv[1]):
        ended = train(**run)
        print(ended.out, end="", flush=True)
        if ended.status:
            sys.exit(ended.err)


if __name__ == "__main__":
    main()
