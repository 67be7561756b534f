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

from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.cluster import check_one_process
from t2t_hint_nart.bin.flag import require
from t2t_hint_nart.bin.hparams_search import search
from t2t_hint_nart.bin.schedules import SCHEDULES, find_schedule
from t2t_hint_nart.bin.shared_flags import (
    define_data_flags,
    define_decode_flags,
    define_model_flags,
    made_tmp_dir,
)
from t2t_hint_nart.bin.t2t_flags import define_trainer_only_flags, define_training_device_flags
from t2t_hint_nart.bin.trainer_session import TrainerSession
from t2t_hint_nart.files.directory_lock import directory_lock
from t2t_hint_nart.hparam import HParams

# Of which --print_lr tells the learning rate.
_STEPS = (1, 10, 100, 1000, 2000, 4000, 8000, 16000, 32000, 64000, 100000, 250000)


# How long and how training runs.
define_training_flags = flag.group(
    schedule=flag.string(
        "continuous_train_and_eval",
        f"What to do: {', '.join(SCHEDULES)}.",
    ),
    train_steps=flag.count(250000, "Step to train to."),
    local_eval_frequency=flag.count(
        1000, "Steps between checkpoints, each followed by an evaluation."
    ),
    save_checkpoints_secs=flag.count(
        0,
        "Seconds between checkpoints, in place of --local_eval_frequency steps if not 0.",
        least=0,
    ),
    keep_checkpoint_max=flag.count(20, "Checkpoints that are kept, 0 for all.", least=0),
    keep_checkpoint_every_n_hours=flag.count(
        10000, "Besides those, one checkpoint every so many hours is kept.", least=0
    ),
    log_step_count_steps=flag.count(100, "Steps between progress lines."),
    random_seed=flag.integer(None, "Seed of weights, dropout and data order."),
    generate_data=flag.boolean(False, "Generate the problem's data first."),
    warm_start_from=flag.path(
        None, "Checkpoint, or directory of some, whose shared variables a fresh run starts with."
    ),
    teacher_export_dir=flag.path(None, "SavedModel of the teacher whose hints train the student."),
    print_lr=flag.boolean(False, "Print the set's learning rate by step, and exit."),
)

# What is evaluated, and when that ends training.
define_evaluation_flags = flag.group(
    eval_steps=flag.count(100, "Batches of an evaluation.", least=0),
    eval_throttle_seconds=flag.count(
        600,
        "With --schedule=train_and_evaluate, seconds from one evaluation to the next at least.",
        least=0,
    ),
    eval_timeout_mins=flag.integer(
        240,
        "Minutes that the continuous_eval and continuous_decode schedules wait for a checkpoint; "
        "-1 without end.",
    ),
    eval_use_test_set=flag.boolean(False, "Evaluate on the test set."),
    eval_run_autoregressive=flag.boolean(
        False,
        "Decode, too, at every evaluation, and report BLEU; --decode_hparams=num_samples=200 "
        "limits the sentences.",
    ),
    eval_early_stopping_metric=flag.string(
        "loss",
        "Metric of the best checkpoint, kept in best/, and of early stopping: a name such as "
        "accuracy or BLEU_cased, or its TensorBoard tag.",
    ),
    eval_early_stopping_steps=flag.count(
        None, "Stop when the metric hasn't improved for so many steps."
    ),
    eval_early_stopping_metric_minimize=flag.boolean(
        None, "Whether a lower metric is better; by default of the loss alone."
    ),
    eval_early_stopping_metric_delta=flag.number(
        0.1, "What counts as an improvement for early stopping."
    ),
)

# What the decoding schedules read and write.
define_decoding_flags = flag.group(
    decode_from_file=flag.path("", "Text file to translate, one sentence a line."),
    decode_to_file=flag.path(
        "",
        "Where translations go, as <this>-<step>; by default decode/<problem> in --output_dir, "
        "decode/<problem>.test and .train of the other splits.",
    ),
    decode_reference=flag.path(
        "", "References of --decode_from_file or, without it, of the data set, for BLEU."
    ),
)

# The search for hyperparameters.
define_search_flags = flag.group(
    hparams_range=flag.string(
        None, "Registered ranges: train with random values of them, in trial_NNN of --output_dir."
    ),
    autotune_objective=flag.string(
        None, "Metric that says which trial is best, a name or a tag; the loss by default."
    ),
    autotune_maximize=flag.boolean(
        None, "Whether a higher objective is better; by default of all but the loss."
    ),
    autotune_max_trials=flag.count(10, "Number of trials."),
)


def _main(values: flags.FlagValues) -> None:
    schedule = find_schedule(values.schedule)
    if values.print_lr:
        _print_lr(values)
        return
    session = TrainerSession(values)
    if values.generate_data:
        check_one_process("--generate_data")
        session.problem.progress = lambda line: print(line, flush=True)
        with directory_lock(values.data_dir):
            session.problem.generate_data(values.data_dir, made_tmp_dir(values))
    if values.hparams_range:
        check_one_process("a search")
        with directory_lock(values.output_dir):
            search(values)
    else:
        schedule(session)


def _print_lr(values: flags.FlagValues) -> None:
    require(values, "hparams_set")
    from t2t_hint_nart import registry
    from t2t_hint_nart.output_dir import add_train_steps, create_hparams

    hparams = create_hparams(values.hparams_set, values.hparams, values.output_dir)
    registry.optimizer(hparams.optimizer)
    add_train_steps(hparams, values.train_steps)
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
    define_training_device_flags,
    define_trainer_only_flags,
    trains=True,
)
