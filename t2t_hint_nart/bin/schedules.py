"""What t2t-trainer can do: `--schedule`, by the names of T2T's experiment methods.

In: a `TrainerSession`. Out: checkpoints, summaries and files in its output_dir, and lines on
stdout. Must not import TensorFlow at import.
"""

from collections.abc import Callable, Iterator
from contextlib import nullcontext

from t2t_hint_nart.bin.named_model import decoder_command, to_stderr
from t2t_hint_nart.bin.trainer_session import TrainerSession
from t2t_hint_nart.data.problem import DatasetSplit
from t2t_hint_nart.errors import InputError, nearest
from t2t_hint_nart.files.directory_lock import directory_lock

Schedule = Callable[[TrainerSession], None]


def train(session: TrainerSession) -> None:
    """Train, without evaluation."""
    if session.values.eval_early_stopping_steps is not None:
        raise InputError(
            "--eval_early_stopping_steps needs evaluations, which --schedule=train has none of; "
            "use continuous_train_and_eval."
        )
    _train(session, eval_steps=0)


def train_and_evaluate(session: TrainerSession) -> None:
    """Train; evaluate checkpoints, at most one every --eval_throttle_seconds, and the last."""
    throttle = session.values.eval_throttle_seconds
    _train(session, session.values.eval_steps, eval_throttle_seconds=throttle)


def continuous_train_and_eval(session: TrainerSession) -> None:
    """Train; evaluate every checkpoint."""
    _train(session, session.values.eval_steps)


def train_eval_and_decode(session: TrainerSession) -> None:
    """Train; evaluate every checkpoint and decode the dev set with it."""
    _train(session, session.values.eval_steps, writes_decodes=True)


def test(session: TrainerSession) -> None:
    """Do one step of training and evaluate one batch: does everything fit together?"""
    _train(session, 1, train_steps=1, log_steps=1)


def evaluate(session: TrainerSession) -> None:
    """Evaluate the newest checkpoint."""
    _evaluate(session, [_newest(session)], session.split)


def evaluate_on_train_data(session: TrainerSession) -> None:
    """Evaluate the newest checkpoint on training data."""
    _evaluate(session, [_newest(session)], DatasetSplit.TRAIN)


def continuous_eval(session: TrainerSession) -> None:
    """Evaluate the newest checkpoint whenever there is a new one."""
    _evaluate(session, _new_checkpoints(session), session.split)


def continuous_eval_on_train_data(session: TrainerSession) -> None:
    """Evaluate the newest checkpoint on training data whenever there is a new one."""
    _evaluate(session, _new_checkpoints(session), DatasetSplit.TRAIN)


def decode(session: TrainerSession) -> None:
    """Translate --decode_from_file or the dev set with the newest checkpoint."""
    _decode(session, [_newest(session)], session.split)


def continuous_decode(session: TrainerSession) -> None:
    """Translate --decode_from_file or the dev set with every new checkpoint."""
    _decode(session, _new_checkpoints(session), session.split)


def continuous_decode_on_train_data(session: TrainerSession) -> None:
    """Translate the training data with every new checkpoint."""
    _decode(session, _new_checkpoints(session), DatasetSplit.TRAIN, from_file=False)


def continuous_decode_on_eval_data(session: TrainerSession) -> None:
    """Translate the dev set with every new checkpoint."""
    _decode(session, _new_checkpoints(session), DatasetSplit.EVAL, from_file=False)


def continuous_decode_from_file(session: TrainerSession) -> None:
    """Translate --decode_from_file with every new checkpoint."""
    if not session.values.decode_from_file:
        raise InputError("--schedule=continuous_decode_from_file needs --decode_from_file.")
    _decode(session, _new_checkpoints(session), session.split)


SCHEDULES: dict[str, Schedule] = {
    schedule.__name__: schedule
    for schedule in (
        train,
        train_and_evaluate,
        continuous_train_and_eval,
        train_eval_and_decode,
        evaluate,
        evaluate_on_train_data,
        continuous_eval,
        continuous_eval_on_train_data,
        test,
        decode,
        continuous_decode,
        continuous_decode_on_train_data,
        continuous_decode_on_eval_data,
        continuous_decode_from_file,
    )
}


def find_schedule(name: str) -> Schedule:
    """Return the schedule of that name.

    Raises:
        InputError: there is none, or it is refused.
    """
    if name == "run_std_server":
        raise InputError(f"--schedule={name} isn't supported: training has no parameter servers.")
    if name not in SCHEDULES:
        raise InputError(
            f"Unknown --schedule {name!r}; allowed are {', '.join(SCHEDULES)}."
            f"{nearest(name, SCHEDULES)}"
        )
    return SCHEDULES[name]


def _train(
    session: TrainerSession, eval_steps: int, writes_decodes: bool = False, **changes: float
) -> None:
    from t2t_hint_nart.output_dir import write_flags

    values = session.values
    settings = session.loop_settings(**changes)
    with directory_lock(session.output_dir) if session.worker.is_chief else nullcontext():
        experiment = session.experiment
        extras = session.extras(writes_decodes) if eval_steps else None
        step = experiment.train(
            settings,
            eval_steps,
            on_start=lambda: write_flags(session.output_dir, values.flags_into_string()),
            **({"extras": extras, "split": session.split} if extras else {}),
        )
    if not session.worker.is_chief:
        return
    command = decoder_command(values, session.output_dir)
    print(f"Trained to step {step}. Translate with:\n  {command}")


def _newest(session: TrainerSession) -> str:
    from t2t_hint_nart.training.checkpoint_files import find_checkpoint

    return find_checkpoint(session.output_dir)


def _new_checkpoints(session: TrainerSession) -> Iterator[str]:
    """Return new checkpoints until the one of --train_steps, or until none comes any more."""
    from t2t_hint_nart.training.checkpoint_files import new_checkpoints

    values = session.values
    return new_checkpoints(session.output_dir, values.eval_timeout_mins, values.train_steps)


def _evaluate(session: TrainerSession, checkpoints: Iterator[str] | list[str], split: str) -> None:
    session.evaluates_only = True
    results = session.experiment.evaluate_checkpoints(
        checkpoints,
        split,
        session.values.eval_steps,
        session.extras(split=split),
        "eval" if split != DatasetSplit.TRAIN else "eval_train",
    )
    for scalars in list(results.values())[-1:]:
        for name, value in scalars.items():
            print(f"{name}: {value:.6f}")
    if not results:
        raise InputError(f"No checkpoint appeared in {session.output_dir}.")


def _decode(
    session: TrainerSession,
    checkpoints: Iterator[str] | list[str],
    split: str,
    from_file: bool = True,
) -> None:
    source = session.decoded_file if from_file else ""
    run = found = path = None
    for _, trained in session.named.load_each(checkpoints):
        if run is None and source:
            run = session.file_decode(trained)
        elif run is None:
            run = session.dataset_decode(trained, split, say=to_stderr)
        found, path = run.translate(trained.step), run.path(trained.step)
        shown = "  ".join(f"{name} {score:.2f}" for name, score in found.scores().items())
        print(f"Decoded with step {trained.step} to {path}  {shown}", flush=True)
    if found is None:
        raise InputError(f"No checkpoint appeared in {session.output_dir}.")
    # The same sentences with every checkpoint.
    found.check_complete(source or f"{session.problem.name}'s {split} set", path)
