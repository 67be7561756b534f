"""Score translations against a reference, as T2T's t2t-bleu, with the scores of papers beside.

BLEU_uncased and BLEU_cased are T2T's (mteval-v14 international tokens, sacrebleu's tok:intl);
BLEU_13a is sacrebleu's, the one to compare across papers; BLEU_tokenized is that of papers on WMT14
(Moses tokens, compounds split: T2T's get_ende_bleu.sh), BLEU_tokenized_lc that of papers on IWSLT14
(Moses tokens in lower case). With --source each comes for the long sentences alone, too.

For a directory of files <name>-<steps>, as made of each checkpoint, the scores also become
TensorBoard curves in --event_dir. Run again, it goes on after the last file evaluated.

Examples:
  t2t-bleu --translation=test.out.de --reference=test.de --source=test.en
  t2t-bleu --translations_dir=translations --reference=test.de --event_dir=events --wait_minutes=60
"""

import contextlib
import os
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

from absl import flags

from t2t_hint_nart.bin import command_line, flag
from t2t_hint_nart.bin.flag import require
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.files.whole_file import check_writable, write_whole

LAST_STEP_FILE = "last_evaluated_step.txt"
# Writes tags and values with a wall time, in seconds since the epoch, and a step.
WriteEvent = Callable[[Mapping[str, float], float, int], None]


# T2T's flags of this command, and --language.
define_flags = flag.group(
    translation=flag.path(None, "File of translations."),
    reference=flag.path(None, "File of reference translations."),
    source=flag.path(None, "File of source sentences, to find the long ones."),
    language=flag.string(
        None,
        "Of the translations, for Moses' tokens; by default the code that ends the name of "
        "--reference, as in newstest2014.de. Without one, BLEU of plain text's tokens is left out.",
    ),
    translations_dir=flag.path(None, "Directory of files <name>-<steps>."),
    event_dir=flag.path(None, "Where event files go."),
    bleu_variant=flag.choice("both", ["cased", "uncased", "both"], "T2T's BLEU."),
    tag_suffix=flag.string("", "Added to the tags BLEU_cased and BLEU_uncased."),
    min_steps=flag.integer(
        -1, "Ignore files of fewer steps; -1 goes on after the last one evaluated."
    ),
    wait_minutes=flag.integer(0, "Wait so long for a further file."),
    report_zero=flag.boolean(
        None,
        "Begin the curves with a 0 at the time of the oldest file; by default if --min_steps is 0 "
        "or nothing has been evaluated yet.",
    ),
)


def _main(values: flags.FlagValues) -> None:
    require(values, "reference")
    if bool(values.translation) == bool(values.translations_dir):
        raise InputError("Give either --translation or --translations_dir.")
    if values.translation:
        lines, warnings = score_lines(values, values.translation)
        print(*lines, sep="\n")
        _warn(warnings)
        return
    require(values, "event_dir")
    check_writable(Path(values.event_dir) / LAST_STEP_FILE)
    score_directory(values)


def score_lines(values: flags.FlagValues, translation: str) -> tuple[list[str], list[str]]:
    """Return what is printed for one file of translations: a line a score, and warnings.

    Raises:
        InputError: if a file cannot be read or the numbers of lines differ.
    """
    from t2t_hint_nart.evaluation.bleu import needs_language, text_warnings
    from t2t_hint_nart.evaluation.long_sentences import long_sentences
    from t2t_hint_nart.text.lines import whole_lines

    references = whole_lines(values.reference)
    hypotheses = _lines_beside(translation, references, values.reference)
    scores = _t2t_scores(values, hypotheses, references)
    lines = [f"{name} = {score:6.2f}" for name, score in scores.items()]
    language = _language(values)
    lines += _papers_scores(hypotheses, references, language)
    if values.source:
        sources = _lines_beside(values.source, references, values.reference)
        chosen = long_sentences(sources)
        both = chosen.select(hypotheses), chosen.select(references)
        lines += [
            f"{line} ({chosen.label})" for line in _papers_scores(*both, language, suffix="_long")
        ]
    warnings = text_warnings({translation: hypotheses, values.reference: references})
    if language is None and needs_language(hypotheses, references):
        warnings.append(
            f"{values.reference} doesn't say in its name, as text.de would, which language it is: "
            "BLEU_tokenized and BLEU_tokenized_lc need --language"
        )
    return lines, warnings


def _lines_beside(path: str | os.PathLike[str], references: list[str], reference: str) -> list[str]:
    """Read a file that has a line for each reference."""
    from t2t_hint_nart.text.lines import whole_lines

    lines = whole_lines(path)
    if len(lines) != len(references):
        raise InputError(
            f"{os.fspath(path)} has {len(lines)} lines and {reference} has {len(references)}: each "
            "line needs one reference, in the same order"
        )
    return lines


