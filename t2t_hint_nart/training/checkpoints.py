"""Checkpoints with T2T's names, from which training resumes exactly."""

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.new_files import appearing

CHECKPOINT_NAME = "model.ckpt"
_STEP = re.compile(r"-(\d+)$")
# Around a model variable's name, whose "/" TensorFlow writes as ".S".
_PREFIX, _SUFFIX = "model/", "/.ATTRIBUTES/VARIABLE_VALUE"


def step_of(path: str) -> int:
    """Return the step in a checkpoint's name.

    Example:
        >>> step_of("runs/model.ckpt-1234")
        1234
    """
    match = _STEP.search(str(path))
    if match is None:
        raise InputError(f"{path} isn't a checkpoint name; expected .../model.ckpt-<step>.")
    return int(match.group(1))


def list_checkpoints(directory: str | Path) -> list[str]:
    """Return the complete checkpoints of a directory, oldest step first."""
    prefixes = [str(p)[: -len(".index")] for p in Path(directory).glob("model.ckpt-*.index")]
    return sorted((p for p in prefixes if _STEP.search(p)), key=step_of)


def find_checkpoint(directory_or_path: str | Path) -> str:
    """Return the newest checkpoint of a directory, or the one that the path names.

    Raises:
        InputError: there is none.
    """
    path = Path(directory_or_path)
    if path.is_dir():
        found = list_checkpoints(path)
        if not found:
            raise InputError(f"No checkpoint model.ckpt-<step> in {path}; train a model first.")
        return found[-1]
    if not path.with_name(path.name + ".index").exists():
        raise InputError(f"No checkpoint at {path}: {path}.index doesn't exist.")
    return str(path)


def _values(variables: dict[str, keras.Variable]) -> dict[str, tf.Variable]:
    return {name: variable.value for name, variable in variables.items()}


@contextlib.contextmanager
def reading(path: str) -> Iterator[None]:
    """Turn whatever TensorFlow raises for a damaged checkpoint into one line."""
    try:
        yield
    except (AssertionError, ValueError, LookupError, RuntimeError, tf.errors.OpError) as error:
        reason = " ".join(str(error).split())[:300]
        raise InputError(f"Checkpoint {path} can't be read: {reason}") from error


@contextlib.contextmanager
def writing(what: str) -> Iterator[None]:
    """Turn whatever TensorFlow raises where it can't write, on a full disk, into one line."""
    try:
        yield
    except tf.errors.OpError as error:
        reason = " ".join(error.message.split())[:300]
        raise InputError(f"{what} can't be written: {reason}") from error


def model_keys(keys: Iterable[str]) -> dict[str, str]:
    """Return the names of a checkpoint's model variables, each with its key among all `keys`."""
    return {
        key[len(_PREFIX) : -len(_SUFFIX)].replace(".S", "/"): key
        for key in sorted(keys)
        if key.startswith(_PREFIX) and key.endswith(_SUFFIX)
    }


def _check_model(model: keras.Model, path: str) -> None:
    """Refuse a checkpoint with other model variables, be they more, fewer or of other shapes."""
    with reading(path):
        shapes = tf.train.load_checkpoint(path).get_variable_to_shape_map()
    saved = {name: tuple(shapes[key]) for name, key in model_keys(shapes).items()}
    ours = {name: tuple(v.shape) for name, v in named_variables(model).items()}
    differing = [n for n in sorted(ours.keys() | saved.keys()) if ours.get(n) != saved.get(n)]
    if differing:
        name = differing[0]
        raise InputError(
            f"Checkpoint {path} is of another model (other hparams or vocabulary): {name} has "
            f"shape {saved.get(name, 'none')} there and {ours.get(name, 'none')} here; "
            f"{len(differing)} of {len(ours)} variables differ."
        )


def _restore(checkpoint: tf.train.Checkpoint, model: keras.Model, path: str) -> None:
    _check_model(model, path)
    with reading(path):
        # Values that nothing asks for are no reason for warnings; variables without a value are.
        checkpoint.restore(path).expect_partial().assert_existing_objects_matched()


def restore_model(model: keras.Model, path: str) -> int:
    """Read a checkpoint's model variables, all of them, and return its step.

    Raises:
        InputError: damaged, or of a model with other variables.
    """
    _restore(tf.train.Checkpoint(model=_values(named_variables(model))), model, path)
    return step_of(path)


