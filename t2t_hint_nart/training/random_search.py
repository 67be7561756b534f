"""Random search of hyperparameters: `--hparams_range` (Bergstra and Bengio 2012).

T2T sends its ranges to a tuning service; here trials run one after the other, each in a directory
of its own, and the search goes on where it was interrupted.
"""

import json
import math
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.ranged_hparam import RangedHParams

TRIAL_FILE = "trial.json"

# (settings of a trial, its directory) → metrics of its last evaluation.
Train = Callable[[dict[str, Any], Path], dict[str, float]]


@dataclass(frozen=True)
class Trial:
    """One finished trial.

    Attributes:
        directory: of its run.
        settings: drawn values by name.
        metrics: of its last evaluation; empty for one that failed.
        error: why it failed, "" if it didn't.
    """

    directory: str
    settings: dict[str, Any]
    metrics: dict[str, float]
    error: str = ""

    def objective(self, metric: str, maximize: bool) -> float:
        """The metric, or the worst there is for a trial that failed or diverged."""
        value = self.metrics.get(metric, math.nan)
        return value if not math.isnan(value) else (-math.inf if maximize else math.inf)


def draw_trials(ranges: RangedHParams, count: int, seed: int) -> list[dict[str, Any]]:
    """Return the settings of trials; those of a smaller count are the first of a larger one.

    Raises:
        InputError: no trials.
    """
    if count < 1:
        raise InputError(f"--autotune_max_trials must be at least 1, not {count}.")
    generator = random.Random(seed)
    return [
        # Readable, and the same after a way through JSON or a command line.
        {name: _rounded(value) for name, value in ranges.sample(generator).items()}
        for _ in range(count)
    ]


def _rounded(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value


def run_trials(
    trials: list[dict[str, Any]],
    output_dir: str | Path,
    train: Train,
    finished: Callable[[Trial], None],
) -> list[Trial]:
    """Run the trials that output_dir doesn't have the results of.

    A trial whose settings are refused, or that diverges, has failed; the search goes on.

    Args:
        trials: settings.
        output_dir: trials are in trial_000, trial_001 and so on.
        train: trains one.
        finished: told of every trial, those of an earlier call too.

    Raises:
        InputError: a trial's directory is of other settings, or every trial failed.
    """
    results = []
    for number, settings in enumerate(trials):
        directory = Path(output_dir) / f"trial_{number:03d}"
        trial = _stored(directory, settings) or _run(directory, settings, train)
        finished(trial)
        results.append(trial)
    if all(trial.error for trial in results):
        raise InputError(f"Every trial failed, the first one because: {results[0].error}")
    return results


def _run(directory: Path, settings: dict[str, Any], train: Train) -> Trial:
    try:
        metrics, error = train(settings, directory), ""
    except InputError as caught:
        metrics, error = {}, str(caught)
    trial = Trial(str(directory), settings, metrics, error)
    directory.mkdir(parents=True, exist_ok=True)
    incomplete = directory / f"{TRIAL_FILE}.incomplete"
    incomplete.write_text(json.dumps(asdict(trial), indent=1) + "\n", encoding="utf-8")
    incomplete.replace(directory / TRIAL_FILE)
    return trial


def _stored(directory: Path, settings: dict[str, Any]) -> Trial | None:
    path = directory / TRIAL_FILE
    if not path.exists():
        return None
    try:
        trial = Trial(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} is damaged: {error}. Delete it to run it again.") from error
    if trial.settings != settings:
        raise InputError(
            f"{directory} is a trial of another range or seed; give another --output_dir."
        )
    # The search may have been moved since.
    return Trial(str(directory), trial.settings, trial.metrics, trial.error)


def best_trial(trials: list[Trial], metric: str, maximize: bool) -> Trial:
    """Return the trial with the best objective, the first of equals."""
    sign = -1.0 if maximize else 1.0
    return min(trials, key=lambda trial: sign * trial.objective(metric, maximize))


def table(trials: list[Trial], metric: str, maximize: bool) -> list[str]:
    """Return a line a trial, best first: its directory's name, its objective and settings."""
    sign = -1.0 if maximize else 1.0
    ranked = sorted(trials, key=lambda trial: sign * trial.objective(metric, maximize))
    names = list(dict.fromkeys(name for trial in ranked for name in trial.settings))
    rows = [["trial", metric, *names]]
    for trial in ranked:
        value = "failed" if trial.error else f"{trial.objective(metric, maximize):.4f}"
        row = [Path(trial.directory).name, value]
        rows.append(row + [str(trial.settings.get(name, "")) for name in names])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]
