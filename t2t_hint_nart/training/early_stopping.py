"""T2T's early stopping, on any evaluation metric, and the best checkpoint (no TensorFlow)."""

import json
import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.output_dir import HPARAMS_FILE
from t2t_hint_nart.whole_file import naming_file, write_whole

HISTORY_FILE = "evaluations.json"
BEST_DIR = "best"
BEST_FILE = "best.json"


@dataclass(frozen=True)
class StoppingRule:
    """Which evaluations are better, and when training ends for lack of better ones.

    Attributes:
        metric: a name of `metric_names`.
        minimize: whether lower is better.
        steps: stop once so many steps bring no improvement; None never stops.
        delta: what counts as an improvement.
    """

    metric: str = "loss"
    minimize: bool = True
    steps: int | None = None
    delta: float = 0.1


def has_plateaued(
    steps: Sequence[int], values: Sequence[float], num_steps: int, delta: float, minimize: bool
) -> bool:
    """Whether a metric hasn't improved by `delta` for `num_steps` (T2T metrics_hook.py).

    The value to beat is that of the last evaluation at least `num_steps` before the newest; none
    since may be better by `delta` or more.

    Example:
        >>> has_plateaued([100, 200, 300], [2.0, 1.5, 1.45], 100, 0.1, minimize=True)
        True
        >>> has_plateaued([100, 200, 300], [2.0, 1.5, 1.45], 200, 0.1, minimize=True)
        False
    """
    before = [index for index, step in enumerate(steps) if step <= steps[-1] - num_steps]
    if len(steps) < 2 or not before:
        return False
    start = values[before[-1]]
    sign = 1.0 if minimize else -1.0
    # An infinite loss is beaten by any finite one; inf − inf is NaN, which improves nothing.
    return not any(sign * (start - value) >= delta for value in values[before[-1] :])


class Best(NamedTuple):
    """The best evaluation so far: its checkpoint's step, the metric and its value."""

    step: int
    metric: str
    value: float


def best_so_far(output_dir: str | Path, metric: str) -> Best | None:
    """Return what best/ holds, None if it holds nothing or the best by another metric.

    Raises:
        InputError: best.json is damaged.
    """
    path = Path(output_dir) / BEST_DIR / BEST_FILE
    if not path.exists():
        return None
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        best = Best(int(stored["step"]), str(stored["metric"]), float(stored["value"]))
    except (ValueError, KeyError, TypeError) as error:
        raise InputError(f"{path} is damaged: {error}. Delete {path.parent} to go on.") from error
    return best if best.metric == metric else None


def keep_as_best(output_dir: str | Path, checkpoint: str, metric: str, value: float) -> None:
    """Put a checkpoint, and the run's hparams.json, into best/ in place of the one that is there.

    The new directory is complete before it takes the old one's place. Its files are hard links
    where the file system has them: they outlive the checkpoint's turn in output_dir.
    """
    directory, source = Path(output_dir), Path(checkpoint)
    target = directory / BEST_DIR
    incomplete, old = (directory / f"{BEST_DIR}{end}" for end in (".incomplete", ".old"))
    for leftover in (incomplete, old):
        shutil.rmtree(leftover, ignore_errors=True)
    incomplete.mkdir(parents=True)
    for file in source.parent.glob(f"{source.name}.*"):
        _link(file, incomplete / file.name)
    if (directory / HPARAMS_FILE).exists():
        with naming_file(incomplete / HPARAMS_FILE):
            shutil.copy2(directory / HPARAMS_FILE, incomplete / HPARAMS_FILE)
    # What tf.train.latest_checkpoint reads.
    write_whole(incomplete / "checkpoint", f'model_checkpoint_path: "{source.name}"\n')
    step = int(source.name.rsplit("-", 1)[1])
    facts = json.dumps({"step": step, "metric": metric, "value": value}, indent=1)
    write_whole(incomplete / BEST_FILE, facts + "\n")
    if target.exists():
        target.replace(old)
    incomplete.replace(target)
    shutil.rmtree(old, ignore_errors=True)


def _link(source: Path, target: Path) -> None:
    try:
        os.link(source, target)
    except OSError:
        with naming_file(target):
            shutil.copy2(source, target)


class EvaluationHistory:
    """Every evaluation of a run, in output_dir/evaluations.json.

    Raises:
        InputError: the file is damaged.
    """

    def __init__(self, output_dir: str | Path, rule: StoppingRule):
        self.rule = rule
        self.directory = Path(output_dir)
        self._path = self.directory / HISTORY_FILE
        self._evaluations: dict[int, dict[str, float]] = _read(self._path)

    def record(self, step: int, checkpoint: str, scalars: dict[str, float]) -> bool:
        """Add a checkpoint's evaluation; whether it is the best so far, which is then kept.

        Evaluations of later steps, of a run that was set back, go.

        Raises:
            InputError: the rule's metric wasn't computed.
        """
        rule = self.rule
        if rule.metric not in scalars:
            raise InputError(
                f"The evaluation gives no {rule.metric}; it gives {', '.join(scalars)}."
            )
        kept = {s: values for s, values in self._evaluations.items() if s < step}
        self._evaluations = {**kept, step: dict(scalars)}
        # JSON has no infinity; Python's reader takes the word that its writer uses.
        write_whole(self._path, json.dumps(self._evaluations, indent=0) + "\n")
        value = scalars[rule.metric]
        best = self.best()
        if best is not None and best.step < step:
            is_better = value < best.value if rule.minimize else value > best.value
            if not is_better:
                return False
        keep_as_best(self.directory, checkpoint, rule.metric, value)
        return True

    def has(self, step: int) -> bool:
        """Whether a step's evaluation is there."""
        return step in self._evaluations

    def last(self) -> dict[str, float]:
        """The metrics of the latest evaluation, none if there was none."""
        return dict(self._evaluations[max(self._evaluations)]) if self._evaluations else {}

    def best(self) -> Best | None:
        """The best checkpoint so far by the rule's metric, None if there is none."""
        return best_so_far(self.directory, self.rule.metric)

    def has_stopped(self, step: int) -> bool:
        """Whether the evaluations up to a step say that training is over."""
        if self.rule.steps is None:
            return False
        past = {
            s: values[self.rule.metric]
            for s, values in sorted(self._evaluations.items())
            if s <= step and self.rule.metric in values
        }
        if not past:
            return False
        return has_plateaued(
            list(past), list(past.values()), self.rule.steps, self.rule.delta, self.rule.minimize
        )


def _read(path: Path) -> dict[int, dict[str, float]]:
    if not path.exists():
        return {}
    try:
        stored: Any = json.loads(path.read_text(encoding="utf-8"))
        return {
            int(step): {name: float(value) for name, value in values.items()}
            for step, values in stored.items()
        }
    except (ValueError, AttributeError, TypeError) as error:
        raise InputError(f"{path} is damaged: {error}. Delete it to begin anew.") from error
