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
from collections.abc import Iterator
from pathlib import Path

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
from t2t_hint_nart.files.whole_file import check_directory, naming_file, written_whole
from t2t_hint_nart.hparam import HParams

# Decode hparams that this command has no use for, and why.
_WITHOUT_EFFECT = {
    "decode_to_file": "--translations_dir says where translations go",
    "decode_reference": "t2t-bleu --translations_dir scores them",
    "shards": "--source is translated as a whole",
}


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
    named = model_of_run(values, values.model_dir)

    from t2t_hint_nart.exports.capabilities import ExportedScorer
    from t2t_hint_nart.serving.decode_function import translator_of
    from t2t_hint_nart.serving.job import translate

    scorer = ExportedScorer(values.teacher_export_dir) if values.teacher_export_dir else None
    translator = found = None
    for path, trained in named.load_each(_untranslated(values, model_dir, directory)):
        translator = translator or translator_of(trained, settings, scorer, to_stderr)
        time = Path(path + ".index").stat().st_mtime
        found = translate(translator, sentences, to_stderr, settings.batch_size)
        if settings.log_results:
            to_stderr("\n".join(found.log_lines(settings)))
        out = _translations(values, directory, trained.step)
        with written_whole(out) as incomplete:
            found.write(incomplete, settings)
            # t2t-bleu draws its curves over these times.
            os.utime(incomplete, (time, time))
        _copy_flags(model_dir / "flags.txt", directory / f"{values.problem}-flags.txt")
        print(f"{len(sentences.inputs)} sentences written to {out}", flush=True)
    if found is not None:
        # The same lines of every checkpoint.
        found.check_complete(values.source, str(directory))


def _translations(values: flags.FlagValues, directory: Path, step: int) -> Path:
    return directory / f"{values.problem}-{step}"


def _untranslated(values: flags.FlagValues, model_dir: Path, directory: Path) -> Iterator[str]:
    """The checkpoints without translations, as they appear.

    Raises:
        InputError: none appeared, with translations or without.
    """
    from t2t_hint_nart.training.checkpoint_files import every_checkpoint, step_of

    path = None
    for path in every_checkpoint(model_dir, values.min_steps, 60 * values.wait_minutes):
        out = _translations(values, directory, step_of(path))
        if out.exists():
            print(f"{out} already exists, so skipping it.", flush=True)
        else:
            yield path
    if path is None:
        raise InputError(
            f"No checkpoint model.ckpt-<step> from step {values.min_steps} on in {model_dir}."
        )


def _settings(values: flags.FlagValues) -> HParams:
    """--beam_size and --alpha, of a search or if they are given, then --decode_hparams.

    Raises:
        InputError: a name that isn't known, or a value that isn't allowed or has no effect.
    """
    from t2t_hint_nart import registry
    from t2t_hint_nart.decoding.decode_hparams import decode_hparams

    strategy = registry.strategy_of(values.model)
    named = {clause.partition("=")[0].strip() for clause in values.decode_hparams.split(",")}
    given = [
        f"{name}={values[name].value}"
        for name in ("beam_size", "alpha")
        if name not in named and (strategy == registry.BEAM or values[name].present)
    ]
    settings = decode_hparams(",".join([*given, *filter(None, [values.decode_hparams])]), strategy)
    defaults = decode_hparams("", strategy)
    for name, reason in _WITHOUT_EFFECT.items():
        if settings.get(name) != defaults.get(name):
            raise InputError(f"{name}={settings.get(name)} has no effect here: {reason}.")
    return settings


def _copy_flags(source: Path, target: Path) -> None:
    """Keep the flags of training, and their time, from which curves are drawn (as T2T)."""
    if source.exists() and not target.exists():
        with naming_file(target):
            shutil.copy2(source, target)


main = command_line.command(
    _main,
    "t2t-translate-all",
    define_data_flags,
    define_decode_flags,
    define_flags,
    define_thread_flags,
)
