r"""Export a trained model: text in, text out.

Versions are numbered directories in --export_dir, as model servers expect them; readers take the
newest. A SavedModel's `serving_default` takes strings and returns translations and scores; a
teacher's also gives hints and scores, a student's candidates of several lengths. With
--teacher_export_dir a student's holds a teacher that ranks the candidates, so that the best quality
is one call. --format=litert is for students on a CPU, and for teachers that rank or verify what
they say; --format=ctranslate2 is for teachers that search. With _int8 they are smaller and faster,
and a little less exact.

Examples:
  t2t-exporter --problem=translate_deen_quickstart --data_dir=data --output_dir=runs/teacher \
    --model=transformer --hparams_set=transformer_quickstart --export_dir=runs/teacher/export
  t2t-exporter --problem=translate_deen_quickstart_distill --data_dir=data \
    --output_dir=runs/student --model=transformer_nat --hparams_set=transformer_nat_quickstart \
    --format=litert_int8 --export_dir=runs/student/litert
  t2t-exporter --problem=translate_deen_quickstart_distill --data_dir=data \
    --output_dir=runs/student --model=transformer_nat --hparams_set=transformer_nat_quickstart \
    --decode_hparams=length_halfwidth=4 --teacher_export_dir=runs/teacher/export \
    --export_dir=runs/student/rescored
"""

from absl import flags

from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.named_model import named_model, to_stderr
from t2t_hint_nart.bin.shared_flags import MODEL_FLAGS
from t2t_hint_nart.bin.t2t_flags import define_device_flags
from t2t_hint_nart.files.directory_lock import directory_lock
from t2t_hint_nart.files.whole_file import check_directory
from t2t_hint_nart.printed_command import printed_command

# Where to export to.
define_flags = flag.group(
    export_dir=flag.path(None, "Where to write; <checkpoint's directory>/export by default."),
    format=flag.string(
        "saved_model", "saved_model, litert, litert_int8, ctranslate2 or ctranslate2_int8."
    ),
    teacher_export_dir=flag.path(
        None,
        "SavedModel of a teacher, to be part of the export: it chooses among a student's "
        "candidates (--decode_hparams).",
    ),
    as_text=flag.refused(False, "SavedModels of TensorFlow 2 are binary"),
    export_as_tfhub=flag.refused(False, "hub.load reads the SavedModel as it is"),
)


def _main(values: flags.FlagValues) -> None:
    named = named_model(values)
    from t2t_hint_nart import registry
    from t2t_hint_nart.decoding.decode_hparams import decode_hparams, exported_names

    strategy = registry.strategy_of(values.model)
    settings = decode_hparams(values.decode_hparams, strategy)
    # Refused before a model is loaded.
    exported_names(settings, strategy, bool(values.teacher_export_dir))
    export_dir = values.export_dir or str(named.directory / "export")
    check_directory(export_dir)
    registry.runtime(values.format)

    with directory_lock(export_dir):
        from t2t_hint_nart.serving.export import export, held_teacher

        teacher = None
        if values.teacher_export_dir:
            decoding = registry.strategy(strategy)(settings, named.hparams)
            teacher = held_teacher(values.teacher_export_dir, decoding, values.format)
        trained = named.load()
        if teacher is not None and (warning := teacher.check_fits(trained.identity)):
            to_stderr(f"Warning: {warning}")
        version = export(trained, settings, export_dir, values.format, teacher)
    command = printed_command("t2t-query-server", export_dir=export_dir, inputs_once="...")
    print(f"Step {trained.step} exported to {version}. Translate with:\n  {command}")


main = command_line.command(_main, "t2t-exporter", *MODEL_FLAGS, define_flags, define_device_flags)
