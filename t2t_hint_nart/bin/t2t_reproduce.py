"""Run a whole experiment: data, teacher, distillation, students, translations, report.

Interrupted anywhere, the same command goes on where it stopped; finished stages are skipped.
With --write_reproduction nothing is run: the stored reports become one document.

Examples:
  t2t-reproduce --recipe=quickstart --output_dir=runs/quickstart
  t2t-reproduce --recipe=quickstart --output_dir=runs/second --random_seed=2 \
    --teacher_from=runs/quickstart
  t2t-reproduce --recipe=multi30k --study=multi30k --output_dir=runs/study \
    --teacher_from=runs/multi30k
  t2t-reproduce --write_reproduction=REPRODUCTION.md --reports_dir=reports
"""

import shlex
import time

from absl import flags

from t2t_hint_nart.bin import command_line
from t2t_hint_nart.bin.flag import define_path
from t2t_hint_nart.bin.flags import define_usr_dir_flag, require
from t2t_hint_nart.errors import InputError


def define_flags(values: flags.FlagValues) -> None:
    """Define the recipe and where it runs."""
    flags.DEFINE_string("recipe", None, "Name of the experiment.", flag_values=values)
    flags.DEFINE_string(
        "study",
        None,
        "Name of a study: variants of the recipe's student, compared on development data.",
        flag_values=values,
    )
    flags.DEFINE_list(
        "questions", None, "Names of the study's questions, if not all.", flag_values=values
    )
    flags.DEFINE_enum(
        "schedule",
        "run",
        ["run", "test"],
        "test: one step a model and a few sentences, to see that everything fits together.",
        flag_values=values,
    )
    define_path("output_dir", None, "Directory of everything it makes.", values)
    define_path("tmp_dir", None, "Directory of downloads; in --output_dir by default.", values)
    flags.DEFINE_string(
        "teacher_from",
        None,
        "Directory of a finished experiment by the same recipe: its data, teacher and distilled "
        "data are taken, so that seeds share a teacher.",
        flag_values=values,
    )
    flags.DEFINE_integer("random_seed", 1, "Seed of all training.", flag_values=values)
    define_path(
        "write_reproduction",
        None,
        "File to write from the stored reports of all recipes and seeds, as REPRODUCTION.md.",
        values,
    )
    define_path(
        "reports_dir",
        "reports",
        "Directory of the stored reports: <recipe>/seed<N>/report.json, <recipe>/report.json, "
        "<recipe>/rerun<N>/report.json and <recipe>/study.json.",
        values,
    )
    define_usr_dir_flag(values)


def _main(values: flags.FlagValues) -> None:
    if values.write_reproduction:
        from t2t_hint_nart.reproduce.reproduction import write_reproduction

        print(write_reproduction(values.write_reproduction, values.reports_dir))
        return
    require(values, "recipe", "output_dir")
    from t2t_hint_nart.reproduce.recipe import find_recipe

    recipe = find_recipe(values.recipe)
    if values.schedule == "test":
        recipe = recipe.as_test()
    from t2t_hint_nart.reproduce.pipeline import Pipeline
    from t2t_hint_nart.reproduce.studies import find_study
    from t2t_hint_nart.reproduce.study import run_study, study_table, write_study

    if values.questions and not values.study:
        raise InputError("--questions needs --study: they are a study's questions.")
    study = find_study(values.study) if values.study else None
    if study and values.questions:
        study = study.only(values.questions)
    started = time.monotonic()
    command = (
        f"t2t-reproduce --recipe={recipe.name} --output_dir={shlex.quote(values.output_dir)} "
        f"--random_seed={values.random_seed}"
    )
    if values.schedule != "run":
        command += f" --schedule={values.schedule}"
    if study:
        command += f" --study={study.name}"
    if values.questions:
        command += f" --questions={','.join(values.questions)}"
    print(f"{recipe.name}: {recipe.doc}", flush=True)
    if values.teacher_from:
        command += f" --teacher_from={shlex.quote(values.teacher_from)}"
    pipeline = Pipeline(
        recipe,
        values.output_dir,
        command,
        values.random_seed,
        values.tmp_dir,
        values.teacher_from,
    )
    if study:
        rows = run_study(study, pipeline)
        path = write_study(study, rows, pipeline)
        seconds = time.monotonic() - started
        print(f"\n{study_table(rows)}\n\n{path} ({seconds:.0f} s in this run)")
        return
    finished = pipeline.run()
    print(
        f"\nReport: {finished.report}\n"
        f"({time.monotonic() - started:.0f} s in this run)\n\n{finished.summary}\n\n"
        f"Translate a sentence with the best one-pass student:\n  {finished.translate_command}"
    )


main = command_line.command(_main, "t2t-reproduce", define_flags)
