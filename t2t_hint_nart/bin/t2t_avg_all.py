"""Average checkpoints: for every n consecutive ones of --model_dir, their mean in --output_dir.

Averaged models translate better and aren't meant for further training. With --wait_minutes the
command goes on as new checkpoints appear.

Example:
  t2t-avg-all --model_dir=runs/teacher --output_dir=runs/teacher/avg --n=5
"""

from pathlib import Path

from absl import flags

from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.flag import require
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.directory_lock import directory_lock
from t2t_hint_nart.files.whole_file import check_directory

# T2T's flags of this command.
define_flags = flag.group(
    model_dir=flag.path("", "Directory of checkpoints."),
    output_dir=flag.path("avg/", "Where averages go."),
    n=flag.count(8, "How many checkpoints are averaged."),
    min_steps=flag.integer(0, "Ignore checkpoints before."),
    wait_minutes=flag.integer(0, "Wait so long for a further checkpoint."),
)


def _main(values: flags.FlagValues) -> None:
    require(values, "model_dir")
    model_dir, output_dir = Path(values.model_dir), Path(values.output_dir)
    if not model_dir.is_dir():
        raise InputError(f"--model_dir {model_dir} isn't a directory.")
    if model_dir.resolve() == output_dir.resolve():
        raise InputError(
            f"--output_dir {output_dir} is --model_dir: means would take its checkpoints' place; "
            "give another."
        )
    check_directory(output_dir)
    with directory_lock(output_dir):
        _average_every(values, model_dir, output_dir)


def _average_every(values: flags.FlagValues, model_dir: Path, output_dir: Path) -> None:
    from t2t_hint_nart.training.averaging import average_checkpoints
    from t2t_hint_nart.training.checkpoint_files import every_checkpoint

    paths: list[str] = []
    averages = 0
    for path in every_checkpoint(model_dir, values.min_steps, 60 * values.wait_minutes):
        # Training, if it goes on, removes old ones.
        paths = [*(old for old in paths if Path(old + ".index").exists()), path]
        if len(paths) >= values.n:
            average = average_checkpoints(paths[-values.n :], output_dir)
            print(f"Mean of {values.n} checkpoints: {average}", flush=True)
            averages += 1
    if not averages:
        raise InputError(
            f"{model_dir} has {len(paths)} checkpoints from step {values.min_steps} on, fewer than "
            f"--n={values.n}."
        )


main = command_line.command(_main, "t2t-avg-all", define_flags)
