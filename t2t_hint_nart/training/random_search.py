"""Random search of hyperparameters: `--hparams_range` (Bergstra and Bengio 2012).

T2T sends its ranges to a tuning service; here Optuna draws the trials and keeps how they ended in a
file. They run one after the other, each in a directory of its own, and the search goes on where it
was interrupted.
"""

import math
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import optuna
from optuna.storages.journal import JournalFileBackend

from t2t_hint_nart.errors import DivergedError, InputError
from t2t_hint_nart.files.whole_file import naming_file
from t2t_hint_nart.ranged_hparam import RangedHParams

optuna.logging.set_verbosity(optuna.logging.WARNING)
JOURNAL = "optuna.journal"
STUDY = "hparams_range"

# (settings of a trial, its directory) → metrics of its last evaluation.
Train = Callable[[dict[str, Any], Path], dict[str, float]]


class RefusedSettingsError(InputError):
    """There is no model of a trial's settings."""


class Trial(NamedTuple):
    """A finished one: its directory, hyperparameters, objective (NaN: none) and why it failed."""

    directory: Path
    settings: dict[str, Any]
    value: float
    error: str


class RandomSearch:
    """What is searched, and the trials that are finished.

    Args:
        output_dir: trials are in trial_000, trial_001 and so on, what they gave in optuna.journal.
        ranges: what is searched.
        count: of trials; those of a smaller count are the first of a larger one.
        metric: the objective.
        maximize: whether a higher one is better.
        given: flags, by name, on which results depend; random_seed is that of what is drawn.

    Raises:
        InputError: trials of something else, without the objective, or damaged; nothing is written.
    """

    def __init__(
        self,
        output_dir: str | Path,
        ranges: RangedHParams,
        count: int,
        metric: str,
        maximize: bool,
        given: Mapping[str, Any],
    ):
        self.output_dir, self._given = Path(output_dir), dict(given)
        self.metric, self.maximize = metric, maximize
        self._distributions = ranges.ranges()
        drawing = optuna.create_study(
            sampler=optuna.samplers.RandomSampler(given["random_seed"] % 2**32)
        )
        self._drawn = [drawing.ask(self._distributions).params for _ in range(count)]
        self.settings = [ranges.settings(drawn) for drawn in self._drawn]
        self._study = self._open()
        if self._study is None and any(self.output_dir.glob("trial_*")):
            raise InputError(
                f"{output_dir} has trials, but no {JOURNAL} that says of what; give another "
                "--output_dir."
            )
        self.trials()

    def trials(self) -> list[Trial]:
        """Those that are finished.

        Raises:
            InputError: one has no objective.
        """
        found = []
        stored_trials = self._study.trials if self._study else []
        for stored, settings in zip(stored_trials, self.settings, strict=False):
            directory = self._directory(stored.number)
            metrics, error = stored.user_attrs["metrics"], stored.user_attrs["error"]
            if not error and self.metric not in metrics:
                raise InputError(
                    f"{directory} was evaluated without {self.metric}; it has "
                    f"{', '.join(sorted(metrics))}: name one of them as --autotune_objective, or "
                    "give another --output_dir."
                )
            found.append(Trial(directory, settings, metrics.get(self.metric, math.nan), error))
        return found

    def run(self, train: Train) -> list[Trial]:
        """Run the trials that aren't finished, and return all, best first.

        One whose settings are refused, or that diverges, has failed; the search goes on. What has
        other reasons, a full disk or a missing teacher, ends it, and the same call goes on there.

        Args:
            train: trains in a directory with settings and returns the metrics of the end; raises
                RefusedSettingsError if there is no such model.

        Raises:
            InputError: every trial failed, or one has no objective.
        """
        study = self._begun()
        states = optuna.trial.TrialState
        for number in range(len(self.trials()), len(self.settings)):
            directory, settings = self._directory(number), self.settings[number]
            metrics: dict[str, float] = {}
            try:
                metrics = train(settings, directory)
                error = "" if metrics else "It ended without an evaluation."
            except (RefusedSettingsError, DivergedError) as caught:
                error = str(caught)
            write_trial(directory, settings, bool(error))
            value = metrics.get(self.metric, math.nan)
            has_value = math.isfinite(value)
            # Only now: an interrupted one goes on from its checkpoint.
            with naming_file(self.output_dir / JOURNAL):
                study.add_trial(
                    optuna.trial.create_trial(
                        state=states.COMPLETE if has_value else states.FAIL,
                        value=value if has_value else None,
                        params=self._drawn[number],
                        distributions=self._distributions,
                        user_attrs={"metrics": metrics, "error": error},
                    )
                )
            self.trials()
        trials = self.trials()
        if all(trial.error for trial in trials):
            raise InputError(f"Every trial failed, the first one because: {trials[0].error}")
        return ranked(trials, self.maximize)

    def _directory(self, number: int) -> Path:
        return self.output_dir / f"trial_{number:03d}"

    def _open(self) -> optuna.Study | None:
        """Return what the journal holds, None if it was killed before it said what is searched."""
        path = self.output_dir / JOURNAL
        another = "; give another --output_dir."
        if not path.exists() or b"\n" not in path.read_bytes():
            return None
        try:
            study = optuna.load_study(study_name=STUDY, storage=_storage(path))
            stored = study.user_attrs
            if "settings" not in stored and not study.trials:
                return None
            given, settings = stored["given"], stored["settings"]
        except (ValueError, KeyError, TypeError) as error:
            raise InputError(f"{path} is damaged: {error}{another}") from error
        for name, value in self._given.items():
            if name in given and given[name] != value:
                raise InputError(
                    f"{self.output_dir} is a search of --{name}={given[name]!r}, not {value!r}"
                    f"{another}"
                )
        if any(theirs != ours for theirs, ours in zip(settings, self.settings, strict=False)):
            raise InputError(f"{self.output_dir} is a search in other ranges{another}")
        return study

    def _begun(self) -> optuna.Study:
        with naming_file(self.output_dir / JOURNAL):
            return self._stored()

    def _stored(self) -> optuna.Study:
        path = self.output_dir / JOURNAL
        if self._study is not None:
            _drop_torn_line(path)
        else:
            self.output_dir.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)
            self._study = optuna.create_study(
                study_name=STUDY,
                storage=_storage(path),
                direction="maximize" if self.maximize else "minimize",
            )
            self._study.set_user_attr("given", self._given)
        if len(self._study.user_attrs.get("settings", [])) < len(self.settings):
            self._study.set_user_attr("settings", self.settings)
        return self._study


