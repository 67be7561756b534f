"""From tensor2tensor's checkpoints to this library's and back."""

import re
from collections.abc import Mapping
from pathlib import Path

import keras
import numpy as np

from t2t_hint_nart.data.problem_identity import ProblemIdentity
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.interchange.layout import (
    LAYOUTS,
    Layout,
    Shape,
    shard_count,
    table_sizes,
)
from t2t_hint_nart.interchange.t2t_checkpoint import (
    GLOBAL_STEP,
    T2TCheckpoint,
    write_named_checkpoint,
)
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.training.averaging import write_model_values
from t2t_hint_nart.training.checkpoint_files import list_checkpoints, step_of
from t2t_hint_nart.training.checkpoints import read_model_values


def check_sizes(
    checkpoint: T2TCheckpoint, vocab_sizes: Mapping[str, int], hidden_size: int
) -> None:
    """Refuse a checkpoint of other vocabularies or another width.

    Args:
        checkpoint: of T2T.
        vocab_sizes: V of inputs and targets.
        hidden_size: of the set.

    Raises:
        InputError: saying both sizes.
    """
    vocabularies, widths = table_sizes(checkpoint.layout, checkpoint.shapes)
    if vocabularies != set(vocab_sizes.values()):
        raise InputError(
            f"Checkpoint {checkpoint.path} has embeddings of {_numbers(vocabularies)} subwords, "
            f"the problem's vocabulary {_numbers(vocab_sizes.values())}: it needs the vocabulary "
            "file that it was trained with in --data_dir."
        )
    if widths != {hidden_size}:
        raise InputError(
            f"Checkpoint {checkpoint.path} has hidden_size {_numbers(widths)}, the set "
            f"{hidden_size}: name the set that it was trained with in --hparams_set."
        )


def model_values(checkpoint: T2TCheckpoint, model: keras.Model) -> dict[str, np.ndarray]:
    """Read the values of all of a model's variables.

    Args:
        checkpoint: of T2T.
        model: a Transformer.

    Returns:
        float32 values by `named_variables`' names.

    Raises:
        InputError: variables are missing, left over or of another shape; or it is damaged.
    """
    ours = {name: tuple(v.shape) for name, v in named_variables(model).items()}
    theirs = checkpoint.layout.variables(ours, shard_count(checkpoint.shapes))
    expected = {name: shape for parts in theirs.values() for name, shape in parts.items()}
    _check_same(checkpoint, expected)
    stored = checkpoint.values()
    return {
        name: np.concatenate([stored[part].ravel() for part in parts]).reshape(ours[name])
        for name, parts in theirs.items()
    }


def _check_same(checkpoint: T2TCheckpoint, expected: Mapping[str, Shape]) -> None:
    stored = checkpoint.shapes
    missing = sorted(expected.keys() - stored.keys())
    left_over = sorted(stored.keys() - expected.keys())
    differing = sorted(n for n in expected.keys() & stored if stored[n] != expected[n])
    faults = [
        f"{len(names)} {fault}, first {names[0]}"
        for names, fault in ((missing, "variables are missing"), (left_over, "are left over"))
        if names
    ]
    if differing:
        name = differing[0]
        faults.append(
            f"{len(differing)} have other shapes, first {name} with {list(stored[name])} instead "
            f"of {list(expected[name])}"
        )
    if faults:
        raise InputError(
            f"Checkpoint {checkpoint.path} (layout of tensor2tensor {checkpoint.layout.version}) "
            f"is of another model or set: {'; '.join(faults)}."
        )


def import_checkpoint(
    checkpoint: T2TCheckpoint,
    model: keras.Model,
    output_dir: str | Path,
    trained_on: ProblemIdentity | None = None,
) -> str:
    """Write output_dir/model.ckpt-<step> with the values of T2T's checkpoint.

    It holds the model's variables alone: for decoding, export and --warm_start_from.

    Args:
        checkpoint: of T2T.
        model: a Transformer of the same sizes; its own values don't matter.
        output_dir: without a checkpoint.
        trained_on: problem and vocabularies, which T2T's checkpoint doesn't name.

    Returns:
        The written checkpoint's path.

    Raises:
        InputError: it doesn't fit, or there is a checkpoint already.
    """
    if list_checkpoints(output_dir):
        raise InputError(f"{output_dir} has checkpoints already; name another --output_dir.")
    values = model_values(checkpoint, model)
    return write_model_values(values, output_dir, checkpoint.step, trained_on=trained_on)


def export_checkpoint(path: str, export_to: str) -> Layout:
    """Write a checkpoint of this library under T2T's names, with its step as global_step.

    Args:
        path: a checkpoint of `transformer`, as `find_checkpoint` gives it.
        export_to: the path to write, without `.index`.

    Returns:
        The layout: 1.15's for attention_projection=separate, else 1.2.9's.

    Raises:
        InputError: damaged, of another model, or there is something at `export_to`.
    """
    values = read_model_values(path)
    if not any(re.match(r"layer_\d+/encdec_attention/", name) for name in values):
        raise InputError(f"Checkpoint {path} isn't one of this library's transformer.")
    separate = any(name.endswith("/k_transform/kernel") for name in values)
    projection = "separate" if separate else "fused_bias"
    (layout,) = (each for each in LAYOUTS if each.attention_projection == projection)
    theirs = layout.variables({name: value.shape for name, value in values.items()})
    arrays: dict[str, np.ndarray] = {GLOBAL_STEP: np.asarray(step_of(path), np.int64)}
    for name, parts in theirs.items():
        sizes = [int(np.prod(shape)) for shape in parts.values()]
        pieces = np.split(values[name].ravel(), np.cumsum(sizes)[:-1])
        for (part, shape), piece in zip(parts.items(), pieces, strict=True):
            arrays[part] = piece.reshape(shape)
    write_named_checkpoint(export_to, arrays)
    return layout


def _numbers(values) -> str:
    return " and ".join(str(value) for value in sorted(set(values)))
