r"""Export a trained model as a SavedModel: text in, text out.

Versions are numbered directories in --export_dir, as model servers expect them; readers take the
newest. A teacher's export also gives hints and scores, a student's candidates of several lengths.
`serving_default` takes strings and returns translations and scores.

Example:
  t2t-exporter --problem=translate_deen_quickstart --data_dir=data --output_dir=runs/teacher \
    --model=transformer --hparams_set=transformer_quickstart --export_dir=runs/teacher/export
"""

from absl import flags

from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.flag import MODEL_FLAGS, define_device_flags
from t2t_hint_nart.bin.named_model import named_model
from t2t_hint_nart.directory_lock import directory_lock
from t2t_hint_nart.printed_command import printed_command
from t2t_hint_nart.whole_file import check_directory

# Where to export to.
define_flags = flag.group(
    export_dir=flag.path(None, "Where to write; <checkpoint's directory>/export by default."),
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
    exported_names(settings, strategy)
    export_dir = values.export_dir or str(named.directory / "export")
    check_directory(export_dir)

    with directory_lock(export_dir):
        from t2t_hint_nart.serving.export import export

        trained = named.load()
        version = export(trained, settings, export_dir)
    command = printed_command(
        "saved_model_cli show", dir=version, tag_set="serve", signature_def="serving_default"
    )
    print(f"Step {trained.step} exported to {version}. Look at it with:\n  {command}")


main = command_line.command(_main, "t2t-exporter", *MODEL_FLAGS, define_flags, define_device_flags)
