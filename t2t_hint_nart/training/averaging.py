"""Checkpoints of weights alone, and the mean of the last n, which translates better than any."""

import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from t2t_hint_nart.data.problem_identity import ProblemIdentity
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.whole_file import written_whole
from t2t_hint_nart.output_dir import FLAGS_FILE, HPARAMS_FILE
from t2t_hint_nart.training.checkpoint_facts import misfit, read_facts, write_facts
from t2t_hint_nart.training.checkpoint_files import (
    CHECKPOINT_NAME,
    list_checkpoints,
    step_of,
    written_checkpoint,
)
from t2t_hint_nart.training.checkpoint_state import read_state
from t2t_hint_nart.training.checkpoints import non_finite, read_model_values


def write_model_values(
    values: Mapping[str, np.ndarray],
    directory: str | Path,
    step: int,
    name: str = CHECKPOINT_NAME,
    trained_on: ProblemIdentity | None = None,
) -> str:
    """Write weights alone as directory/<name>-<step> and return the path.

    There is no state to train on from. Earlier checkpoints stay.

    Args:
        values: weights by `named_variables`' names.
        directory: where to write.
        step: of training.
        name: any but model.ckpt is read by its path alone, and leaves the directory's file
            `checkpoint`, which says where training goes on, as it is.
        trained_on: what the checkpoint says that it was trained on.

    Raises:
        InputError: weights that aren't finite, or it can't be written.
    """
    path = str(Path(directory) / f"{name}-{step}")
    if bad := non_finite(values):
        raise InputError(f"Checkpoint {path} isn't written: {bad[0]} isn't finite.")
    checkpoint = tf.train.Checkpoint(model={n: tf.Variable(value) for n, value in values.items()})
    # `write` alone leaves out the counter that readers expect; asking for it makes it.
    checkpoint.save_counter.assign(1)
    with written_checkpoint(path) as incomplete:
        checkpoint.write(incomplete)
        write_facts(incomplete, trained_on)
        if name == CHECKPOINT_NAME:
            read_state(directory).saved(Path(path).name, time.time()).write(directory)
    return path


def mean_of_checkpoints(paths: list[str]) -> dict[str, np.ndarray]:
    """Return the mean of checkpoints' model variables, float32[...] by name.

    Raises:
        InputError: no paths, an unreadable checkpoint, or checkpoints of different models.
    """
    if not paths:
        raise InputError("No checkpoints to average.")
    totals: dict[str, np.ndarray] = {}
    for path in paths:
        values = read_model_values(path)
        shapes = {name: value.shape for name, value in values.items()}
        if totals and shapes != {name: value.shape for name, value in totals.items()}:
            raise InputError(f"Checkpoints {paths[0]} and {path} are of different models.")
        for name, value in values.items():
            # Sums in float64: n additions of float32 would lose digits.
            totals[name] = totals.get(name, 0.0) + value.astype(np.float64)
    return {name: (total / len(paths)).astype(np.float32) for name, total in totals.items()}


def common_identity(paths: list[str]) -> ProblemIdentity | None:
    """Return what checkpoints were trained on, as the last one that knows says.

    Raises:
        InputError: others have another vocabulary, or the opposite direction.
    """
    known = [facts.trained_on for facts in map(read_facts, paths) if facts and facts.trained_on]
    if not known:
        return None
    for path in paths:
        reason = misfit(path, known[-1])
        if reason:
            raise InputError(f"Checkpoints of different models: {reason}")
    return known[-1]


def average_checkpoints(paths: list[str], output_dir: str | Path) -> str:
    """Write the mean of checkpoints' model variables as output_dir/model.ckpt-<last step>.

    The result, whose path is returned, is for decoding and export: it has no optimizer state, and
    the time of the last of them. The run's hparams.json and flags.txt go along.
    """
    trained_on, averaged = common_identity(paths), mean_of_checkpoints(paths)
    step = max(step_of(path) for path in paths)
    written = write_model_values(averaged, output_dir, step, trained_on=trained_on)
    # By it what it translates is placed in time.
    told = Path(f"{max(paths, key=step_of)}.index").stat()
    os.utime(f"{written}.index", ns=(told.st_atime_ns, told.st_mtime_ns))
    for name in (HPARAMS_FILE, FLAGS_FILE):
        source = Path(paths[-1]).with_name(name)
        if source.exists():
            with written_whole(Path(output_dir) / name) as incomplete:
                shutil.copy2(source, incomplete)
    return written


def average_last(model_dir: str | Path, count: int, output_dir: str | Path) -> str:
    """Average the newest `count` checkpoints of a directory (fewer if there are fewer)."""
    if count < 1:
        raise InputError(f"The number of checkpoints to average must be at least 1, not {count}.")
    paths = list_checkpoints(model_dir)[-count:]
    if not paths:
        raise InputError(f"No checkpoint model.ckpt-<step> in {model_dir}.")
    return average_checkpoints(paths, output_dir)
