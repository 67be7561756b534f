r"""Translate a problem's training data with a teacher, as the problem <problem>_distill.

Students learn from these translations (sequence-level distillation). An interrupted run goes on
where it stopped; what the same teacher has finished is left alone, another one's work isn't
replaced.

Example:
  t2t-distill --problem=translate_deen_quickstart --data_dir=data \
    --teacher_export_dir=runs/teacher/export
"""

import sys

from absl import flags

from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.flag import define_data_flags, define_thread_flags, require
from t2t_hint_nart.directory_lock import directory_lock
from t2t_hint_nart.printed_command import printed_command
from t2t_hint_nart.whole_file import check_directory

_TRAIN_APART = "train teacher and student with t2t-trainer"

# The teacher and the batch.
define_flags = flag.group(
    teacher_export_dir=flag.path(None, "SavedModel of the teacher."),
    batch_size=flag.count(32, "Sentences decoded at a time."),
    n_gram_order=flag.count(
        0, "Largest n of an n-gram model of the translations, for a search; 0 for none.", least=0
    ),
    skip_teacher_training=flag.refused(False, _TRAIN_APART),
    teacher_dir=flag.refused(None, _TRAIN_APART),
    student_dir=flag.refused(None, _TRAIN_APART),
)


def _main(values: flags.FlagValues) -> None:
    require(values, "problem", "data_dir", "teacher_export_dir")
    check_directory(values.data_dir)
    from t2t_hint_nart import registry

    name = values.problem.removesuffix("_distill")
    problem = registry.problem(f"{name}_distill")
    problem.progress = lambda line: print(f"{problem.name}: {line}", file=sys.stderr, flush=True)
    with directory_lock(values.data_dir):
        from t2t_hint_nart.exports.capabilities import ExportedTranslator
        from t2t_hint_nart.serving.distillation import distill, write_n_gram_model

        teacher = ExportedTranslator(values.teacher_export_dir)
        count = distill(teacher, problem, values.data_dir, values.batch_size)
        n_grams = ""
        if values.n_gram_order:
            n_grams = write_n_gram_model(problem, values.data_dir, values.n_gram_order)
    command = printed_command(
        "t2t-trainer",
        problem=problem.name,
        data_dir=values.data_dir,
        model="transformer_nat",
        hparams_set="...",
        output_dir="...",
        teacher_export_dir=values.teacher_export_dir,
    )
    print(
        f"{count} pairs of {problem.name} in {values.data_dir}. Train a student with:\n  {command}"
    )
    if n_grams:
        print(
            "A student whose output is collapsed searches with an n-gram model of them by:\n"
            f"  --decode_hparams=prefix_beam=20,n_gram_model={n_grams}"
        )


main = command_line.command(
    _main, "t2t-distill", define_data_flags, define_flags, define_thread_flags
)
