"""Checkpoints with T2T's names, from which training resumes exactly."""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from t2t_hint_nart.data.problem_identity import ProblemIdentity
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.training.checkpoint_facts import misfit, write_facts
from t2t_hint_nart.training.checkpoint_files import (
    CHECKPOINT_NAME,
    list_checkpoints,
    reading,
    remove_checkpoint,
    step_of,
    written_checkpoint,
)
from t2t_hint_nart.training.checkpoint_state import named_checkpoint, read_state

# Around a model variable's name, whose "/" TensorFlow writes as ".S".
_PREFIX, _SUFFIX = "model/", "/.ATTRIBUTES/VARIABLE_VALUE"


def _values(variables: dict[str, keras.Variable]) -> dict[str, tf.Variable]:
    return {name: variable.value for name, variable in variables.items()}


def model_keys(keys: Iterable[str]) -> dict[str, str]:
    """Return the names of a checkpoint's model variables, each with its key among all `keys`."""
    return {
        key[len(_PREFIX) : -len(_SUFFIX)].replace(".S", "/"): key
        for key in sorted(keys)
        if key.startswith(_PREFIX) and key.endswith(_SUFFIX)
    }


def _check_model(model: keras.Model, path: str) -> None:
    """Refuse a checkpoint with other model variables, be they more, fewer or of other shapes."""
    with reading(path) as name:
        shapes = tf.train.load_checkpoint(name).get_variable_to_shape_map()
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


def _restore(
    checkpoint: tf.train.Checkpoint,
    model: keras.Model,
    path: str,
    wanted: ProblemIdentity | None,
) -> None:
    reason = misfit(path, wanted) if wanted else ""
    if reason:
        raise InputError(reason)
    _check_model(model, path)
    with reading(path) as name:
        # Values that nothing asks for are no reason for warnings; variables without a value are.
        checkpoint.restore(name).expect_partial().assert_existing_objects_matched()


def restore_model(model: keras.Model, path: str, wanted: ProblemIdentity | None = None) -> int:
    """Read a checkpoint's model variables, all of them, and return its step.

    Args:
        model: what reads them.
        path: of the checkpoint.
        wanted: what the model is used on.

    Raises:
        InputError: damaged, of a model with other variables, trained with another vocabulary or in
            the opposite direction.
    """
    _restore(tf.train.Checkpoint(model=_values(named_variables(model))), model, path, wanted)
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
    with reading(path) as name:
        reader = tf.train.load_checkpoint(name)
        keys = model_keys(reader.get_variable_to_shape_map())
        return {variable: reader.get_tensor(key) for variable, key in keys.items()}


class Checkpoints:
    """Save and restore everything that training needs to go on as if it had never stopped.

    Under `model/` the weights by their attribute path; besides them the optimizer's variables
    (its step among them), the dropout generators' states and the position in the training data.

    Args:
        directory: output_dir.
        model: what is trained.
        optimizer: built on the model's trainable variables.
        batches: the training data, which know their position.
        keep_max: how many to keep, newest first; 0 for all (T2T's --keep_checkpoint_max).
        keep_every_hours: besides those, keep one every so many hours of training.
        state: further variables of the training step, by name.
        trained_on: what checkpoints say that they were trained on; those that say otherwise
            aren't restored.
        clock: seconds since 1970, for tests.

    Attributes:
        knows_position: whether what was restored says where in the training data it was.
    """

    def __init__(
        self,
        directory: str | Path,
        model: keras.Model,
        optimizer: keras.optimizers.Optimizer,
        batches: tf.train.experimental.PythonState,
        keep_max: int = 20,
        keep_every_hours: float | None = None,
        state: Mapping[str, tf.Variable] | None = None,
        trained_on: ProblemIdentity | None = None,
        clock: Callable[[], float] = time.time,
    ):
        self._model = model
        self._trained_on = trained_on
        weights = {id(weight) for weight in model.weights}
        states = [v for v in model.variables if id(v) not in weights]
        self.knows_position = True
        self._parts = {
            "model": _values(named_variables(model)),
            "optimizer": {f"{i:04d}": v.value for i, v in enumerate(optimizer.variables)},
            "dropout": {f"{i:04d}": v.value for i, v in enumerate(states)},
            **({"state": dict(state)} if state else {}),
        }
        self._checkpoint = tf.train.Checkpoint(**self._parts, position=batches)
        # `write` alone leaves out the counter that readers expect; asking for it makes it.
        self._checkpoint.save_counter.assign(0)
        self._directory = Path(directory)
        self._keep_max = keep_max
        self._keep_every_seconds = 3600.0 * (keep_every_hours or 0.0)
        self._clock = clock
        self._begun = clock()

    def save(self, step: int) -> str:
        """Write model.ckpt-<step>, whole or not at all, and return its path.

        Older ones that `checkpoint` lists go, as keep_max says.
        """
        path = self.path(step)
        self._checkpoint.save_counter.assign_add(1)
        with written_checkpoint(path) as name:
            self._checkpoint.write(name)
            write_facts(name, self._trained_on)
            state = read_state(self._directory).saved(Path(path).name, self._clock())
            # Before it is there: a run killed now goes on from the newest that is.
            state.write(self._directory)
        swept, old = state.swept(self._keep_max, self._keep_every_seconds, self._begun)
        for name in old:
            remove_checkpoint(self._directory / name)
        if swept.kept != state.kept:
            swept.write(self._directory)
        return path

    def path(self, step: int) -> str:
        """Return the path of model.ckpt-<step>."""
        return str(self._directory / f"{CHECKPOINT_NAME}-{step}")

    def _latest(self) -> str | None:
        """The one that the file `checkpoint` names; without that, or it, the newest there is."""
        return named_checkpoint(self._directory) or next(
            reversed(list_checkpoints(self._directory)), None
        )

    def restore_latest(self) -> int:
        """Restore the newest checkpoint and return its step, 0 if there is none.

        Earlier versions' have no position that could be read: the data are where they were then.

        Raises:
            InputError: damaged, or of a run with another model, optimizer or data.
        """
        path = self._latest()
        if path is None:
            return 0
        with reading(path) as name:
            keys = tf.train.load_checkpoint(name).get_variable_to_shape_map()
        self.knows_position = any(key.startswith("position/") for key in keys)
        parts = self._checkpoint if self.knows_position else tf.train.Checkpoint(**self._parts)
        _restore(parts, self._model, path, self._trained_on)
        return step_of(path)
