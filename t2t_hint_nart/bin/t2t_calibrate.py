r"""Measure the loss terms of a freshly initialised student and propose weights for the hints.

The paper chose its weights "to make the scales of three loss components similar after
initialization"; this prints the three terms and the λ and μ that do so. Nothing reads them:
training takes the set's weights, unless others are given to it as --hparams. What the sets have was
better in our experiments than a λ four times as large (REPRODUCTION.md).

Example:
  t2t-calibrate --problem=translate_deen_quickstart_distill --data_dir=data \
    --model=transformer_nat --hparams_set=transformer_nat_quickstart_hints \
    --teacher_export_dir=runs/teacher/export
"""

from absl import flags

from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.flag import require
from t2t_hint_nart.bin.named_model import model_of_run
from t2t_hint_nart.bin.shared_flags import define_data_flags

# The student, the teacher and how much to measure.
define_flags = flag.group(
    model=flag.string("transformer_nat", "Name of the model."),
    hparams_set=flag.string(None, "The student's set."),
    hparams=flag.string("", "Changes to the set."),
    teacher_export_dir=flag.path(None, "SavedModel of the teacher."),
    batches=flag.count(10, "Training batches to measure."),
    random_seed=flag.integer(1, "Seed of the weights."),
)


def _main(values: flags.FlagValues) -> None:
    require(values, "problem", "data_dir", "hparams_set", "teacher_export_dir")
    named = model_of_run(values, "")
    from t2t_hint_nart.training.calibrated_run import calibrate_run

    run = named.run("", teacher_export_dir=values.teacher_export_dir, seed=values.random_seed)
    calibration = calibrate_run(run, values.batches)
    for name, value in calibration.terms.items():
        print(f"{name:16s} {value:10.4f}")
    print(f"Equal scales over {calibration.batches} batches: --hparams={calibration.flags()}")
    has = ",".join(f"{name}={run.hparams.get(name):g}" for name in calibration.weights)
    print(
        f"Not in use: the set has {has}, which training takes unless --hparams says otherwise. "
        "Begin with these: on Multi30k, a larger hint_hidden_weight made translations worse."
    )


main = command_line.command(_main, "t2t-calibrate", define_data_flags, define_flags)
