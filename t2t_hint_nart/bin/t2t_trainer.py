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
from t2t_hint_nart.bin.flags import define_data_flags, define_decode_flags, define_model_flags
from t2t_hint_nart.bin.hparams_search import search
from t2t_hint_nart.bin.print_lr import learning_rate_lines
from t2t_hint_nart.bin.refused_flags import check_refused_flags, define_refused_flags
from t2t_hint_nart.bin.required import require
from t2t_hint_nart.bin.schedules import find_schedule
from t2t_hint_nart.bin.trainer_flags import (
    define_decoding_flags,
    define_evaluation_flags,
    define_search_flags,
    define_training_flags,
)
from t2t_hint_nart.bin.trainer_session import TrainerSession


def _main(values: flags.FlagValues) -> None:
    check_refused_flags(values)
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


def main() -> None:
    """Run the command."""
    command_line.run(
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
