"""T2T's early stopping, on any evaluation metric, and the best checkpoint (no TensorFlow)."""

import json
import math
import os
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, TypedDict, TypeVar

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.json_file import parse_json
from t2t_hint_nart.files.whole_file import write_whole, written_whole
from t2t_hint_nart.output_dir import HPARAMS_FILE
from t2t_hint_nart.training.checkpoint_state import CheckpointState
from t2t_hint_nart.training.metric_names import lower_is_better

_Stored = TypeVar("_Stored")

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


class _StoredBest(TypedDict):
    """Content of best.json."""

    step: int
    metric: str
    value: float | None


def best_so_far(output_dir: str | Path, metric: str) -> Best | None:
    """Return what best/ holds, None if it holds nothing or the best by another metric.

    Raises:
        InputError: best.json is damaged.
    """
    path = Path(output_dir) / BEST_DIR / BEST_FILE
    stored = _read(path, _StoredBest, f"Delete {path.parent} to go on.")
    if stored is None or stored["metric"] != metric or stored["value"] is None:
        return None
    return Best(stored["step"], metric, stored["value"])


def keep_as_best(output_dir: str | Path, checkpoint: str, metric: str, value: float) -> None:
    """Put a checkpoint, and the run's hparams.json, into best/ in place of the one that is there.

    Whenever a run is killed there is a whole one: the old one's files go last. The new one's are
    hard links where the file system has them: they outlive the checkpoint's turn in output_dir.
    """
    directory, source = Path(output_dir), Path(checkpoint)
    best = directory / BEST_DIR
    best.mkdir(parents=True, exist_ok=True)
    if (directory / HPARAMS_FILE).exists():
        with written_whole(best / HPARAMS_FILE) as incomplete:
            shutil.copy2(directory / HPARAMS_FILE, incomplete)
    # The index, which makes it a checkpoint, comes last, and goes first.
    for file in sorted(source.parent.glob(f"{source.name}.*"), key=_is_index):
        _link(file, best / file.name)
    CheckpointState(source.name).write(best)
    step = int(source.name.rsplit("-", 1)[1])
    _write(best / BEST_FILE, {"step": step, "metric": metric, "value": value}, indent=1)
    for file in sorted(best.glob("model.ckpt-*"), key=_is_index, reverse=True):
        if not file.name.startswith(f"{source.name}."):
            file.unlink()


def _is_index(file: Path) -> bool:
    return file.suffix == ".index"


def _link(source: Path, target: Path) -> None:
    if target.exists() and target.samefile(source):
        return
    with written_whole(target) as incomplete:
        incomplete.unlink(missing_ok=True)
        try:
            os.link(source, incomplete)
        except OSError:
            shutil.copy2(source, incomplete)


class EvaluationHistory:
    """Every evaluation of a run, in output_dir/evaluations.json.

    There null is, in place of an evaluation, one that was about to be made, and in place of a
    metric one that wasn't finite, for which JSON has no number.

    Raises:
        InputError: the file, or best/best.json, is damaged.
    """

    def __init__(self, output_dir: str | Path, rule: StoppingRule):
        self.rule = rule
        self.directory = Path(output_dir)
        self._path = self.directory / HISTORY_FILE
        stored = _read(self._path, _StoredEvaluations, "Delete it to begin anew.") or {}
        # None: about to be made.
        self._evaluations = {
            step: None if scalars is None else _finite_or_worst(scalars)
            for step, scalars in stored.items()
        }
        self.best()

    def expect(self, step: int) -> None:
        """Remember that a step is to be evaluated, until it is recorded.

        Evaluations of later steps, of a run that was set back, go.
        """
        self._store({**{s: v for s, v in self._evaluations.items() if s < step}, step: None})

    def missing(self, last_step: int) -> list[int]:
        """Steps up to one that were to be evaluated and weren't, in their order."""
        return sorted(s for s, v in self._evaluations.items() if v is None and s <= last_step)

    def record(self, step: int, checkpoint: str, scalars: dict[str, float]) -> bool:
        """Add a checkpoint's evaluation; whether it is the best so far, which is then kept.

        One whose metric isn't finite is never the best. Evaluations of later steps, of a run that
        was set back, go.

        Raises:
            InputError: the rule's metric wasn't computed.
        """
        rule = self.rule
        if rule.metric not in scalars:
            raise InputError(
                f"The evaluation gives no {rule.metric}; it gives {', '.join(scalars)}."
            )
        is_best = self._is_best(step, scalars[rule.metric])
        if is_best:
            keep_as_best(self.directory, checkpoint, rule.metric, scalars[rule.metric])
        # Now that best/ is as it should be: a run killed before makes the evaluation once more.
        kept = {s: v for s, v in self._evaluations.items() if s < step or v is None}
        self._store({**kept, step: _finite_or_worst(scalars)})
        return is_best

    def _is_best(self, step: int, value: float) -> bool:
        if not math.isfinite(value):
            return False
        best = self.best()
        if best is None or best.step >= step:
            return True
        return value < best.value if self.rule.minimize else value > best.value

    def _store(self, evaluations: dict[int, dict[str, float] | None]) -> None:
        self._evaluations = dict(sorted(evaluations.items()))
        _write(self._path, self._evaluations, indent=0)

    def has(self, step: int) -> bool:
        """Whether a step's evaluation is there."""
        return self._evaluations.get(step) is not None

    def last(self) -> dict[str, float]:
        """The metrics of the latest evaluation, none if there was none."""
        made = [scalars for scalars in self._evaluations.values() if scalars is not None]
        return dict(made[-1]) if made else {}

    def best(self) -> Best | None:
        """The best checkpoint so far by the rule's metric, None if there is none."""
        return best_so_far(self.directory, self.rule.metric)

    def has_stopped(self, step: int) -> bool:
        """Whether the evaluations up to a step say that training is over."""
        if self.rule.steps is None:
            return False
        past = {
            s: scalars[self.rule.metric]
            for s, scalars in self._evaluations.items()
            if s <= step and scalars is not None and self.rule.metric in scalars
        }
        if not past:
            return False
        return has_plateaued(
            list(past), list(past.values()), self.rule.steps, self.rule.delta, self.rule.minimize
        )


_StoredEvaluations = dict[int, dict[str, float | None] | None]


def _finite_or_worst(scalars: Mapping[str, float | None]) -> dict[str, float]:
    """Put the worst value in place of what isn't finite: a NaN compares with nothing."""
    return {
        name: value
        if value is not None and math.isfinite(value)
        else (math.inf if lower_is_better(name) else -math.inf)
        for name, value in scalars.items()
    }


def _write(path: Path, value: Any, indent: int) -> None:
    """Write JSON, null where a number isn't finite."""

    def finite(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: finite(each) for key, each in value.items()}
        return None if isinstance(value, float) and not math.isfinite(value) else value

    write_whole(path, json.dumps(finite(value), indent=indent, allow_nan=False) + "\n")


def _read(path: Path, schema: type[_Stored], advice: str) -> _Stored | None:
    """Read JSON of a type, None if there is no file.

    Earlier versions wrote Infinity and NaN, which are no JSON.
    """
    if not path.exists():
        return None
    text = re.sub(rb"-?\bInfinity\b|\bNaN\b", b"null", path.read_bytes())
    return parse_json(text, schema, str(path), advice)
