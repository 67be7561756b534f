r"""Train a model: the teacher (--model=transformer) or a student (--model=transformer_nat).

Hyperparameters come from --hparams_set, then from hparams.json in --output_dir if there is one,
then from --hparams. Training resumes from the newest checkpoint in --output_dir exactly where it
stopped. A student whose set gives a hint a weight needs --teacher_export_dir. The best checkpoint
by --eval_early_stopping_metric is kept in best/.

Examples:
  t2t-trainer --problem=translate_deen_quickstart --data_dir=data --output_dir=runs/teacher \
    --model=transformer --hparams_set=transformer_quickstart --train_steps=1000
  t2t-trainer --problem=translate_deen_quickstart_distill --data_dir=data \
    --output_dir=runs/student --model=transformer_nat \
    --hparams_set=transformer_nat_quickstart_hints --teacher_export_dir=runs/teacher/export \
    --train_steps=1000 --eval_early_stopping_metric=BLEU_cased --eval_early_stopping_steps=300
  t2t-trainer --problem=translate_deen_quickstart --data_dir=data --output_dir=runs/search \
    --model=transformer --hparams_set=transformer_quickstart --train_steps=200 \
    --hparams_range=transformer_base_range --autotune_max_trials=5
  t2t-trainer --hparams_set=transformer_base_v3 --print_lr
"""

from absl import flags

from t2t_hint_nart.bin import command_line
from t2t_hint_nart.bin.flags import (
    define_count,
    define_data_flags,
    define_decode_flags,
    define_model_flags,
    define_path,
    require,
)
from t2t_hint_nart.bin.hparams_search import search
from t2t_hint_nart.bin.refused_flags import define_refused_flags
from t2t_hint_nart.bin.schedules import SCHEDULES, find_schedule
from t2t_hint_nart.bin.trainer_session import TrainerSession
from t2t_hint_nart.hparam import HParams

# Of which --print_lr tells the learning rate.
_STEPS = (1, 10, 100, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 100000, 250000)


def define_training_flags(values: flags.FlagValues) -> None:
    """Define how long and how training runs."""
    flags.DEFINE_string(
        "schedule",
        "continuous_train_and_eval",
        f"What to do: {', '.join(name for name in SCHEDULES if name != 'run_std_server')}.",
        flag_values=values,
    )
    define_count("train_steps", 250000, "Step to train to.", values)
    define_count(
        "local_eval_frequency",
        1000,
        "Steps between checkpoints, each followed by an evaluation.",
        values,
    )
    define_count(
        "save_checkpoints_secs",
        0,
        "Seconds between checkpoints, in place of --local_eval_frequency steps if not 0.",
        values,
        0,
    )
    define_count("keep_checkpoint_max", 20, "Checkpoints that are kept, 0 for all.", values, 0)
    define_count(
        "keep_checkpoint_every_n_hours",
        10000,
        "Besides those, one checkpoint every so many hours is kept.",
        values,
        0,
    )
    define_count("log_step_count_steps", 100, "Steps between progress lines.", values)
    flags.DEFINE_integer(
        "random_seed", None, "Seed of weights, dropout and data order.", flag_values=values
    )
    flags.DEFINE_bool(
        "generate_data", False, "Generate the problem's data first.", flag_values=values
    )
    define_path(
        "warm_start_from",
        None,
        "Checkpoint, or directory of some, whose shared variables a fresh run starts with.",
        values,
    )
    define_path(
        "teacher_export_dir",
        None,
        "SavedModel of the teacher whose hints train the student.",
        values,
    )
    flags.DEFINE_bool(
        "print_lr", False, "Print the set's learning rate by step, and exit.", flag_values=values
    )


