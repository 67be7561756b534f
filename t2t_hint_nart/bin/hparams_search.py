"""`t2t-trainer --hparams_range`: trials with random hyperparameters. No TensorFlow at import."""

import gc
import math
import re
from pathlib import Path
from typing import Any

from absl import flags

from t2t_hint_nart.bin.trainer_session import TrainerSession
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.directory_lock import directory_lock
from t2t_hint_nart.printed_command import printed_command

DEFAULT_OBJECTIVE = "loss"
# Besides the objective, in TensorBoard.
_SHOWN = ("loss", "accuracy", "neg_log_perplexity")
# Flags on which a trial's result depends, besides its drawn settings. Not --data_dir: data move.
_RESULT_FLAGS = (
    "model",
    "hparams_set",
    "hparams",
    "problem",
    "train_steps",
    "eval_steps",
    "eval_use_test_set",
    "eval_early_stopping_steps",
    "eval_early_stopping_metric",
    "eval_early_stopping_metric_minimize",
    "eval_early_stopping_metric_delta",
    "decode_hparams",
    "teacher_export_dir",
    "warm_start_from",
)
# Between assignments, not in a list.
_COMMA = re.compile(r",(?![^\[]*\])")


def search(values: flags.FlagValues) -> None:
    """Run --autotune_max_trials trials, print them and the command that trains the best.

    Each trains to --train_steps; its objective is that of its last evaluation.

    Raises:
        InputError: unknown range or objective, trials of another search, or every trial failed.
    """
    from t2t_hint_nart import registry
    from t2t_hint_nart.data.problem import DatasetSplit
    from t2t_hint_nart.exports.metadata import read_metadata
    from t2t_hint_nart.training.metric_names import lower_is_better, metric_name, metric_tag

    if values.eval_steps < 1:
        raise InputError(f"A search compares evaluations: not --eval_steps={values.eval_steps}.")
    ranges = registry.ranged_hparams(values.hparams_range)
    metric = metric_name(values.autotune_objective or DEFAULT_OBJECTIVE)
    maximize = values.autotune_maximize
    maximize = not lower_is_better(metric) if maximize is None else maximize
    seed = 1 if values.random_seed is None else values.random_seed
    given = {"random_seed": seed, **{name: values[name].value for name in _RESULT_FLAGS}}

    from t2t_hint_nart.training import random_search

    searched = random_search.RandomSearch(
        values.output_dir, ranges, values.autotune_max_trials, metric, maximize, given
    )
    # What the set doesn't have, and data that aren't there, are noticed before the first trial.
    first = TrainerSession(values, overrides=searched.settings[0])
    for split in (DatasetSplit.TRAIN, first.split):
        first.problem.shard_files(values.data_dir, split)
    if first.teacher_dir:
        read_metadata(first.teacher_dir)
    tags = [(name, metric_tag(name, values.problem)) for name in dict.fromkeys((metric, *_SHOWN))]
    random_search.write_experiment(values.output_dir, searched.settings[0], tags)

    def train(settings: dict[str, Any], directory: Path) -> dict[str, float]:
        print(f"{directory.name}: {_assignments(settings)}", flush=True)
        with directory_lock(directory):
            try:
                session = TrainerSession(values, str(directory), settings)
                session.experiment  # noqa: B018 - built here
            except InputError as refused:
                raise random_search.RefusedSettingsError(str(refused)) from refused
            return _train(session, metric)

    trials = searched.run(train)
    print("\n".join(random_search.table(trials, metric)))
    best = trials[0]
    if not math.isfinite(best.value):
        raise InputError(f"No trial is the best: none has a finite {metric}.")
    print(f"Best: {best.directory.name}. Train it with:\n  {_command(values, best.settings)}")


def _train(session: TrainerSession, metric: str) -> dict[str, float]:
    """Train one trial and return the metrics of its last checkpoint, none if they are missing."""
    import keras

    from t2t_hint_nart.output_dir import write_flags
    from t2t_hint_nart.training.early_stopping import EvaluationHistory

    experiment, extras = session.experiment, session.extras(metrics=[metric])
    step = experiment.train(
        session.loop_settings(),
        session.values.eval_steps,
        extras=extras,
        split=session.split,
        on_start=lambda: write_flags(session.output_dir, session.values.flags_into_string()),
    )
    # A model goes before the next one comes.
    keras.backend.clear_session()
    gc.collect()
    history = EvaluationHistory(session.output_dir, session.stopping)
    return history.last() if history.has(step) else {}


def _assignments(settings: dict[str, Any]) -> str:
    return ",".join(f"{name}={value}" for name, value in settings.items())


def _command(values: flags.FlagValues, settings: dict[str, Any]) -> str:
    hparams = ",".join(filter(None, [_without(values.hparams, settings), _assignments(settings)]))
    given = {
        name: values[name].value
        for name in ("data_dir", *_RESULT_FLAGS, "random_seed")
        if values[name].present
    }
    output_dir = Path(values.output_dir) / "best_trial"
    return printed_command("t2t-trainer", **{**given, "output_dir": output_dir, "hparams": hparams})


def _without(hparams: str, settings: dict[str, Any]) -> str:
    """Leave out what the best trial sets: a name may be given once only."""
    parts = _COMMA.split(hparams)
    return ",".join(part for part in parts if part.partition("=")[0].strip() not in settings)
