r"""Translate: a file, a problem's own sentences, or what is typed; or score translations.

--decode_from_file translates a file, --decode_interactive what is typed; without either, the
problem's dev set is translated (test set with --eval_use_test_set): --decode_to_file is then a
prefix of three files, .decodes, .targets and .inputs. --score_file writes log-probabilities of
lines input<tab>target.

A student translates in one pass, with source length + C tokens; --decode_hparams=length_halfwidth=4
(or beam_size=5, as in the authors' code) and --teacher_export_dir translate with nine lengths and
let the teacher choose. --decode_hparams=verified=True gives the teacher's own greedy search, of
which the student drafts as much as it can.

--export_dir translates with an export of any format in place of a checkpoint: it says itself which
model it is, and of LiteRT and CTranslate2 nothing waits for TensorFlow to start.

Examples:
  t2t-decoder --problem=translate_deen_quickstart --data_dir=data --output_dir=runs/teacher \
    --model=transformer --hparams_set=transformer_quickstart \
    --decode_hparams=beam_size=4,alpha=0.6 --decode_from_file=in.de --decode_to_file=out.en \
    --decode_reference=ref.en
  t2t-decoder --problem=translate_deen_quickstart --data_dir=data --output_dir=runs/teacher \
    --model=transformer --hparams_set=transformer_quickstart --eval_use_test_set
  t2t-decoder --problem=translate_deen_quickstart --data_dir=data --output_dir=runs/teacher \
    --model=transformer --hparams_set=transformer_quickstart --score_file=pairs.tsv \
    --decode_to_file=scores.txt
  t2t-decoder --problem=translate_deen_quickstart --data_dir=data --output_dir=runs/student \
    --model=transformer_nat --hparams_set=transformer_nat_quickstart_hints --decode_interactive
  t2t-decoder --export_dir=runs/student/litert --decode_from_file=in.de --decode_to_file=out.en
"""

import contextlib
import os
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from absl import flags

from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.command_line import typed_line
from t2t_hint_nart.bin.named_decoder import LoadedDecoder, NamedDecoder, named_decoder
from t2t_hint_nart.bin.named_model import to_stderr
from t2t_hint_nart.bin.shared_flags import MODEL_FLAGS
from t2t_hint_nart.bin.t2t_flags import define_device_flags
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.directory_lock import directory_lock
from t2t_hint_nart.files.whole_file import check_writable
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.process.threads import one_thread_by_default
from t2t_hint_nart.text.lines import printable

_SOURCES = ("decode_from_file", "decode_interactive", "score_file")


# What to translate and where to write it.
define_flags = flag.group(
    decode_from_file=flag.path("", "Text file to translate, one sentence a line."),
    decode_to_file=flag.path(
        "",
        "Where translations of a file, or scores, go; by default a name made of the file's, the "
        "model's and the settings. Of a data set it is a prefix; by default they are printed.",
    ),
    decode_reference=flag.path("", "File of references: BLEU is printed."),
    decode_interactive=flag.boolean(False, "Translate what is typed."),
    score_file=flag.path("", "File to score, each line input<tab>target."),
    eval_use_test_set=flag.boolean(False, "Translate the test set, not dev."),
    decode_shards=flag.integer(
        1, "Parts that a file is divided into: <file>000, <file>001 and so on."
    ),
    worker_id=flag.integer(0, "The part to decode, from 0."),
    keep_timestamp=flag.boolean(False, "Give what is written the time of the checkpoint."),
    dedup=flag.boolean(False, "Merge a student's adjacent repeated tokens."),
    export_dir=flag.path(None, "Export to translate with, in place of a checkpoint."),
    teacher_export_dir=flag.path(
        None, "Export of the teacher that chooses among a student's candidates."
    ),
    decode_in_memory=flag.refused(False, "every decode is written when it is complete"),
    disable_grappler_optimizations=flag.refused(False, "a setting of TensorFlow 1"),
    decode_targets_file=flag.refused(None, "a length never comes from the reference"),
    hidden_state_dir=flag.refused(None, "t2t-visualize writes states and attention"),
)


def _main(values: flags.FlagValues) -> None:
    sources = [name for name in _SOURCES if values[name].value]
    if len(sources) > 1:
        raise InputError(f"Give one of --{sources[0]} and --{sources[1]}, not both.")
    if values.score_file and not values.decode_to_file:
        raise InputError("To score a file, specify --decode_to_file for results.")
    model = named_decoder(values)
    if values.decode_interactive or model.settings.batch_size == 1:
        one_thread_by_default()
    # Whatever there is to read is read first: its faults are told before anything is loaded.
    job = _JOBS[sources[0] if sources else "dataset"](values, model)
    place = Path(job.path)
    with directory_lock(place.parent, place.name) if job.path else contextlib.nullcontext():
        loaded = model.load()
        written = job.run(loaded)
    if values.keep_timestamp:
        time = Path(loaded.checkpoint + ".index").stat().st_mtime
        for name in written:
            os.utime(name, (time, time))


