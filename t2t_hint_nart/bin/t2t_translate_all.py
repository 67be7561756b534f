r"""Translate a file with every checkpoint of --model_dir, as they appear.

Translations go to <translations_dir>/<problem>-<steps>, with the checkpoint's time; those already
there are skipped. t2t-bleu --translations_dir makes curves of them.

Example:
  t2t-translate-all --problem=translate_deen_quickstart --data_dir=data --model_dir=runs/teacher \
    --hparams_set=transformer_quickstart --source=test.de --translations_dir=translations \
    --wait_minutes=60
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from absl import flags

from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.flag import require
from t2t_hint_nart.bin.named_model import model_of_run, to_stderr
from t2t_hint_nart.bin.shared_flags import (
    define_data_flags,
    define_decode_flags,
    define_thread_flags,
)
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.directory_lock import directory_lock
from t2t_hint_nart.files.whole_file import check_directory, naming_file
from t2t_hint_nart.hparam import HParams

# From a checkpoint to its translations.
Translate = Callable[[str], Any]


# T2T's flags of this command, and a student's.
define_flags = flag.group(
    model_dir=flag.path("", "Directory of checkpoints."),
    source=flag.path(None, "File to translate."),
    translations_dir=flag.path("translations", "Where translations go."),
    min_steps=flag.integer(0, "Ignore checkpoints of fewer steps."),
    wait_minutes=flag.integer(0, "Wait so long for a further checkpoint."),
    beam_size=flag.integer(4, "Width of the beam search."),
    alpha=flag.number(0.6, "Length penalty of the beam search."),
    model=flag.string("transformer", "Name of the model."),
    hparams_set=flag.string("transformer_big_single_gpu", "The model's set."),
    hparams=flag.string("", "Changes to the set."),
    teacher_export_dir=flag.path(
        None, "SavedModel of the teacher that chooses among a student's candidates."
    ),
    decoder_command=flag.refused("t2t-decoder {params}", "translations are made in this process"),
)


def _main(values: flags.FlagValues) -> None:
    require(values, "model_dir", "source", "problem", "data_dir")
    model_dir = Path(values.model_dir)
    if not model_dir.is_dir():
        raise InputError(f"--model_dir {model_dir} isn't a directory.")
    directory = Path(values.translations_dir)
    check_directory(directory)
    with directory_lock(directory):
        _translate_every(values, model_dir, directory)


def _translate_every(values: flags.FlagValues, model_dir: Path, directory: Path) -> None:
    settings = _settings(values)
    from t2t_hint_nart.serving.sentences import file_sentences

    sentences = file_sentences(values.source, delimiter=settings.delimiter)
    translated = _translate(values, settings, sentences)

    from t2t_hint_nart.training.checkpoint_files import every_checkpoint, step_of

    number = 0
    found: Any = None
    for path in every_checkpoint(model_dir, values.min_steps, 60 * values.wait_minutes):
        number += 1
        out = directory / f"{values.problem}-{step_of(path)}"
        if out.exists():
            print(f"{out} already exists, so skipping it.", flush=True)
            continue
        time = Path(path + ".index").stat().st_mtime
        found = translated(path)
        found.write(out, settings)
        _copy_flags(model_dir / "flags.txt", directory / f"{values.problem}-flags.txt")
        # t2t-bleu draws its curves over these times.
        os.utime(out, (time, time))
        print(f"{len(sentences.inputs)} sentences written to {out}", flush=True)
    if found is not None:
        # The same lines of every checkpoint.
        found.check_complete(values.source, str(directory))
    if not number:
        raise InputError(
            f"No checkpoint model.ckpt-<step> from step {values.min_steps} on in {model_dir}."
        )


def _settings(values: flags.FlagValues) -> HParams:
    """--beam_size and --alpha, of a search or if they are given, then --decode_hparams."""
    from t2t_hint_nart import registry
    from t2t_hint_nart.decoding.decode_hparams import decode_hparams

    strategy = registry.strategy_of(values.model)
    named = {clause.partition("=")[0].strip() for clause in values.decode_hparams.split(",")}
    given = [
        f"{name}={values[name].value}"
        for name in ("beam_size", "alpha")
        if name not in named and (strategy == registry.BEAM or values[name].present)
    ]
    return decode_hparams(",".join([*given, *filter(None, [values.decode_hparams])]), strategy)


def _copy_flags(source: Path, target: Path) -> None:
    """Keep the flags of training, and their time, from which curves are drawn (as T2T)."""
    if source.exists() and not target.exists():
        with naming_file(target):
            shutil.copy2(source, target)


def _translate(values: flags.FlagValues, settings: HParams, sentences: Any) -> Translate:
    """Build model and graph once; every checkpoint's weights are read into them."""
    named = model_of_run(values, values.model_dir)

    from t2t_hint_nart.exports.capabilities import ExportedScorer
    from t2t_hint_nart.serving.decode_function import translator_of
    from t2t_hint_nart.serving.job import translate
    from t2t_hint_nart.training.checkpoints import restore_model

    scorer = ExportedScorer(values.teacher_export_dir) if values.teacher_export_dir else None
    state: list[Any] = []

    def translated(path: str) -> Any:
        if not state:
            trained = named.load(path)
            state[:] = trained, translator_of(trained, settings, scorer, to_stderr)
        trained, translator = state
        restore_model(trained.model, path, trained.identity)
        return translate(translator, sentences, to_stderr, settings.batch_size)

    return translated


main = command_line.command(
    _main,
    "t2t-translate-all",
    define_data_flags,
    define_decode_flags,
    define_flags,
    define_thread_flags,
)
