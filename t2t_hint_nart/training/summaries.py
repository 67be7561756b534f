"""TensorBoard: scalars, images and hyperparameters with T2T's tags; and read back."""

import functools
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import tensorflow as tf

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.losses.term import Scalar
from t2t_hint_nart.training.metric_names import metric_tag

# T2T's, where a number has another name; the objective's terms bring their own.
TAGS = {
    "steps_per_second": "global_step/sec",
    "tokens_per_second": "tokens/sec",
    "weight_decay": "losses/weight_decay",
    **{
        f"{side}_{what}": f"input_stats/{side}_{what}"
        for side in ("inputs", "targets")
        for what in ("batch", "length", "nonpadding_tokens", "nonpadding_fraction")
    },
}


class Summaries:
    """Write what training says to a directory and what evaluation says to its eval/.

    The objective's scalars bring their tags.
    """

    def __init__(
        self,
        output_dir: str | Path,
        evaluation_dir: str = "eval",
        scalars: Iterable[Scalar] = (),
    ):
        self._output_dir = Path(output_dir)
        self._tags = {**TAGS, **{scalar.name: scalar.tag for scalar in scalars}}
        self._evaluation_dir = self._output_dir / evaluation_dir

    def training(self, step: int, scalars: dict[str, float]) -> None:
        """Write training scalars under their tags (or their own name)."""
        tagged = {self._tags.get(name, name): value for name, value in scalars.items()}
        self._write(self._training, step, tagged)

    def evaluation(self, step: int, problem: str, scalars: dict[str, float]) -> None:
        """Write evaluation scalars under their `metric_tag`."""
        tagged = {metric_tag(name, problem): value for name, value in scalars.items()}
        self._write(self._evaluation, step, tagged)

    def images(self, step: int, pictures: dict[str, np.ndarray]) -> None:
        """Write pictures of an evaluation, uint8[height, width, 3] by tag."""
        with self._evaluation.as_default(step):
            for tag, picture in pictures.items():
                tf.summary.image(tag, picture[np.newaxis])
        self._evaluation.flush()

    def hparams(self, model: str, hparams: HParams) -> None:
        """Write the text tab <model>_hparams, a table of names and values (T2T t2t_model.py)."""
        rows = [[name, str(value)] for name, value in sorted(hparams.values().items())]
        with self._training.as_default(0):
            tf.summary.text(f"{model}_hparams", tf.constant(rows))

    # Made when there is something to write: an evaluation leaves no file of training.
    @functools.cached_property
    def _training(self) -> tf.summary.SummaryWriter:
        return tf.summary.create_file_writer(str(self._output_dir))

    @functools.cached_property
    def _evaluation(self) -> tf.summary.SummaryWriter:
        return tf.summary.create_file_writer(str(self._evaluation_dir))

    @staticmethod
    def _write(writer: tf.summary.SummaryWriter, step: int, scalars: dict[str, float]) -> None:
        with writer.as_default(step):
            for tag, value in scalars.items():
                tf.summary.scalar(tag, value)
        writer.flush()


Curve = tuple[list[int], list[float]]


def training_history(run_dir: str | Path, scalars: Iterable[Scalar]) -> dict[str, Curve]:
    """Return the curves of a run: name -> (steps, values), unweighted as they were logged.

    Of a resumed run, whose steps are told twice where it went back to its checkpoint, the last word
    counts. What the run didn't log is left out.
    """
    from tensorboard.backend.event_processing.event_accumulator import TENSORS, EventAccumulator
    from tensorboard.util import tensor_util

    if not Path(run_dir).is_dir():
        return {}
    events = EventAccumulator(str(run_dir), size_guidance={TENSORS: 0})
    events.Reload()
    logged = set(events.Tags()["tensors"])
    history = {}
    for name, tag, *_ in scalars:
        if tag in logged:
            values = {
                event.step: float(np.asarray(tensor_util.make_ndarray(event.tensor_proto)))
                for event in sorted(events.Tensors(tag), key=lambda event: event.wall_time)
            }
            steps = sorted(values)
            history[name] = (steps, [values[step] for step in steps])
    return history
