"""Trials of a search for TensorBoard's HParams tab."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import tensorflow as tf
from tensorboard.plugins.hparams import api as hp
from tensorboard.plugins.hparams import api_pb2
from tensorboard.plugins.hparams.summary import session_end_pb

from t2t_hint_nart.ranged_hparam import Interval
from t2t_hint_nart.training.random_search import Trial


def _domain(values: Interval | tuple[Any, ...]) -> Any:
    if isinstance(values, Interval):
        return hp.RealInterval(float(values.lowest), float(values.highest))
    return hp.Discrete(list(values))


def write_experiment(
    output_dir: str | Path,
    ranges: Mapping[str, Interval | tuple[Any, ...]],
    metrics: Sequence[tuple[str, str]],
) -> None:
    """Write what is searched and what is measured.

    Args:
        output_dir: of the search, with the trials' directories in it.
        ranges: as `RangedHParams.ranges` gives them.
        metrics: (name, tag in eval/) of each, the objective first.
    """
    with tf.summary.create_file_writer(str(output_dir)).as_default(0):
        hp.hparams_config(
            hparams=[hp.HParam(name, _domain(values)) for name, values in ranges.items()],
            metrics=[hp.Metric(tag, group="eval", display_name=name) for name, tag in metrics],
        )


def write_trial(trial: Trial) -> None:
    """Write a trial's settings and how it ended; its metrics are in its own eval/."""
    settings = {
        name: value if isinstance(value, (bool, int, float, str)) else str(value)
        for name, value in trial.settings.items()
    }
    status = api_pb2.STATUS_FAILURE if trial.error else api_pb2.STATUS_SUCCESS
    with tf.summary.create_file_writer(trial.directory).as_default(0):
        hp.hparams(settings, trial_id=Path(trial.directory).name)
        tf.summary.experimental.write_raw_pb(session_end_pb(status).SerializeToString(), step=0)