def _papers_scores(
    hypotheses: list[str], references: list[str], language: str | None, suffix: str = ""
) -> list[str]:
    """Return a labelled line for each BLEU that papers report and that can be computed."""
    from t2t_hint_nart.evaluation import bleu
    from t2t_hint_nart.evaluation.bleu_conventions import in_order

    scores = {"bleu_13a": bleu.bleu_13a(hypotheses, references)}
    if language is not None or not bleu.needs_language(hypotheses, references):
        scores["bleu_tokenized"] = bleu.bleu_tokenized(hypotheses, references, language)
        scores["bleu_tokenized_lc"] = bleu.bleu_tokenized_lc(hypotheses, references, language)
    named = (convention for convention in in_order() if convention.score in scores)
    return [f"{each.printed}{suffix} = {scores[each.score]}" for each in named]


def _language(values: flags.FlagValues) -> str | None:
    from t2t_hint_nart.text.moses_tokens import check_language, named_language

    if values.language:
        check_language(values.language)
    return values.language or named_language(values.reference)


def _warn(warnings: Iterable[str]) -> None:
    for warning in warnings:
        print(f"t2t-bleu: warning: {warning}", file=sys.stderr, flush=True)


def score_directory(values: flags.FlagValues) -> None:
    """Score every file of --translations_dir and write the curves.

    Raises:
        InputError: as `score_lines`; what was scored before is kept.
    """
    from t2t_hint_nart.evaluation.bleu import text_warnings
    from t2t_hint_nart.evaluation.translation_files import step_files, wait_for_step_files
    from t2t_hint_nart.text.lines import whole_lines

    references = whole_lines(values.reference)
    _warn(text_warnings({values.reference: references}))
    last_step_file = Path(values.event_dir) / LAST_STEP_FILE
    min_steps = _next_steps(last_step_file) if values.min_steps == -1 else values.min_steps
    zero_is_due = min_steps == 0 if values.report_zero is None else values.report_zero
    found = wait_for_step_files(values.translations_dir, min_steps, values.wait_minutes)
    evaluated = 0
    with contextlib.ExitStack() as stack:
        for file in found:
            hypotheses = _lines_beside(file.path, references, values.reference)
            _warn(text_warnings({str(file.path): hypotheses}))
            scores = _t2t_scores(values, hypotheses, references)
            if not evaluated:
                # TensorFlow takes seconds to import: only once there is something to write.
                write = stack.enter_context(_event_writer(values.event_dir, file.steps))
            tagged = {f"{name}{values.tag_suffix}": score for name, score in scores.items()}
            if zero_is_due:
                oldest = min(other.mtime for other in step_files(values.translations_dir))
                write(dict.fromkeys(tagged, 0.0), oldest, 0)
                zero_is_due = False
            write(tagged, file.mtime, file.steps)
            for name, score in scores.items():
                print(f"{file.path}: {name} = {score:6.2f}", flush=True)
            write_whole(last_step_file, f"{file.steps}\n")
            evaluated += 1
    if not evaluated:
        print(f"Nothing to evaluate in {values.translations_dir} from step {min_steps} on.")


def _t2t_scores(
    values: flags.FlagValues, hypotheses: list[str], references: list[str]
) -> dict[str, float]:
    """Return T2T's scores under T2T's names, in T2T's order."""
    from t2t_hint_nart.evaluation import bleu

    scores = {}
    if values.bleu_variant in ("uncased", "both"):
        scores["BLEU_uncased"] = bleu.bleu_intl_uncased(hypotheses, references).value
    if values.bleu_variant in ("cased", "both"):
        scores["BLEU_cased"] = bleu.bleu_intl(hypotheses, references).value
    return scores


def _next_steps(last_step_file: Path) -> int:
    """Return the least number of steps that has not been evaluated yet."""
    if not last_step_file.exists():
        return 0
    text = last_step_file.read_text(encoding="utf-8").strip()
    if not text.isdecimal():
        raise InputError(f"{last_step_file} has '{text}' in place of a number of steps.")
    return int(text) + 1


@contextlib.contextmanager
def _event_writer(event_dir: str, first_steps: int) -> Iterator[WriteEvent]:
    """Write T2T's scalar events, whose times lie in the past: only TF 1's writer takes those."""
    import tensorflow as tf

    v1 = tf.compat.v1
    with tf.Graph().as_default():
        # Its name is otherwise the second it was made in: two quick runs would share one file.
        suffix = f".{os.getpid()}.{first_steps}"
        writer = v1.summary.FileWriter(event_dir, filename_suffix=suffix)

        def write(scores: Mapping[str, float], wall_time: float, step: int) -> None:
            told = [v1.Summary.Value(tag=tag, simple_value=scores[tag]) for tag in scores]
            summary = v1.Summary(value=told)
            writer.add_event(v1.Event(wall_time=wall_time, step=step, summary=summary))
            writer.flush()

        try:
            yield write
        finally:
            writer.close()


main = command_line.command(_main, "t2t-bleu", define_flags)
