r"""Run a whole experiment: data, models, distillation, translations, rows of results, report.

Interrupted anywhere, the same command goes on where it stopped; finished stages are skipped. With
more --systems only these are trained, translated and, beside the baseline, timed.
Without --recipe those there are listed.
With --write_reproduction nothing is run: the tables of a document are made anew from stored rows.

Examples:
  t2t-reproduce --recipe=quickstart --output_dir=runs/quickstart
  t2t-reproduce --recipe=quickstart --output_dir=runs/second --random_seed=2 \
    --teacher_from=runs/quickstart
  t2t-reproduce --recipe=multi30k_study --questions=steps --output_dir=runs/study \
    --teacher_from=runs/multi30k
  t2t-reproduce --recipe=multi30k_collapsed --systems=student_ctc_bigrams --output_dir=runs/ctc
  t2t-reproduce --write_reproduction=REPRODUCTION.md --reports_dir=reports
"""

import shutil
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from absl import flags

from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.cluster import check_one_process
from t2t_hint_nart.bin.flag import require
from t2t_hint_nart.bin.shared_flags import define_thread_flags, define_usr_dir_flag
from t2t_hint_nart.files.directory_lock import directory_lock
from t2t_hint_nart.files.whole_file import check_directory, check_writable
from t2t_hint_nart.printed_command import printed_command

if TYPE_CHECKING:
    from t2t_hint_nart.reproduce.recipe import Recipe

# The recipe and where it runs.
define_flags = flag.group(
    recipe=flag.string(None, "Name of the experiment or study."),
    questions=flag.names(None, "Names of a study's questions, if not all."),
    systems=flag.names(
        None, "Names of the recipe's systems, if not all; what they start from comes with them."
    ),
    schedule=flag.choice(
        "run",
        ["run", "test"],
        "test: one step a model and a few sentences, to see that everything fits together.",
    ),
    output_dir=flag.path(None, "Directory of everything it makes."),
    tmp_dir=flag.path(None, "Directory of downloads; in --output_dir by default."),
    teacher_from=flag.path(
        None,
        "Directory of a finished experiment with the same teacher: its data, teacher and distilled "
        "data are taken, so that seeds, and studies, share a teacher.",
    ),
    random_seed=flag.integer(1, "Seed of all training."),
    write_reproduction=flag.path(
        None, "Document whose tables are made anew from the stored rows, as REPRODUCTION.md."
    ),
    reports_dir=flag.path(
        "reports",
        "Directory of the stored rows: results.jsonl of each run, under any name *.jsonl.",
    ),
)


def _main(values: flags.FlagValues) -> None:
    if values.write_reproduction:
        check_writable(values.write_reproduction)
        from t2t_hint_nart.reproduce.report import write_reproduction

        print(write_reproduction(values.write_reproduction, values.reports_dir))
        return
    if not values.recipe:
        print(_recipes())
    require(values, "recipe", "output_dir")
    output_dir = Path(values.output_dir)
    check_directory(*(output_dir / name for name in ("data", "stages", "export", "decodes")))
    check_writable(*(output_dir / name for name in ("results.jsonl", "report.md")))
    from t2t_hint_nart.reproduce.recipe import find_recipe

    recipe = find_recipe(values.recipe)
    if values.questions:
        recipe = recipe.only(values.questions)
    if values.systems:
        recipe = recipe.of(values.systems)
    if values.schedule == "test":
        recipe = recipe.as_test()
    check_one_process("an experiment")
    with directory_lock(values.output_dir):
        _run(recipe, values)


def _recipes() -> str:
    """Names of the recipes, and what they are."""
    from t2t_hint_nart import registry
    from t2t_hint_nart.reproduce.recipe import find_recipe

    recipes = [find_recipe(name) for name in registry.list_recipes()]
    width = max(len(recipe.name) for recipe in recipes)
    return "\n".join(f"{recipe.name:{width}}  {recipe.doc}" for recipe in recipes)


def _run(recipe: "Recipe", values: flags.FlagValues) -> None:
    from t2t_hint_nart.reproduce.pipeline import Pipeline

    started = time.monotonic()
    print(f"{recipe.name}: {recipe.doc}", flush=True)
    pipeline = Pipeline(
        recipe,
        Path(values.output_dir),
        _command(values),
        values.random_seed,
        values.tmp_dir,
        values.teacher_from,
    )
    finished = pipeline.run()
    print(
        f"\nReport: {finished.report}\n"
        f"({time.monotonic() - started:.0f} s in this run)\n\n{finished.summary}\n\n"
        f"Translate a sentence with {finished.best}{_once_on_the_path()}:\n"
        f"  {finished.translate_command}"
    )


def _once_on_the_path() -> str:
    """What to do first where commands aren't found, "" where they are."""
    activate = Path(sys.executable).with_name("activate")
    if shutil.which("t2t-query-server") or not activate.exists():
        return ""
    return f" (commands are found after . {activate})"


def _command(values: flags.FlagValues) -> str:
    """The command line that makes the experiment again."""
    names = ("recipe", "output_dir", "tmp_dir", "random_seed", "schedule", "teacher_from")
    given = {name: values[name].value for name in (*names, "t2t_usr_dir")}
    given |= {name: ",".join(values[name].value or ()) for name in ("questions", "systems")}
    if given["schedule"] == "run":
        del given["schedule"]
    return printed_command("t2t-reproduce", **given)


main = command_line.command(
    _main,
    "t2t-reproduce",
    define_usr_dir_flag,
    define_flags,
    define_thread_flags,
    trains=True,
)
