"""Average checkpoints: for every n consecutive ones of --model_dir, their mean in --output_dir.

Averaged models translate better and aren't meant for further training. With --wait_minutes the
command goes on as new checkpoints appear.

Example:
  t2t-avg-all --model_dir=runs/teacher --output_dir=runs/teacher/avg --n=5
"""

import shutil
import time
from pathlib import Path

from absl import flags

from t2t_hint_nart.bin import command_line
from t2t_hint_nart.bin.required import check_positive, require
from t2t_hint_nart.errors import InputError


def define_flags(values: flags.FlagValues) -> None:
    """Define T2T's flags of this command."""
    flags.DEFINE_string("model_dir", "", "Directory of checkpoints.", flag_values=values)
    flags.DEFINE_string("output_dir", "avg/", "Where averages go.", flag_values=values)
    flags.DEFINE_integer("n", 8, "How many checkpoints are averaged.", flag_values=values)
    flags.DEFINE_integer("min_steps", 0, "Ignore checkpoints before.", flag_values=values)
    flags.DEFINE_integer(
        "wait_minutes", 0, "Wait so long for a further checkpoint.", flag_values=values
    )


def _main(values: flags.FlagValues) -> None:
    require(values, "model_dir")
    check_positive(values, "n")
    model_dir, output_dir = Path(values.model_dir), Path(values.output_dir)
    if not model_dir.is_dir():
        raise InputError(f"--model_dir {model_dir} isn't a directory.")
    from t2t_hint_nart.training.averaging import average_checkpoints
    from t2t_hint_nart.training.checkpoints import list_checkpoints, step_of

    done: set[str] = set()
    deadline = time.monotonic() + 60 * values.wait_minutes
    while True:
        paths = [p for p in list_checkpoints(model_dir) if step_of(p) >= values.min_steps]
        for last in range(values.n, len(paths) + 1):
            window = paths[last - values.n : last]
            if window[-1] not in done:
                done.add(window[-1])
                print(f"Mean of {values.n} checkpoints: "
                      f"{average_checkpoints(window, output_dir)}")  # fmt: skip
                deadline = time.monotonic() + 60 * values.wait_minutes
        if time.monotonic() >= deadline:
            break
        time.sleep(5)
    if not done:
        raise InputError(
            f"{model_dir} has {len(paths)} checkpoints from step {values.min_steps} on, fewer than "
            f"--n={values.n}."
        )
    for name in ("hparams.json", "flags.txt"):
        if (model_dir / name).exists():
            shutil.copy2(model_dir / name, output_dir / name)


def main() -> None:
    """Run the command."""
    command_line.run(_main, "t2t-avg-all", define_flags)
