"""Random search of hyperparameters: `--hparams_range` (Bergstra and Bengio 2012).

T2T sends its ranges to a tuning service; here trials run one after the other, each in a directory
of its own, and the search goes on where it was interrupted.
"""

import json
import math
import random
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.ranged_hparam import RangedHParams
from t2t_hint_nart.whole_file import write_whole

TRIAL_FILE = "trial.json"

# (settings of a trial, its directory) → metrics of its last evaluation.
Train = Callable[[dict[str, Any], Path], dict[str, float]]


@dataclass(frozen=True)
class Search:
    """What is searched.

    Attributes:
        output_dir: trials are in trial_000, trial_001 and so on.
        settings: of each trial.
        metric: the objective.
        given: flags, by name, on which results depend besides.
    """

    output_dir: str | Path
    settings: list[dict[str, Any]]
    metric: str
    given: dict[str, Any]

    def directory(self, number: int) -> Path:
        """Of a trial, from 0."""
        return Path(self.output_dir) / f"trial_{number:03d}"


@dataclass(frozen=True)
class Trial:
    """One trial.

    Attributes:
        directory: of its run.
        settings: drawn values by name.
        metrics: of its last evaluation; empty for one that failed, or isn't finished.
        error: why it failed, "" if it didn't.
        given: see Search; empty in a file of before trials told it.
    """

    directory: str
    settings: dict[str, Any]
    metrics: dict[str, float]
    error: str = ""
    given: dict[str, Any] = field(default_factory=dict)

    @property
    def is_finished(self) -> bool:
        """Whether it was evaluated, or has failed."""
        return bool(self.metrics or self.error)

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


def stored_trials(search: Search, say: Callable[[str], None] = print) -> dict[int, Trial]:
    """Return the trials that are finished, by number; nothing is written.

    Args:
        search: what is asked for.
        say: told if some don't say whether they are of this search.

    Raises:
        InputError: a trial of other settings or flags, one without the objective, or a damaged one.
    """
    found = {}
    for number, settings in enumerate(search.settings):
        trial = _read(search.directory(number))
        if trial is None:
            continue
        # Of an interrupted one, too: it goes on from its checkpoint.
        _check_same(trial, settings, search.given)
        if trial.is_finished:
            _check_measured(trial, search.metric)
            found[number] = trial
    _tell_untold(search, list(found.values()), say)
    return found


def run_trials(
    search: Search, stored: dict[int, Trial], train: Train, finished: Callable[[Trial], None]
) -> list[Trial]:
    """Run the trials that aren't stored.

    A trial whose settings are refused, or that diverges, has failed; the search goes on.

    Args:
        search: what to try.
        stored: what `stored_trials` found.
        train: trains one.
        finished: told of every trial, the stored ones too.

    Raises:
        InputError: every trial failed, or one has no objective.
    """
    results = []
    for number, settings in enumerate(search.settings):
        trial = stored.get(number) or _run(search.directory(number), settings, search.given, train)
        finished(trial)
        _check_measured(trial, search.metric)
        results.append(trial)
    if all(trial.error for trial in results):
        raise InputError(f"Every trial failed, the first one because: {results[0].error}")
    return results


def _run(directory: Path, settings: dict[str, Any], given: dict[str, Any], train: Train) -> Trial:
    begun = Trial(str(directory), settings, {}, given=given)
    _write(begun)
    try:
        metrics = train(settings, directory)
        error = "" if metrics else "It ended without an evaluation."
    except InputError as caught:
        metrics, error = {}, str(caught)
    trial = replace(begun, metrics=metrics, error=error)
    _write(trial)
    return trial


def _write(trial: Trial) -> None:
    text = json.dumps(asdict(trial), indent=1)
    write_whole(Path(trial.directory) / TRIAL_FILE, text + "\n")


def _read(directory: Path) -> Trial | None:
    path = directory / TRIAL_FILE
    if not path.exists():
        return None
    try:
        trial = Trial(**json.loads(path.read_text(encoding="utf-8")))
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} is damaged: {error}. Delete it to run it again.") from error
    # The search may have been moved since.
    return replace(trial, directory=str(directory))


def _check_same(trial: Trial, settings: dict[str, Any], given: dict[str, Any]) -> None:
    """Refuse a trial of something else; a flag that it doesn't tell may have been anything."""
    if trial.settings != settings:
        raise InputError(
            f"{trial.directory} is a trial of another range or seed; give another --output_dir."
        )
    for name, value in given.items():
        if name in trial.given and trial.given[name] != value:
            raise InputError(
                f"{trial.directory} is of --{name}={trial.given[name]!r}, not "
                f"{value!r}; give another --output_dir."
            )


def _tell_untold(search: Search, trials: list[Trial], say: Callable[[str], None]) -> None:
    """Tell which flags can't be compared with those of older files."""
    older = [trial for trial in trials if search.given.keys() - trial.given.keys()]
    if older:
        untold = [name for name in search.given if any(name not in t.given for t in older)]
        say(
            f"{len(older)} of the finished trials in {search.output_dir} are of a version that "
            "didn't store what they are the results of "
            f"({', '.join(f'--{name}' for name in untold)}): they are taken as they are."
        )


def _check_measured(trial: Trial, metric: str) -> None:
    if not trial.error and metric not in trial.metrics:
        raise InputError(
            f"{trial.directory} was evaluated without {metric}; it has "
            f"{', '.join(sorted(trial.metrics))}: name one of them as --autotune_objective, or "
            "give another --output_dir."
        )


def best_trial(trials: list[Trial], metric: str, maximize: bool) -> Trial:
    """Return the trial with the best objective, the first of equals.

    Raises:
        InputError: none has a finite one.
    """
    sign = -1.0 if maximize else 1.0
    best = min(trials, key=lambda trial: sign * trial.objective(metric, maximize))
    if not math.isfinite(best.objective(metric, maximize)):
        raise InputError(f"No trial is the best: none has a finite {metric}.")
    return best


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
