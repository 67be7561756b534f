"""Checkpoints of tensor2tensor: variables by name, and the hyperparameters beside them."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.interchange.layout import Layout, Shape, layout_of, model_shapes
from t2t_hint_nart.output_dir import HPARAMS_FILE, create_hparams, stored_hparams
from t2t_hint_nart.training.checkpoint_files import find_checkpoint, reading, written_checkpoint
from t2t_hint_nart.training.checkpoint_state import named_checkpoint
from t2t_hint_nart.training.checkpoints import model_keys

GLOBAL_STEP = "global_step"
# Of T2T 1.15, unknown to this library's sets: other values change what the network computes, but
# neither name nor shape of a variable.
_UNSEEN: dict[str, Any] = {
    "causal_decoder_self_attention": True,
    "unidirectional_encoder": False,
    "hard_attention_k": 0,
    "num_area_layers": 0,
}


@dataclass(frozen=True)
class T2TCheckpoint:
    """An opened checkpoint of T2T's Transformer.

    Attributes:
        path: without `.index`.
        layout: which version's.
        shapes: of the model's variables, by T2T's names.
        step: of training.
    """

    path: str
    layout: Layout
    shapes: dict[str, Shape]
    step: int

    @property
    def parameter_count(self) -> int:
        """Number of scalars in the model's variables."""
        return sum(math.prod(shape) for shape in self.shapes.values())

    def values(self) -> dict[str, np.ndarray]:
        """Read the model's variables, float32.

        Raises:
            InputError: damaged.
        """
        with reading(self.path) as name:
            reader = tf.train.load_checkpoint(name)
            return {each: reader.get_tensor(each).astype(np.float32) for each in self.shapes}


def open_t2t_checkpoint(directory_or_path: str | Path) -> T2TCheckpoint:
    """Open a checkpoint and tell its layout.

    Args:
        directory_or_path: as DIR/model.ckpt-250000, or a directory whose newest is taken.

    Raises:
        InputError: none there, damaged, or not T2T's Transformer.
    """
    is_directory = Path(directory_or_path).is_dir()
    named = named_checkpoint(directory_or_path) if is_directory else None
    # As T2T finds it; the file `checkpoint` may name a place on the machine where it was written.
    path = named or find_checkpoint(directory_or_path)
    with reading(path) as name:
        reader = tf.train.load_checkpoint(name)
        shapes = {n: tuple(s) for n, s in reader.get_variable_to_shape_map().items()}
        in_name = re.search(r"-(\d+)$", path)
        step = int(in_name[1]) if in_name else 0
        if GLOBAL_STEP in shapes:
            step = int(reader.get_tensor(GLOBAL_STEP))
    layout = layout_of(shapes)
    if layout is None:
        if model_keys(shapes):
            raise InputError(f"Checkpoint {path} is one of this library; nothing to import.")
        raise InputError(
            f"Checkpoint {path} isn't of tensor2tensor's transformer: none of its {len(shapes)} "
            "variables is in transformer/body/decoder (1.15) or body/decoder (1.2.9); the first "
            f"is {min(shapes, default='none')}."
        )
    return T2TCheckpoint(path, layout, model_shapes(layout, shapes), step)


def write_named_checkpoint(path: str, values: Mapping[str, np.ndarray]) -> None:
    """Write arrays under plain names, as TensorFlow 1's Saver does.

    Args:
        path: the checkpoint's, without `.index`.
        values: by name.

    Raises:
        InputError: there is a checkpoint already.
    """
    if Path(f"{path}.index").exists():
        raise InputError(f"{path}.index exists; nothing is overwritten. Name another.")
    names = sorted(values)
    with written_checkpoint(path) as incomplete:
        tf.raw_ops.SaveV2(
            prefix=incomplete,
            tensor_names=names,
            shape_and_slices=[""] * len(names),
            tensors=[tf.convert_to_tensor(values[name]) for name in names],
        )


def imported_hparams(
    checkpoint: T2TCheckpoint,
    set_name: str,
    overrides: str = "",
    say: Callable[[str], None] = print,
) -> HParams:
    """Put together: set → hparams.json beside the checkpoint → overrides → the layout's attention.

    Args:
        checkpoint: of T2T.
        set_name: a registered set.
        overrides: as in --hparams.
        say: told of every value that isn't the set's.

    Raises:
        InputError: unknown or refused values, or a network that isn't implemented.
    """
    directory = Path(checkpoint.path).parent
    stored = stored_hparams(directory) or {}
    for name, value in _UNSEEN.items():
        if stored.get(name, value) != value:
            raise InputError(
                f"{directory / HPARAMS_FILE}: {name} = {stored[name]!r} isn't implemented, only "
                f"{value!r}."
            )
    hparams = create_hparams(set_name, overrides, directory, say)
    projection = checkpoint.layout.attention_projection
    if hparams.attention_projection != projection:
        say(
            f"attention_projection = {projection!r}, as in tensor2tensor "
            f"{checkpoint.layout.version} (set {set_name}: {hparams.attention_projection!r})"
        )
        hparams.attention_projection = projection
    return hparams
