"""Write a problem's vocabulary and TFRecord shards.

What is there already is left alone: remove a problem's shards to write them again. An interrupted
run leaves nothing that looks finished; run it again.

Examples:
  t2t-datagen --only_list
  t2t-datagen --problem=translate_deen_quickstart --data_dir=data
  t2t-datagen --problem=text2text_tmpdir --tmp_dir=DIR_OF_YOUR_TEXT --data_dir=data
  t2t-datagen --problem='algorithmic_*,translate_deen_quickstart' --data_dir=data
"""

import itertools
import random
import sys
import time

from absl import flags

from t2t_hint_nart import registry
from t2t_hint_nart.bin import command_line
from t2t_hint_nart.bin.flags import define_data_flags
from t2t_hint_nart.bin.required import require
from t2t_hint_nart.errors import InputError, nearest

# T2T's flags for generators outside the registry, which it refuses or ignores for problems.
_UNREGISTERED_ONLY = {"max_cases": 0, "num_shards": 0, "task_id": -1}


def define_flags(values: flags.FlagValues) -> None:
    """Define which problems are written and how."""
    values[
        "problem"
    ].help = "Names of problems, separated by commas; a trailing * stands for every ending."
    flags.DEFINE_string(
        "exclude_problems", "", "Names of problems to leave out.", flag_values=values
    )
    flags.DEFINE_bool(
        "only_list", False, "Print the names of the problems and exit.", flag_values=values
    )
    flags.DEFINE_integer("random_seed", 429459, "Seed of the order.", flag_values=values)
    for name, default in _UNREGISTERED_ONLY.items():
        text = "T2T's flag; a registered problem decides this itself."
        flags.DEFINE_integer(name, default, text, flag_values=values)


def chosen_problems(patterns: str, excluded: str = "") -> list[str]:
    """Return the names that a list of patterns stands for, without `_rev` and `_copy`.

    Args:
        patterns: names separated by commas; one that ends in `*` stands for every registered
            problem that begins with what is before it.
        excluded: such a list of what to leave out.

    Raises:
        InputError: no pattern, or one that no problem matches; tells the problems there are.
    """
    names: dict[str, None] = {}
    for pattern in _split(patterns):
        found = _matching(pattern)
        if not found:
            raise InputError(
                f"no problem matches '{pattern}'.{nearest(pattern, registry.list_problems())} "
                f"{_all_problems()}"
            )
        names.update(dict.fromkeys(found))
    if not names:
        raise InputError(f"--problem is missing. {_all_problems()}")
    left_out = {name for pattern in _split(excluded) for name in _matching(pattern)}
    return [name for name in names if name not in left_out]


def _split(patterns: str) -> list[str]:
    return [pattern.strip() for pattern in patterns.split(",") if pattern.strip()]


def _matching(pattern: str) -> list[str]:
    if pattern.endswith("*"):
        return [name for name in registry.list_problems() if name.startswith(pattern[:-1])]
    base = registry.parse_problem_name(pattern).base
    # Others than the registered ones may be derived; registry.problem tells if they are not.
    return [base] if registry.problem(base) else []


def _all_problems() -> str:
    groups = itertools.groupby(registry.list_problems(), key=lambda name: name.split("_")[0])
    return "Problems: " + "; ".join(f"{prefix}: {', '.join(names)}" for prefix, names in groups)


def _main(values: flags.FlagValues) -> None:
    if values.only_list:
        print("\n".join(registry.list_problems()))
        return
    for name, default in _UNREGISTERED_ONLY.items():
        if values[name].value != default:
            raise InputError(
                f"--{name} is not for registered problems, which decide it themselves; leave it out"
            )
    names = chosen_problems(values.problem or "", values.exclude_problems)
    require(values, "data_dir")
    for name in names:
        _generate(name, values)


def _generate(name: str, values: flags.FlagValues) -> None:
    import numpy as np

    def progress(line: str) -> None:
        print(f"{name}: {line}", file=sys.stderr, flush=True)

    started = time.monotonic()
    problem = registry.problem(name)
    problem.progress = progress
    problem.random_seed = values.random_seed
    random.seed(values.random_seed)
    # A user's own problem may draw from this one, as T2T's do.
    np.random.seed(values.random_seed % 2**32)  # noqa: NPY002
    problem.generate_data(values.data_dir, values.tmp_dir)
    print(
        f"{name}: in {values.data_dir} ({time.monotonic() - started:.0f} s). "
        "Train a model on it with:\n"
        f"  t2t-trainer --problem={name} --data_dir={values.data_dir} --model=transformer "
        "--hparams_set=transformer_base --output_dir=..."
    )


def main() -> None:
    """Run the command."""
    command_line.run(_main, "t2t-datagen", define_data_flags, define_flags)
