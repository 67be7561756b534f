"""Checkpoints with T2T's names, from which training resumes exactly."""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from t2t_hint_nart.data.problem_identity import ProblemIdentity
from t2t_hint_nart.errors import DivergedError, InputError
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.training.checkpoint_facts import misfit, read_facts, write_facts
from t2t_hint_nart.training.checkpoint_files import (
    CHECKPOINT_NAME,
    DamagedCheckpointError,
    list_checkpoints,
    reading,
    remove_checkpoint,
    step_of,
    written_checkpoint,
)
from t2t_hint_nart.training.checkpoint_state import named_checkpoint, read_state

# Around a model variable's name, whose "/" TensorFlow writes as ".S".
_PREFIX, _SUFFIX = "model/", "/.ATTRIBUTES/VARIABLE_VALUE"
# What a run's checkpoints hold besides, each with what other variables of it mean.
_OTHER_RUN = {
    "optimizer": "with another optimizer, precision or accumulation",
    "dropout": "with fewer kinds of dropout",
    "state/max_nonpadding": "without small_batch_multiplier",
    "state/glancing_draws": "without glancing",
}


def _values(variables: dict[str, keras.Variable]) -> dict[str, tf.Variable]:
    return {name: variable.value for name, variable in variables.items()}


def non_finite(values: Mapping[str, Any]) -> list[str]:
    """Return the names of the arrays or tensors that hold an infinity or a NaN."""
    return [
        name
        for name, value in values.items()
        if not bool(tf.reduce_all(tf.math.is_finite(tf.cast(value, tf.float32))))
    ]


def model_keys(keys: Iterable[str]) -> dict[str, str]:
    """Return the names of a checkpoint's model variables, each with its key among all `keys`."""
    return {
        key[len(_PREFIX) : -len(_SUFFIX)].replace(".S", "/"): key
        for key in sorted(keys)
        if key.startswith(_PREFIX) and key.endswith(_SUFFIX)
    }


def _shapes(path: str) -> dict[str, tuple[int, ...]]:
    """The shapes of all that a checkpoint holds, by key."""
    with reading(path) as name:
        shapes = tf.train.load_checkpoint(name).get_variable_to_shape_map()
    return {key: tuple(shape) for key, shape in shapes.items()}


def _check_model(model: keras.Model, shapes: Mapping[str, tuple[int, ...]], path: str) -> None:
    """Refuse a checkpoint with other model variables, be they more, fewer or of other shapes."""
    saved = {name: shapes[key] for name, key in model_keys(shapes).items()}
    ours = {name: tuple(v.shape) for name, v in named_variables(model).items()}
    differing = [n for n in sorted(ours.keys() | saved.keys()) if ours.get(n) != saved.get(n)]
    if differing:
        name = differing[0]
        raise InputError(
            f"Checkpoint {path} is of another model (other hparams or vocabulary): {name} has "
            f"shape {saved.get(name, 'none')} there and {ours.get(name, 'none')} here; "
            f"{len(differing)} of {len(ours)} variables differ."
        )


def _check_data(path: str, wanted: ProblemIdentity | None) -> None:
    """Refuse a checkpoint that was trained on data of another kind."""
    reason = misfit(path, wanted) if wanted else ""
    if reason:
        raise InputError(reason)


def _is_by_interrupt(path: str) -> bool:
    """Whether an interrupt alone had a checkpoint saved; not if what it says is damaged."""
    try:
        facts = read_facts(path)
    except InputError:
        return False
    return facts is not None and facts.by_interrupt


