"""What a run said to TensorBoard, read back: losses, gates and gradients over the steps."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from tensorboard.backend.event_processing.event_accumulator import TENSORS, EventAccumulator
from tensorboard.util import tensor_util

from t2t_hint_nart.losses.term import Scalar

Curve = tuple[list[int], list[float]]


def training_history(run_dir: str | Path, scalars: Iterable[Scalar]) -> dict[str, Curve]:
    """Return the curves of a run: name -> (steps, values), unweighted as they were logged.

    Args:
        run_dir: output_dir of the run; of a resumed run, whose steps are told twice where it went
            back to its checkpoint, the last word counts.
        scalars: which curves, as `Objective.scalars` has them.

    Returns:
        Those of them that the run logged; none where there are no summaries.
    """
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
