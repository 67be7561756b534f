"""Write a problem's vocabulary and TFRecord shards.

What is there already is left alone if it was made of this text, vocabulary, seed and settings;
else the command stops and says what to remove. A killed run leaves nothing that looks finished; run
again, it goes on and writes the same shards. They don't depend on the number of processes, of which
every one reads all of the text and encodes its part. <problem>-data.json tells what the data hold:
pairs dropped, duplicates, overlap, fingerprints.

Examples:
  t2t-datagen --only_list
  t2t-datagen --problem=translate_deen_quickstart --data_dir=data
  t2t-datagen --problem=text2text_tmpdir --tmp_dir=DIR_OF_YOUR_TEXT --data_dir=data
  t2t-datagen --problem='algorithmic_*,translate_deen_quickstart' --data_dir=data
  t2t-datagen --problem=translate_ende_wmt32k --data_dir=data --num_concurrent_processes=4
  t2t-datagen --only_list --data_dir=data
"""

import itertools
import sys
import time
from collections.abc import Sequence

from absl import flags

from t2t_hint_nart import registry
from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.flag import require
from t2t_hint_nart.bin.shared_flags import define_data_flags, made_tmp_dir, unmade_tmp_dir
from t2t_hint_nart.data import data_report
from t2t_hint_nart.data.workspace import seed_generators
from t2t_hint_nart.errors import InputError, nearest
from t2t_hint_nart.files.directory_lock import directory_lock
from t2t_hint_nart.files.whole_file import check_directory
from t2t_hint_nart.printed_command import printed_command

# T2T's flags for generators outside the registry, which it refuses or ignores for problems.
_UNREGISTERED_ONLY = ("max_cases", "num_shards")
_UNREGISTERED_HELP = "T2T's flag; a registered problem decides this itself."
_define_own_flags = flag.group(
    exclude_problems=flag.string("", "Names of problems to leave out."),
    only_list=flag.boolean(
        False,
        "Print the names of the problems and exit; with --data_dir, what is known of its data.",
    ),
    num_concurrent_processes=flag.count(
        None, "Processes that encode text; by default one, as each needs memory of its own."
    ),
    task_id=flag.integer(-1, "Number of a training shard to write, and nothing else."),
    task_id_start=flag.integer(
        -1, "Number of the first training shard to write, and nothing else."
    ),
    task_id_end=flag.integer(
        -1, "Number of the training shard before which --task_id_start's range ends."
    ),
    random_seed=flag.integer(429459, "Seed of the order."),
    **{name: flag.integer(0, _UNREGISTERED_HELP) for name in _UNREGISTERED_ONLY},
)


def define_flags(values: flags.FlagValues) -> None:
    """Define which problems are written and how."""
    text = "Names of problems, separated by commas; a trailing * stands for every ending."
    values["problem"].help = text
    _define_own_flags(values)


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
        listing = data_report.listing(values.data_dir) if values.data_dir else []
        print("\n".join(listing or registry.list_problems()))
        return
    for name in _UNREGISTERED_ONLY:
        if values[name].value:
            raise InputError(
                f"--{name} is not for registered problems, which decide it themselves; leave it out"
            )
    tasks = _tasks(values)
    names = chosen_problems(values.problem or "", values.exclude_problems)
    require(values, "data_dir")
    check_directory(values.data_dir, unmade_tmp_dir(values))
    # Tasks may be those of several machines.
    with directory_lock(values.data_dir, shared=tasks is not None):
        for name in names:
            _generate(name, values, tasks)


def _tasks(values: flags.FlagValues) -> Sequence[int] | None:
    """Return the training shards that are asked for, None for everything."""
    start, end = values.task_id_start, values.task_id_end
    if values.task_id < -1:
        raise InputError(f"--task_id must be a number from 0 on, not {values.task_id}.")
    if start == end == -1:
        return None if values.task_id == -1 else [values.task_id]
    if values.task_id != -1 or not 0 <= start < end:
        raise InputError(
            "--task_id_start and --task_id_end come together, without --task_id, the start from 0 "
            f"on and below the end; received {start}, {end} and --task_id={values.task_id}"
        )
    return range(start, end)


def _generate(name: str, values: flags.FlagValues, tasks: Sequence[int] | None) -> None:
    def progress(line: str) -> None:
        print(f"{name}: {line}", file=sys.stderr, flush=True)

    tmp_dir = made_tmp_dir(values)
    started = time.monotonic()
    problem = registry.problem(name)
    problem.progress = progress
    problem.random_seed = values.random_seed
    problem.num_concurrent_processes = values.num_concurrent_processes or 1
    # A user's own problem may write its data itself, and draw from these as T2T's do.
    seed_generators(values.random_seed)
    if tasks is not None:
        problem.generate_tasks(values.data_dir, tmp_dir, tasks)
        return
    problem.generate_data(values.data_dir, tmp_dir)
    command = printed_command(
        "t2t-trainer",
        problem=name,
        data_dir=values.data_dir,
        model="transformer",
        hparams_set="transformer_base",
        output_dir="...",
    )
    print(
        f"{name}: in {values.data_dir} ({time.monotonic() - started:.0f} s). "
        f"Train a model on it with:\n  {command}"
    )


main = command_line.command(_main, "t2t-datagen", define_data_flags, define_flags)