class Job(NamedTuple):
    """What there is to do.

    Attributes:
        path: the file that is written, the first one; "" for none.
        run: from a model in memory to the files that were written.
    """

    path: str
    run: Callable[[LoadedDecoder], list[str]]


def _from_file(values: flags.FlagValues, model: NamedDecoder) -> Job:
    from t2t_hint_nart.serving import decodes
    from t2t_hint_nart.serving.sentences import file_sentences

    settings = model.settings
    suffix = decodes.shard_suffix(settings)
    source = values.decode_from_file + suffix
    path = settings.decode_to_file + suffix
    if not settings.decode_to_file:
        path = _decodes_name(model, source)
    check_writable(path)
    sentences = file_sentences(source, settings.decode_reference, settings.delimiter)

    def run(loaded: LoadedDecoder) -> list[str]:
        found = _translate(loaded, settings, sentences)
        if settings.log_results:
            to_stderr("\n".join(found.log_lines(settings)))
        found.write(path, settings)
        print(f"{len(sentences.inputs)} sentences written to {path}")
        found.check_complete(source, path)
        _print_lines([*found.acceptance_lines(), *found.score_lines()])
        return [path]

    return Job(path, run)


def _from_dataset(values: flags.FlagValues, model: NamedDecoder) -> Job:
    from t2t_hint_nart.data.problem import DatasetSplit
    from t2t_hint_nart.serving import decodes
    from t2t_hint_nart.serving.sentences import problem_sentences

    settings, problem = model.settings, model.problem
    name = stem = ""
    if settings.decode_to_file:
        prefix = settings.decode_to_file + decodes.shard_suffix(settings)
        name = _decodes_name(model, prefix)
        stem = name.removesuffix(decodes.ENDING)
        check_writable(name, *(stem + ending for ending in decodes.TEXT_ENDINGS))
    split = DatasetSplit.TEST if values.eval_use_test_set else DatasetSplit.EVAL
    own = problem_sentences(problem, values.data_dir, split, settings)
    scored = own.with_references(settings.decode_reference)

    def run(loaded: LoadedDecoder) -> list[str]:
        found = _translate(loaded, settings, own)
        paths = []
        if name:
            paths = [
                found.write(name, settings),
                *found.write_texts(stem, settings.delimiter),
            ]
            print(f"{len(own.inputs)} sentences written to {paths[0]}, .targets and .inputs")
        else:
            _print_lines(found.log_lines(settings))
        found.check_complete(
            f"{problem.name}'s {split} set", paths[0] if paths else "what is printed"
        )
        _print_lines([*found.acceptance_lines(), *found._replace(sentences=scored).score_lines()])
        return paths

    return Job(name, run)


def _translate(loaded: LoadedDecoder, settings: HParams, sentences):
    from t2t_hint_nart.serving.job import translate

    return translate(loaded.translator(settings), sentences, to_stderr, settings.batch_size)


def _decodes_name(model: NamedDecoder, base: str) -> str:
    from t2t_hint_nart.serving.decodes import decodes_name

    return decodes_name(base, *model.names, model.settings)


def _print_lines(lines: list[str]) -> None:
    if lines:
        print("\n".join(lines))


def _score(values: flags.FlagValues, model: NamedDecoder) -> Job:
    from t2t_hint_nart import registry
    from t2t_hint_nart.serving import decodes
    from t2t_hint_nart.text.lines import read_pairs

    strategy = registry.strategy_of(values.model)
    if not registry.strategy(strategy).says_a_target_a_position:
        raise InputError(
            f"--score_file needs a position for each target, which a {values.model!r} hasn't got: "
            f"its output is {strategy}."
        )
    settings = model.settings
    path = settings.decode_to_file
    check_writable(path)
    pairs = read_pairs(values.score_file)

    def run(loaded: LoadedDecoder) -> list[str]:
        from t2t_hint_nart.serving.job import check_none_too_long
        from t2t_hint_nart.serving.scoring import log_probs

        trained = loaded.trained
        too_long: list[int] = []
        scores = log_probs(
            trained.model, trained.encoders, pairs, settings.batch_size, too_long.append
        )
        decodes.write_sentences(path, (f"{score:.6f}" for score in scores), "\n")
        print(f"{len(pairs)} scores written to {path}")
        check_none_too_long(sorted(too_long), values.score_file, path, can_cut=False)
        return [path]

    return Job(path, run)


def _interactive(values: flags.FlagValues, model: NamedDecoder) -> Job:
    from t2t_hint_nart.serving.interactive import interact

    def run(loaded: LoadedDecoder) -> list[str]:
        def make_translate(settings: HParams):
            translator = loaded.translator(settings)
            return lambda line: translator.translate([line])[0]

        def answer(line: str) -> None:
            print(printable(line), flush=True)

        interact(make_translate, model.settings, typed_line, answer, to_stderr)
        return []

    return Job("", run)


_JOBS = {
    "decode_from_file": _from_file,
    "dataset": _from_dataset,
    "score_file": _score,
    "decode_interactive": _interactive,
}


main = command_line.command(_main, "t2t-decoder", *MODEL_FLAGS, define_flags, define_device_flags)