def _drop_torn_line(path: Path) -> None:
    """Cut off what a killed process wrote of a line: the next one would be appended to it."""
    whole = path.read_bytes().rfind(b"\n") + 1
    if whole < path.stat().st_size:
        os.truncate(path, whole)


def _storage(path: Path) -> optuna.storages.JournalStorage:
    return optuna.storages.JournalStorage(JournalFileBackend(str(path)))


def ranked(trials: Sequence[Trial], maximize: bool) -> list[Trial]:
    """Return trials, best first; those that failed or diverged come last."""
    finite = [trial for trial in trials if math.isfinite(trial.value)]
    finite.sort(key=lambda trial: -trial.value if maximize else trial.value)
    return [*finite, *(trial for trial in trials if not math.isfinite(trial.value))]


def table(trials: Sequence[Trial], metric: str) -> list[str]:
    """Return a line a trial: its directory's name, its objective and settings."""
    rows = [["trial", metric, *trials[0].settings]]
    for trial in trials:
        value = "failed" if trial.error else f"{trial.value:.4f}"
        rows.append([trial.directory.name, value, *map(str, trial.settings.values())])
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in rows
    ]


def write_experiment(
    output_dir: str | Path, names: Iterable[str], metrics: Sequence[tuple[str, str]]
) -> None:
    """Tell TensorBoard's HParams tab what is searched and what is measured.

    Of each metric, the objective first, the name and the tag in eval/.
    """
    import tensorflow as tf
    from tensorboard.plugins.hparams import api as hp

    with tf.summary.create_file_writer(str(output_dir)).as_default(0):
        hp.hparams_config(
            hparams=[hp.HParam(name) for name in names],
            metrics=[hp.Metric(tag, group="eval", display_name=name) for name, tag in metrics],
        )


def write_trial(directory: Path, settings: Mapping[str, Any], has_failed: bool) -> None:
    """Tell it a trial's settings and how it ended; its metrics are in its own eval/."""
    import tensorflow as tf
    from tensorboard.plugins.hparams import api as hp
    from tensorboard.plugins.hparams import api_pb2
    from tensorboard.plugins.hparams.summary import session_end_pb

    told = {
        name: value if isinstance(value, (bool, int, float, str)) else str(value)
        for name, value in settings.items()
    }
    status = api_pb2.STATUS_FAILURE if has_failed else api_pb2.STATUS_SUCCESS
    with tf.summary.create_file_writer(str(directory)).as_default(0):
        hp.hparams(told, trial_id=directory.name)
        tf.summary.experimental.write_raw_pb(session_end_pb(status).SerializeToString(), step=0)