def warm_start(model: keras.Model, path: str) -> tuple[list[str], list[str]]:
    """Read the variables that a checkpoint and a model share by name and shape (T2T 1.15).

    A student and its teacher share embeddings, encoder and all of the decoder but positional
    attention.

    Returns:
        Names of the variables that were read, and of those that weren't.

    Raises:
        InputError: nothing is shared, or the checkpoint can't be read.
    """
    stored = read_model_values(path)
    read, fresh = [], []
    for name, variable in named_variables(model).items():
        if name in stored and stored[name].shape == tuple(variable.shape):
            variable.assign(stored[name])
            read.append(name)
        else:
            fresh.append(name)
    if not read:
        raise InputError(f"Checkpoint {path} shares no variable with this model.")
    return read, fresh


def read_model_values(path: str) -> dict[str, np.ndarray]:
    """Return a checkpoint's weights by name."""
    with reading(path):
        reader = tf.train.load_checkpoint(path)
        keys = model_keys(reader.get_variable_to_shape_map())
        return {name: reader.get_tensor(key) for name, key in keys.items()}


class Checkpoints:
    """Save and restore everything that training needs to go on as if it had never stopped.

    Under `model/` the weights by their attribute path; besides them the optimizer's variables
    (its step among them), the dropout generators' states and the position in the training data.

    Args:
        directory: output_dir.
        model: what is trained.
        optimizer: built on the model's trainable variables.
        iterator: the training data's iterator.
        keep_max: how many to keep, newest first; 0 for all (T2T's --keep_checkpoint_max).
        keep_every_hours: besides those, keep one every so many hours of training.
        state: further variables of the training step, by name.
    """

    def __init__(
        self,
        directory: str | Path,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        iterator: tf.data.Iterator,
        keep_max: int = 20,
        keep_every_hours: float | None = None,
        state: Mapping[str, tf.Variable] | None = None,
    ):
        self._model = model
        weights = {id(weight) for weight in model.weights}
        states = [v for v in model.variables if id(v) not in weights]
        self._checkpoint = tf.train.Checkpoint(
            model=_values(named_variables(model)),
            optimizer={f"{i:04d}": v.value for i, v in enumerate(optimizer.variables)},
            dropout={f"{i:04d}": v.value for i, v in enumerate(states)},
            iterator=iterator,
            **({"state": dict(state)} if state else {}),
        )
        self._manager = tf.train.CheckpointManager(
            self._checkpoint,
            str(directory),
            max_to_keep=keep_max or None,
            keep_checkpoint_every_n_hours=keep_every_hours,
            checkpoint_name=CHECKPOINT_NAME,
        )

    def save(self, step: int) -> str:
        """Write model.ckpt-<step> and return its path."""
        with writing(f"Checkpoint {self.path(step)}"):
            return self._manager.save(checkpoint_number=step)

    def path(self, step: int) -> str:
        """Return the path of model.ckpt-<step>."""
        return str(Path(self._manager.directory) / f"{CHECKPOINT_NAME}-{step}")

    def _latest(self) -> str | None:
        """The one that the file `checkpoint` names; without that, or it, the newest there is."""
        named = self._manager.latest_checkpoint
        if named is not None and Path(f"{named}.index").exists():
            return named
        found = list_checkpoints(self._manager.directory)
        return found[-1] if found else None

    def restore_latest(self) -> int:
        """Restore the newest checkpoint and return its step, 0 if there is none.

        Raises:
            InputError: damaged, or of a run with another model, optimizer or data.
        """
        path = self._latest()
        if path is None:
            return 0
        _restore(self._checkpoint, self._model, path)
        return step_of(path)


def every_checkpoint(
    directory: str | Path,
    min_steps: int = 0,
    wait_seconds: float = 0.0,
    last_step: int | None = None,
    newest_first: bool = False,
    **time: Any,
) -> Iterator[str]:
    """Yield the checkpoints of a directory by their steps, and new ones as they appear.

    Args:
        directory: of the checkpoints; it may appear later, too.
        min_steps: checkpoints of fewer steps are left out.
        wait_seconds: how long to wait for a further one after the last.
        last_step: with which training ends: nothing comes after it.
        newest_first: begin with the newest there is.
        **time: sleep and clock of `appearing`.
    """

    def look(first_step: int) -> list[tuple[int, Path]]:
        found = [(step_of(path), Path(f"{path}.index")) for path in list_checkpoints(directory)]
        found = [(step, index) for step, index in found if step >= first_step]
        return found[-1:] if newest_first and first_step == min_steps else found

    for _, index in appearing(look, min_steps, wait_seconds, last_step=last_step, **time):
        yield str(index.with_suffix(""))


def new_checkpoints(
    directory: str | Path, timeout_minutes: float, last_step: int | None = None, **time: Any
) -> Iterator[str]:
    """Yield the newest checkpoint there is, and then every newer one (T2T next_checkpoint)."""
    return every_checkpoint(directory, 0, 60 * timeout_minutes, last_step, True, **time)
