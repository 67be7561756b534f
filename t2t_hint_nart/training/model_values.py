"""A checkpoint of a model's weights and nothing else."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import tensorflow as tf

from t2t_hint_nart.training.checkpoints import CHECKPOINT_NAME, writing


def write_model_values(
    values: Mapping[str, np.ndarray],
    directory: str | Path,
    step: int,
    name: str = CHECKPOINT_NAME,
) -> str:
    """Write weights alone as directory/<name>-<step>; there is no state to train on from.

    Args:
        values: weights by `named_variables`' names.
        directory: where to write; earlier checkpoints stay.
        step: of training.
        name: of the checkpoint; any but model.ckpt is read by its path alone, and leaves the
            directory's file `checkpoint`, which says where training goes on, as it is.

    Returns:
        The written checkpoint's path.

    Raises:
        InputError: it can't be written.
    """
    checkpoint = tf.train.Checkpoint(model={n: tf.Variable(value) for n, value in values.items()})
    path = str(Path(directory) / f"{name}-{step}")
    with writing(f"Checkpoint {path}"):
        if name != CHECKPOINT_NAME:
            # `write` alone leaves out the counter that readers expect; asking for it makes it.
            checkpoint.save_counter.assign(1)
            return checkpoint.write(path)
        manager = tf.train.CheckpointManager(
            checkpoint, str(directory), max_to_keep=None, checkpoint_name=name
        )
        return manager.save(checkpoint_number=step)
