"""The flags of t2t-trainer, T2T's names and defaults. Must not import TensorFlow."""

from absl import flags

from t2t_hint_nart.bin.path_flag import define_path
from t2t_hint_nart.bin.schedules import SCHEDULES


def define_training_flags(values: flags.FlagValues) -> None:
    """Define how long and how training runs."""
    flags.DEFINE_string(
        "schedule",
        "continuous_train_and_eval",
        f"What to do: {', '.join(name for name in SCHEDULES if name != 'run_std_server')}.",
        flag_values=values,
    )
    flags.DEFINE_integer("train_steps", 250000, "Step to train to.", flag_values=values)
    flags.DEFINE_integer(
        "local_eval_frequency",
        1000,
        "Steps between checkpoints, each followed by an evaluation.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "save_checkpoints_secs",
        0,
        "Seconds between checkpoints, in place of --local_eval_frequency steps if not 0.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "keep_checkpoint_max", 20, "Checkpoints that are kept, 0 for all.", flag_values=values
    )
    flags.DEFINE_integer(
        "keep_checkpoint_every_n_hours",
        10000,
        "Besides those, one checkpoint every so many hours is kept.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "log_step_count_steps", 100, "Steps between progress lines.", flag_values=values
    )
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
    flags.DEFINE_integer("eval_steps", 100, "Batches of an evaluation.", flag_values=values)
    flags.DEFINE_integer(
        "eval_throttle_seconds",
        600,
        "With --schedule=train_and_evaluate, seconds from one evaluation to the next at least.",
        flag_values=values,
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
    flags.DEFINE_integer(
        "eval_early_stopping_steps",
        None,
        "Stop when the metric hasn't improved for so many steps.",
        flag_values=values,
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
    flags.DEFINE_integer("autotune_max_trials", 10, "Number of trials.", flag_values=values)