def define_evaluation_flags(values: flags.FlagValues) -> None:
    """Define what is evaluated, and when that ends training."""
    define_count("eval_steps", 100, "Batches of an evaluation.", values, 0)
    define_count(
        "eval_throttle_seconds",
        600,
        "With --schedule=train_and_evaluate, seconds from one evaluation to the next at least.",
        values,
        0,
    )
    flags.DEFINE_integer(
        "eval_timeout_mins",
        240,
        "Minutes that the continuous_eval and continuous_decode schedules wait for a checkpoint.",
        flag_values=values,
    )
    flags.DEFINE_bool("eval_use_test_set", False, "Evaluate on the test set.", flag_values=values)
    flags.DEFINE_bool(
        "eval_run_autoregressive",
        False,
        "Decode, too, at every evaluation, and report BLEU; --decode_hparams=num_samples=200 "
        "limits the sentences.",
        flag_values=values,
    )
    flags.DEFINE_string(
        "eval_early_stopping_metric",
        "loss",
        "Metric of the best checkpoint, kept in best/, and of early stopping: a name such as "
        "accuracy or BLEU_cased, or its TensorBoard tag.",
        flag_values=values,
    )
    define_count(
        "eval_early_stopping_steps",
        None,
        "Stop when the metric hasn't improved for so many steps.",
        values,
    )
    flags.DEFINE_bool(
        "eval_early_stopping_metric_minimize",
        None,
        "Whether a lower metric is better; by default of the loss alone.",
        flag_values=values,
    )
    flags.DEFINE_float(
        "eval_early_stopping_metric_delta",
        0.1,
        "What counts as an improvement for early stopping.",
        flag_values=values,
    )


def define_decoding_flags(values: flags.FlagValues) -> None:
    """Define what the decoding schedules read and write."""
    define_path("decode_from_file", "", "Text file to translate, one sentence a line.", values)
    define_path(
        "decode_to_file",
        "",
        "Where translations go, as <this>-<step>; by default decode/<problem> in --output_dir, "
        "decode/<problem>.test and .train of the other splits.",
        values,
    )
    define_path("decode_reference", "", "References of --decode_from_file, for BLEU.", values)


def define_search_flags(values: flags.FlagValues) -> None:
    """Define the search for hyperparameters."""
    flags.DEFINE_string(
        "hparams_range",
        None,
        "Registered ranges: train with random values of them, in trial_NNN of --output_dir.",
        flag_values=values,
    )
    flags.DEFINE_string(
        "autotune_objective",
        None,
        "Metric that says which trial is best, a name or a tag; the loss by default.",
        flag_values=values,
    )
    flags.DEFINE_bool(
        "autotune_maximize",
        None,
        "Whether a higher objective is better; by default of all but the loss.",
        flag_values=values,
    )
    define_count("autotune_max_trials", 10, "Number of trials.", values)


def _main(values: flags.FlagValues) -> None:
    schedule = find_schedule(values.schedule)
    if values.print_lr:
        _print_lr(values)
        return
    session = TrainerSession(values)
    if values.generate_data:
        session.problem.generate_data(values.data_dir, values.tmp_dir)
    if values.hparams_range:
        search(values)
    else:
        schedule(session)


def _print_lr(values: flags.FlagValues) -> None:
    require(values, "hparams_set")
    from t2t_hint_nart.output_dir import create_hparams

    hparams = create_hparams(values.hparams_set, values.hparams, values.output_dir)
    if "train_steps" not in hparams:
        hparams.add_hparam("train_steps", values.train_steps)
    print("\n".join(learning_rate_lines(hparams, values.train_steps)))


def learning_rate_lines(hparams: HParams, train_steps: int) -> list[str]:
    """Return a table of the learning rate.

    Args:
        hparams: the set.
        train_steps: the last step of training; the table ends there.

    Raises:
        InputError: an unknown schedule.
    """
    # Takes TensorFlow's seconds: the schedule is written in keras.ops.
    from t2t_hint_nart.training.learning_rate import LearningRate

    rate = LearningRate(hparams)
    peak, _ = rate.peak(train_steps)
    warmup = int(hparams.learning_rate_warmup_steps)
    steps = sorted({s for s in (*_STEPS, warmup, peak, train_steps) if s <= train_steps})
    notes = {warmup: "end of warm-up", train_steps: "last"}
    notes[peak] = "highest"
    return [f"{'step':>9s}  learning rate"] + [
        f"{step:9d}  {value:.4e}  {notes.get(step, '')}".rstrip()
        for step, value in zip(steps, rate.at(steps), strict=True)
    ]


main = command_line.command(
    _main,
    "t2t-trainer",
    define_data_flags,
    define_model_flags,
    define_decode_flags,
    define_training_flags,
    define_evaluation_flags,
    define_decoding_flags,
    define_search_flags,
    define_refused_flags,
)
