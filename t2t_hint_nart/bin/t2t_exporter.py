r"""Export a trained model as a SavedModel: text in, text out.

A teacher's export also gives hints and scores, a student's also candidates of several lengths.
`serving_default` takes strings and returns translations and scores.

Example:
  t2t-exporter --problem=translate_deen_quickstart --data_dir=data --output_dir=runs/teacher \
    --model=transformer --hparams_set=transformer_quickstart --export_dir=runs/teacher/export
"""

from pathlib import Path

from absl import flags

from t2t_hint_nart.bin import command_line
from t2t_hint_nart.bin.flags import (
    define_checkpoint_flags,
    define_data_flags,
    define_decode_flags,
    define_model_flags,
)
from t2t_hint_nart.bin.required import require
from t2t_hint_nart.errors import InputError


def define_flags(values: flags.FlagValues) -> None:
    """Define where to export to."""
    flags.DEFINE_string(
        "export_dir", None, "Where to write; <checkpoint's directory>/export by default.",
        flag_values=values,
    )  # fmt: skip


def _main(values: flags.FlagValues) -> None:
    require(values, "model", "hparams_set", "problem", "data_dir")
    checkpoint = values.checkpoint_path or values.output_dir
    if not checkpoint:
        raise InputError("Missing --output_dir (or --checkpoint_path).")
    from t2t_hint_nart import registry
    from t2t_hint_nart.decoding.decode_hparams import decode_hparams
    from t2t_hint_nart.output_dir import create_hparams

    problem = registry.problem(values.problem)
    registry.check_model(values.model)
    directory = str(Path(checkpoint).parent) if values.checkpoint_path else checkpoint
    run_dir = values.output_dir or directory
    hparams = create_hparams(values.hparams_set, values.hparams, run_dir)
    settings = decode_hparams(values.decode_hparams)

    from t2t_hint_nart.serving.export import export
    from t2t_hint_nart.serving.trained_model import load_trained

    trained = load_trained(values.model, hparams, problem, values.data_dir, checkpoint)
    export_dir = values.export_dir or str(Path(directory) / "export")
    export(trained, settings, export_dir)
    print(
        f"Step {trained.step} exported to {export_dir}. Look at it with:\n"
        f"  saved_model_cli show --dir {export_dir} --tag_set serve "
        "--signature_def serving_default"
    )


def main() -> None:
    """Run the command."""
    command_line.run(
        _main,
        "t2t-exporter",
        define_data_flags,
        define_model_flags,
        define_checkpoint_flags,
        define_decode_flags,
        define_flags,
    )
