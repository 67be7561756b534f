r"""Translate a problem's training data with a teacher, as the problem <problem>_distill.

Students learn from these translations (sequence-level distillation). An interrupted run goes on
where it stopped; what the same teacher has finished is left alone, another one's work isn't
replaced.

With --num_workers several processes decode at the same time; with --ray_address they are on the
machines of a Ray cluster, which needs pip install "t2t-hint-nart[cluster]". One that is killed is
replaced, and the shards are those of one process.

Examples:
  t2t-distill --problem=translate_deen_quickstart --data_dir=data \
    --teacher_export_dir=runs/teacher/export
  t2t-distill --problem=translate_deen_quickstart --data_dir=data \
    --teacher_export_dir=runs/teacher/export --num_workers=4
  t2t-distill --problem=translate_ende_wmt32k --data_dir=/shared/data \
    --teacher_export_dir=/shared/runs/teacher/export --ray_address=auto
"""

import sys
from collections.abc import Callable, Generator, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.flag import require
from t2t_hint_nart.bin.shared_flags import define_data_flags, define_thread_flags
from t2t_hint_nart.files.directory_lock import directory_lock
from t2t_hint_nart.files.whole_file import check_directory
from t2t_hint_nart.printed_command import printed_command

if TYPE_CHECKING:
    from t2t_hint_nart.data.distill_problem import DistillProblem
    from t2t_hint_nart.data.sentence_batches import SentenceBatch
    from t2t_hint_nart.serving.distillation import Decode, DistantTeacher
    from t2t_hint_nart.serving.teacher_workers import Decoded

_TRAIN_APART = "train teacher and student with t2t-trainer"

# The teacher and the batch.
define_flags = flag.group(
    teacher_export_dir=flag.path(None, "Export of the teacher, of any format."),
    batch_size=flag.count(32, "Sentences decoded at a time."),
    n_gram_order=flag.count(
        0, "Largest n of an n-gram model of the translations, for a search; 0 for none.", least=0
    ),
    num_workers=flag.count(
        None,
        "Other processes that decode, each on the CPU and with one thread unless the flags of "
        "threads say otherwise; by default this one decodes, of a cluster as many as it has room "
        "for.",
    ),
    ray_address=flag.string(
        "",
        "Ray cluster whose machines decode: auto for the one that this machine is part of, its "
        "head's address as 10.0.0.1:6379, or local. A worker has a GPU if the cluster has any.",
    ),
    skip_teacher_training=flag.refused(False, _TRAIN_APART),
    teacher_dir=flag.refused(None, _TRAIN_APART),
    student_dir=flag.refused(None, _TRAIN_APART),
)


def _main(values: flags.FlagValues) -> None:
    require(values, "problem", "data_dir", "teacher_export_dir")
    check_directory(values.data_dir)
    if values.ray_address:
        from t2t_hint_nart.serving.ray_workers import check_installed

        check_installed()
    from t2t_hint_nart import registry

    name = values.problem.removesuffix("_distill")
    problem = registry.problem(f"{name}_distill")
    problem.progress = lambda line: print(f"{problem.name}: {line}", file=sys.stderr, flush=True)
    with directory_lock(values.data_dir):
        count = _distill(values, problem)
        n_grams = ""
        if values.n_gram_order:
            from t2t_hint_nart.serving.distillation import write_n_gram_model

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


def _distill(values: flags.FlagValues, problem: "DistillProblem") -> int:
    """Distil in this process or by workers, and return the number of pairs."""
    from t2t_hint_nart.exports.capabilities import ExportedTranslator
    from t2t_hint_nart.serving.distillation import DistantTeacher, distill

    export_dir, batch_size = values.teacher_export_dir, values.batch_size
    if not values.ray_address and values.num_workers is None:
        return distill(ExportedTranslator(export_dir), problem, values.data_dir, batch_size)
    import tensorflow as tf

    # It only reads shards here: the memory of GPUs is left to workers.
    tf.config.set_visible_devices([], "GPU")
    teacher = DistantTeacher(export_dir)
    decode = _decode_by_workers(values, teacher, problem.progress)
    return distill(teacher, problem, values.data_dir, batch_size, decode=decode)


def _decode_by_workers(
    values: flags.FlagValues, teacher: "DistantTeacher", tell: Callable[[str], None]
) -> "Decode":
    """What starts workers, once there is something to decode."""
    from t2t_hint_nart.serving.teacher_workers import Workers, WorkerSettings, decoded_by_workers
    from t2t_hint_nart.user_directory import imported_directories

    settings = WorkerSettings(
        str(Path(teacher.export_dir).absolute()),
        imported_directories(),
        values.intra_op_parallelism_threads,
        values.inter_op_parallelism_threads,
    )

    def decode(batches: "Iterable[SentenceBatch]") -> "Generator[list[Decoded], None, None]":
        workers: Workers
        if values.ray_address:
            from t2t_hint_nart.serving.ray_workers import RayWorkers

            workers = RayWorkers(settings, values.ray_address, tell)
            number = values.num_workers or workers.room
        else:
            from t2t_hint_nart.serving.worker_processes import WorkerProcesses

            workers, number = WorkerProcesses(settings), values.num_workers
        fingerprint = teacher.metadata.weights_fingerprint
        return decoded_by_workers(workers, number, fingerprint, batches, tell)

    return decode


main = command_line.command(
    _main, "t2t-distill", define_data_flags, define_flags, define_thread_flags
)
