"""Train a model: the teacher (--model=transformer) or a student (--model=transformer_nat).

Hyperparameters come from --hparams_set, then from hparams.json in --output_dir if there is one,
then from --hparams. Training resumes from the newest checkpoint in --output_dir exactly where it
stopped. A student whose set gives a hint a weight needs --teacher_export_dir.

Examples:
  t2t-trainer --problem=translate_deen_quickstart --data_dir=data --output_dir=runs/teacher \
    --model=transformer --hparams_set=transformer_quickstart --train_steps=1000
  t2t-trainer --problem=translate_deen_quickstart_distill --data_dir=data \
    --output_dir=runs/student --model=transformer_nat \
    --hparams_set=transformer_nat_quickstart_hints --teacher_export_dir=runs/teacher/export \
    --train_steps=1000
"""

from absl import flags

from t2t_hint_nart.bin import command_line
from t2t_hint_nart.bin.flags import define_data_flags, define_model_flags
from t2t_hint_nart.bin.required import require
from t2t_hint_nart.errors import check_choice

SCHEDULES = ("train", "train_and_evaluate", "continuous_train_and_eval", "evaluate", "test")


def define_flags(values: flags.FlagValues) -> None:
    """Define the flags of training, T2T's names and defaults."""
    flags.DEFINE_string(
        "schedule",
        "continuous_train_and_eval",
        f"What to do: {', '.join(SCHEDULES)} (one step of training and evaluation).",
        flag_values=values,
    )
    flags.DEFINE_integer("train_steps", 250000, "Step to train to.", flag_values=values)
    flags.DEFINE_integer("eval_steps", 100, "Batches of an evaluation.", flag_values=values)
    flags.DEFINE_integer(
        "local_eval_frequency",
        1000,
        "Steps between checkpoints, each followed by an evaluation.",
        flag_values=values,
    )
    flags.DEFINE_integer(
        "log_step_count_steps", 100, "Steps between progress lines.", flag_values=values
    )
    flags.DEFINE_integer(
        "keep_checkpoint_max", 20, "Checkpoints that are kept.", flag_values=values
    )
    flags.DEFINE_integer(
        "random_seed", None, "Seed of weights, dropout and data order.", flag_values=values
    )
    flags.DEFINE_bool(
        "generate_data", False, "Generate the problem's data first.", flag_values=values
    )
    flags.DEFINE_bool("eval_use_test_set", False, "Evaluate on the test set.", flag_values=values)
    flags.DEFINE_string(
        "warm_start_from",
        None,
        "Checkpoint, or directory of some, whose shared variables a fresh run starts with.",
        flag_values=values,
    )
    flags.DEFINE_string(
        "teacher_export_dir",
        None,
        "SavedModel of the teacher whose hints train the student.",
        flag_values=values,
    )


def _main(values: flags.FlagValues) -> None:
    require(values, "model", "hparams_set", "problem", "data_dir", "output_dir")
    check_choice("--schedule", values.schedule, SCHEDULES)
    from t2t_hint_nart import registry
    from t2t_hint_nart.output_dir import create_hparams, write_flags

    problem = registry.problem(values.problem)
    registry.check_model(values.model)
    hparams = create_hparams(values.hparams_set, values.hparams, values.output_dir)
    if values.generate_data:
        problem.generate_data(values.data_dir, values.tmp_dir)

    from t2t_hint_nart.training.experiment import Experiment, Run

    teacher_dir = values.teacher_export_dir or hparams.get("teacher_export_dir", "")
    if teacher_dir and "teacher_export_dir" in hparams:
        hparams.teacher_export_dir = teacher_dir
    experiment = Experiment(
        Run(
            values.model,
            hparams,
            problem,
            values.data_dir,
            values.output_dir,
            teacher_dir,
            values.random_seed if values.random_seed is not None else 1,
            values.warm_start_from or "",
        )
    )
    if values.schedule == "evaluate":
        _evaluate(values, experiment)
        return
    write_flags(values.output_dir, values.flags_into_string())
    _train(values, experiment)


def _evaluate(values: flags.FlagValues, experiment) -> None:
    from t2t_hint_nart.data.dataset_split import DatasetSplit

    split = DatasetSplit.TEST if values.eval_use_test_set else DatasetSplit.EVAL
    for name, value in experiment.evaluate(split, values.eval_steps).items():
        print(f"{name}: {value:.6f}")


def _train(values: flags.FlagValues, experiment) -> None:
    from t2t_hint_nart.training.loop import LoopSettings

    test = values.schedule == "test"
    step = experiment.train(
        LoopSettings(
            train_steps=1 if test else values.train_steps,
            checkpoint_steps=values.local_eval_frequency,
            log_steps=1 if test else values.log_step_count_steps,
            keep_checkpoint_max=values.keep_checkpoint_max,
        ),
        eval_steps=1 if test else (0 if values.schedule == "train" else values.eval_steps),
    )
    where = f"--model={values.model} --hparams_set={values.hparams_set} --problem={values.problem} "
    print(
        f"Trained to step {step}. Translate with:\n"
        f"  t2t-decoder {where}--data_dir={values.data_dir} --output_dir={values.output_dir} "
        "--decode_interactive"
    )


def main() -> None:
    """Run the command."""
    command_line.run(_main, "t2t-trainer", define_data_flags, define_model_flags, define_flags)
