r"""Read a checkpoint of tensor2tensor's own transformer, of 1.15 or 1.2.9, for use here.

Writes model.ckpt-<step> (the model's variables, without the optimizer's) and hparams.json to
--output_dir. The version is told by the variables' names and decides attention_projection; values
of an hparams.json beside the checkpoint count as in t2t-decoder. With --export_to a checkpoint of
this library is written under tensor2tensor's names instead.

Examples:
  t2t-import-checkpoint --checkpoint_path=t2t_train/model.ckpt-250000 --model=transformer \
    --hparams_set=transformer_base_t2t115 --problem=translate_deen_quickstart --data_dir=data \
    --output_dir=runs/imported
  t2t-import-checkpoint --checkpoint_path=runs/teacher/model.ckpt-5000 \
    --export_to=t2t_train/model.ckpt-5000
"""

from pathlib import Path

from absl import flags

from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.flag import require
from t2t_hint_nart.bin.named_model import decoder_command
from t2t_hint_nart.bin.shared_flags import define_data_flags, define_model_flags
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.directory_lock import directory_lock
from t2t_hint_nart.files.whole_file import check_directory, check_writable

# What is read, and what is written by tensor2tensor's names.
define_flags = flag.group(
    checkpoint_path=flag.path(
        None, "Checkpoint to read, as DIR/model.ckpt-250000, or a directory whose newest is taken."
    ),
    export_to=flag.path(
        None, "Write --checkpoint_path, one of this library, to this path for tensor2tensor."
    ),
)


def _main(values: flags.FlagValues) -> None:
    require(values, "checkpoint_path")
    if values.export_to:
        target = Path(values.export_to)
        with directory_lock(target.parent, target.name):
            _export(values)
    else:
        require(values, "model", "hparams_set", "problem", "data_dir", "output_dir")
        check_directory(values.output_dir)
        with directory_lock(values.output_dir):
            _import(values)


def _import(values: flags.FlagValues) -> None:
    if values.model != "transformer":
        raise InputError(f"--model={values.model}: only transformer is imported.")
    for name in ("checkpoint", "hparams.json"):
        if (Path(values.output_dir) / name).exists():
            raise InputError(f"{values.output_dir} has a {name} already; name another directory.")
    from t2t_hint_nart import registry

    problem = registry.problem(values.problem)
    registry.hparams(values.hparams_set).parse(values.hparams)
    encoders = problem.get_feature_encoders(values.data_dir)

    from t2t_hint_nart.data.problem_identity import identity_of
    from t2t_hint_nart.interchange.conversion import check_sizes, import_checkpoint
    from t2t_hint_nart.interchange.t2t_checkpoint import imported_hparams, open_t2t_checkpoint
    from t2t_hint_nart.models.build import build_model
    from t2t_hint_nart.output_dir import write_hparams

    checkpoint = open_t2t_checkpoint(values.checkpoint_path)
    hparams = imported_hparams(checkpoint, values.hparams_set, values.hparams)
    vocab_sizes = {name: each.vocab_size for name, each in encoders.items()}
    check_sizes(checkpoint, vocab_sizes, hparams.hidden_size)
    model = build_model(values.model, hparams, problem, encoders)
    path = import_checkpoint(checkpoint, model, values.output_dir, identity_of(problem, encoders))
    write_hparams(values.output_dir, hparams)
    command = decoder_command(values, values.output_dir)
    print(
        f"Step {checkpoint.step} in the layout of tensor2tensor {checkpoint.layout.version}: "
        f"{checkpoint.parameter_count:,} parameters in {path}. Translate with:\n  {command}"
    )


def _export(values: flags.FlagValues) -> None:
    from t2t_hint_nart.interchange.conversion import export_checkpoint
    from t2t_hint_nart.training.checkpoint_files import find_checkpoint

    check_writable(f"{values.export_to}.index")
    path = find_checkpoint(values.checkpoint_path)
    layout = export_checkpoint(path, values.export_to)
    print(f"{path} written to {values.export_to} in the layout of tensor2tensor {layout.version}.")


main = command_line.command(
    _main, "t2t-import-checkpoint", define_data_flags, define_model_flags, define_flags
)
