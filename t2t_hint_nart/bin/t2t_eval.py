r"""Evaluate the newest checkpoint of --output_dir, and every newer one until none appears in time.

Prints loss, accuracy and the rest under teacher forcing and writes them to <output_dir>/eval for
TensorBoard, as training does after its checkpoints.

Example:
  t2t-eval --problem=translate_deen_quickstart --data_dir=data --output_dir=runs/teacher \
    --model=transformer --hparams_set=transformer_quickstart --eval_timeout_mins=10
"""

from pathlib import Path

from absl import flags

from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.flag import require
from t2t_hint_nart.bin.named_model import model_of_run
from t2t_hint_nart.bin.shared_flags import define_data_flags, define_model_flags
from t2t_hint_nart.bin.t2t_flags import define_device_flags
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.whole_file import check_directory

# T2T's flags of this command.
define_flags = flag.group(
    eval_steps=flag.integer(100, "Batches of an evaluation."),
    eval_use_test_set=flag.boolean(False, "Evaluate on the test set."),
    eval_timeout_mins=flag.integer(
        240, "Wait so long for a newer checkpoint; -1 without end, 0 not at all."
    ),
)


def _main(values: flags.FlagValues) -> None:
    require(values, "model", "hparams_set", "problem", "data_dir", "output_dir")
    if not Path(values.output_dir).is_dir():
        raise InputError(f"--output_dir {values.output_dir} isn't a directory.")
    check_directory(Path(values.output_dir) / "eval")
    named = model_of_run(values, values.output_dir, say=print)

    from t2t_hint_nart.data.problem import DatasetSplit
    from t2t_hint_nart.training.checkpoint_files import new_checkpoints
    from t2t_hint_nart.training.experiment import Experiment

    split = DatasetSplit.TEST if values.eval_use_test_set else DatasetSplit.EVAL
    named.problem.shard_files(values.data_dir, split)
    run = named.run(values.output_dir, evaluates_only=True)
    results = Experiment(run).evaluate_checkpoints(
        new_checkpoints(values.output_dir, values.eval_timeout_mins), split, values.eval_steps
    )
    if not results:
        raise InputError(
            f"No checkpoint model.ckpt-<step> in {values.output_dir} within "
            f"{values.eval_timeout_mins} minutes."
        )


main = command_line.command(
    _main, "t2t-eval", define_data_flags, define_model_flags, define_flags, define_device_flags
)
