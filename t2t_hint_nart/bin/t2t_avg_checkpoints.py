r"""Average the checkpoints that are named, or the last ones of a run, once.

Writes <output_path>-0. Averaged models translate better and aren't meant for further training;
t2t-avg-all averages as checkpoints appear.

Examples:
  t2t-avg-checkpoints --prefix=runs/teacher/ --num_last_checkpoints=5 \
    --output_path=runs/teacher/averaged.ckpt
  t2t-avg-checkpoints --prefix=runs/teacher/model.ckpt- --checkpoints=4000,5000 \
    --output_path=runs/teacher/averaged.ckpt
  t2t-decoder --checkpoint_path=runs/teacher/averaged.ckpt-0 ...
"""

from pathlib import Path

from absl import flags

from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.flag import require
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.directory_lock import directory_lock
from t2t_hint_nart.files.whole_file import check_writable

# The flags of T2T's utils/avg_checkpoints.py.
define_flags = flag.group(
    checkpoints=flag.string("", "Checkpoints, separated by commas, after --prefix."),
    num_last_checkpoints=flag.integer(0, "In place of --checkpoints: how many."),
    prefix=flag.path("", "Begin of every checkpoint's path, as runs/teacher/."),
    output_path=flag.path("/tmp/averaged.ckpt", "Where the average goes."),
)


def _main(values: flags.FlagValues) -> None:
    check_writable(f"{values.output_path}-0.index")
    if Path(f"{values.output_path}-0.index").exists():
        raise InputError(f"--output_path: {values.output_path}-0 exists; give another.")
    named = [name.strip() for name in values.checkpoints.split(",") if name.strip()]
    if not named:
        require(values, "prefix")
        if values.num_last_checkpoints < 1:
            raise InputError(
                f"--num_last_checkpoints must be at least 1, not {values.num_last_checkpoints}."
            )
    from t2t_hint_nart.training.averaging import (
        common_identity,
        mean_of_checkpoints,
        write_model_values,
    )
    from t2t_hint_nart.training.checkpoint_files import (
        CHECKPOINT_NAME,
        find_checkpoint,
        list_checkpoints,
    )

    if named:
        paths = [find_checkpoint(values.prefix + name) for name in named]
    else:
        # The directory part of runs/teacher/ is runs/teacher, that of runs/teacher/model too.
        directory = (values.prefix + "x").rpartition("/")[0] or "."
        paths = list_checkpoints(directory)[-values.num_last_checkpoints :]
        if len(paths) < values.num_last_checkpoints:
            raise InputError(
                f"{directory} has {len(paths)} checkpoints, fewer than "
                f"--num_last_checkpoints={values.num_last_checkpoints}."
            )
    target = Path(values.output_path)
    own = {Path(path).parent.resolve() for path in paths}
    if target.name == CHECKPOINT_NAME and target.parent.resolve() in own:
        raise InputError(
            f"--output_path={values.output_path} would pass for a checkpoint of the run itself; "
            f"give another name than {CHECKPOINT_NAME}, or another directory."
        )
    trained_on = common_identity(paths)
    with directory_lock(target.parent, target.name):
        mean = mean_of_checkpoints(paths)
        path = write_model_values(mean, target.parent, 0, target.name, trained_on)
    print(f"Mean of {', '.join(paths)}: {path}")


main = command_line.command(_main, "t2t-avg-checkpoints", define_flags)