def _read(checkpoint: tf.train.Checkpoint, path: str) -> None:
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
    shapes = _shapes(path)
    _check_data(path, wanted)
    _check_model(model, shapes, path)
    _read(tf.train.Checkpoint(model=_values(named_variables(model))), path)
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

    Attributes:
        knows_position: whether what was restored says where in the training data it was.
        seeds: the states of all generators of random numbers, int[2] each.
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
    ):
        self._model = model
        self._trained_on = trained_on
        weights = {id(weight) for weight in model.weights}
        states = [v for v in model.variables if id(v) not in weights]
        self.knows_position = True
        own = [v.value for v in states] + list((state or {}).values())
        self.seeds = [v for v in own if v.dtype.is_integer and v.shape == (2,)]
        self._state = {
            "optimizer": {f"{i:04d}": v.value for i, v in enumerate(optimizer.variables)},
            "dropout": {f"{i:04d}": v.value for i, v in enumerate(states)},
            **({"state": dict(state)} if state else {}),
        }
        self._checkpoint = tf.train.Checkpoint(
            model=_values(named_variables(model)), position=batches, **self._state
        )
        # `write` alone leaves out the counter that readers expect; asking for it makes it.
        self._checkpoint.save_counter.assign(0)
        self._directory = Path(directory)
        self._keep_max = keep_max
        self._keep_every_seconds = 3600.0 * (keep_every_hours or 0.0)
        self._begun = time.time()

    def save(self, step: int, by_interrupt: bool = False) -> str:
        """Write model.ckpt-<step>, whole or not at all, and return its path.

        Older ones that `checkpoint` lists go, as keep_max says. One that an interrupt alone had
        saved goes with the next, and takes no other's place meanwhile: what is there in the end,
        and averaged, is that of a run without interrupts.

        Args:
            step: that it is of.
            by_interrupt: whether it is only there for an interrupt.

        Raises:
            InputError: weights aren't finite, or it can't be written.
        """
        path = self.path(step)
        weights = _values(named_variables(self._model))
        if bad := non_finite(weights):
            raise DivergedError(
                f"Training diverged: {len(bad)} of {len(weights)} weights aren't finite after step "
                f"{step}, {bad[0]} among them; lower the learning rate or the hint weights. "
                f"{path} isn't written."
            )
        self._checkpoint.save_counter.assign_add(1)
        with written_checkpoint(path) as name:
            self._checkpoint.write(name)
            write_facts(name, self._trained_on, by_interrupt)
            state = read_state(self._directory)
            state = state.saved(Path(path).name, time.time(), by_interrupt)
            # Before it is there: a run killed now goes on from the newest that is.
            state.write(self._directory)
        self._remove_interrupts(step)
        swept, old = state.swept(self._keep_max, self._keep_every_seconds, self._begun)
        for name in old:
            remove_checkpoint(self._directory / name)
        if swept.kept != state.kept:
            swept.write(self._directory)
        return path

    def _remove_interrupts(self, before: int) -> None:
        """Remove what interrupts alone had saved before a step."""
        for path in list_checkpoints(self._directory):
            if step_of(path) < before and _is_by_interrupt(path):
                remove_checkpoint(path)

    def path(self, step: int) -> str:
        """Return the path of model.ckpt-<step>."""
        return str(self._directory / f"{CHECKPOINT_NAME}-{step}")

    def _candidates(self) -> list[str]:
        """The one that `checkpoint` names, and those before it; without that, or it, all."""
        paths = list_checkpoints(self._directory)[::-1]
        named = named_checkpoint(self._directory)
        if named is None:
            return paths
        return [named, *(path for path in paths if step_of(path) < step_of(named))]

    def _check_state(self, shapes: Mapping[str, tuple[int, ...]], path: str) -> None:
        """Refuse a checkpoint of a run that trained in another way, or of weights alone."""
        if not any(key.startswith("optimizer/") for key in shapes):
            raise InputError(
                f"Checkpoint {path} holds weights alone, as averaged or imported ones do: begin "
                f"in another --output_dir with --warm_start_from={path}."
            )
        for kind, variables in self._state.items():
            here = {f"{kind}/{name}{_SUFFIX}": tuple(v.shape) for name, v in variables.items()}
            there = {key for key in shapes if key.startswith(f"{kind}/")}
            differing = [key for key, shape in here.items() if shapes.get(key) != shape]
            # Dropout that was switched off leaves its generators behind.
            if kind == "optimizer":
                differing += sorted(there - here.keys())
            if differing:
                why = next(why for of, why in _OTHER_RUN.items() if differing[0].startswith(of))
                raise InputError(
                    f"Checkpoint {path} is of a run {why}: go on as it did, or begin "
                    f"in another --output_dir with --warm_start_from={path}."
                )

    def _read(self, shapes: Mapping[str, tuple[int, ...]], path: str) -> None:
        """Read all of a checkpoint; earlier versions' have no position that could be read."""
        self.knows_position = any(key.startswith("position/") for key in shapes)
        parts = self._checkpoint
        if not self.knows_position:
            weights = _values(named_variables(self._model))
            parts = tf.train.Checkpoint(model=weights, **self._state)
        _read(parts, path)
        if bad := non_finite(_values(named_variables(self._model))):
            raise DamagedCheckpointError(f"Checkpoint {path}: {bad[0]} isn't finite.")

    def restore_latest(self, say: Callable[[str], None] = print) -> int:
        """Restore the newest checkpoint that can be read and return its step, 0 if there is none.

        Args:
            say: told of those that can't be read.

        Earlier versions' have no position that could be read: the data are where they were then.

        Raises:
            InputError: none can be read, or it is of another model, optimizer or data.
        """
        paths = self._candidates()
        for path in paths:
            try:
                shapes = _shapes(path)
                _check_data(path, self._trained_on)
                _check_model(self._model, shapes, path)
                self._check_state(shapes, path)
                self._read(shapes, path)
            except DamagedCheckpointError as error:
                if path == paths[-1]:
                    raise
                say(f"{error} Trying the one before it.")
            else:
                return step_of(path)
        return 0
