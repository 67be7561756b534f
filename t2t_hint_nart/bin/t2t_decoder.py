"""Translate: a file (--decode_from_file) or what is typed (--decode_interactive).

A student translates in one pass, with source length + C tokens; --decode_hparams=length_halfwidth=4
and --teacher_export_dir translate with nine lengths and let the teacher choose.

Examples:
  t2t-decoder --problem=translate_deen_quickstart --data_dir=data --output_dir=runs/teacher \
    --model=transformer --hparams_set=transformer_quickstart \
    --decode_hparams=beam_size=4,alpha=0.6 --decode_from_file=in.de --decode_to_file=out.en
  t2t-decoder --problem=translate_deen_quickstart --data_dir=data --output_dir=runs/student \
    --model=transformer_nat --hparams_set=transformer_nat_quickstart_hints --decode_interactive
"""

import sys
import time
from collections.abc import Callable
from pathlib import Path

from absl import flags

from t2t_hint_nart.bin import command_line
from t2t_hint_nart.bin.flags import (
    define_checkpoint_flags,
    define_data_flags,
    define_decode_flags,
    define_model_flags,
)
from t2t_hint_nart.bin.required import require
from t2t_hint_nart.errors import InputError


def define_flags(values: flags.FlagValues) -> None:
    """Define what to translate and where to write it."""
    flags.DEFINE_string(
        "decode_from_file", None, "Text file, one sentence a line.", flag_values=values
    )
    flags.DEFINE_string(
        "decode_to_file",
        None,
        "Where translations go; a name made of model and settings by default.",
        flag_values=values,
    )
    flags.DEFINE_bool("decode_interactive", False, "Translate what is typed.", flag_values=values)
    flags.DEFINE_string(
        "teacher_export_dir",
        None,
        "SavedModel of the teacher that chooses among a student's candidates.",
        flag_values=values,
    )


def read_lines(path: str) -> list[str]:
    """Return the stripped lines of a text file; one empty last line is dropped (as T2T does).

    Raises:
        InputError: missing, empty or not UTF-8, with the line's number.
    """
    lines = []
    for number, raw in enumerate(Path(path).read_bytes().splitlines(), start=1):
        try:
            lines.append(raw.decode("utf-8").strip())
        except UnicodeDecodeError as error:
            raise InputError(f"{path}:{number} isn't UTF-8: {error.reason}.") from error
    if lines and not lines[-1]:
        lines.pop()
    if not lines:
        raise InputError(f"{path} is empty: there is nothing to translate.")
    return lines


def default_output(values: flags.FlagValues, decode_hparams) -> str:
    """T2T's name of a decodes file."""
    settings = f"beam{decode_hparams.beam_size}.alpha{decode_hparams.alpha}"
    return (
        f"{values.decode_from_file}.{values.model}.{values.hparams_set}.{values.problem}."
        f"{settings}.decodes"
    )


def _format(hypotheses, decode_hparams) -> str:
    shown = hypotheses if decode_hparams.return_beams else hypotheses[:1]
    if decode_hparams.write_beam_scores:
        return "\t".join(f"{h.text}\t{h.score:.2f}" for h in shown)
    return "\t".join(h.text for h in shown)


def _main(values: flags.FlagValues) -> None:
    require(values, "model", "hparams_set", "problem", "data_dir")
    if not values.decode_from_file and not values.decode_interactive:
        raise InputError("Say what to translate: --decode_from_file or --decode_interactive.")
    checkpoint = values.checkpoint_path or values.output_dir
    if not checkpoint:
        raise InputError("Missing --output_dir (or --checkpoint_path).")
    from t2t_hint_nart import registry
    from t2t_hint_nart.decoding.decode_hparams import decode_hparams as make_decode_hparams
    from t2t_hint_nart.output_dir import create_hparams

    lines = read_lines(values.decode_from_file) if values.decode_from_file else []
    problem = registry.problem(values.problem)
    registry.check_model(values.model)
    run_dir = values.output_dir or str(Path(values.checkpoint_path).parent)
    hparams = create_hparams(values.hparams_set, values.hparams, run_dir, say=_to_stderr)
    decode_hparams = make_decode_hparams(values.decode_hparams)

    from t2t_hint_nart.hints.teacher import Teacher
    from t2t_hint_nart.serving.trained_model import load_trained
    from t2t_hint_nart.serving.translator import translator_of

    trained = load_trained(values.model, hparams, problem, values.data_dir, checkpoint)
    teacher = Teacher(values.teacher_export_dir) if values.teacher_export_dir else None
    translator = translator_of(trained, decode_hparams, teacher)
    if values.decode_interactive:
        _interactive(translator, decode_hparams)
    else:
        _from_file(values, lines, translator, decode_hparams)


def _to_stderr(line: str) -> None:
    print(line, file=sys.stderr)


def _progress(started: float) -> Callable[[int, int], None]:
    def report(done: int, total: int) -> None:
        seconds = time.monotonic() - started
        remaining = seconds / done * (total - done)
        _to_stderr(f"{done}/{total} sentences, {seconds:.0f} s, {remaining:.0f} s left")

    return report


def _from_file(values: flags.FlagValues, lines: list[str], translator, decode_hparams) -> None:
    started = time.monotonic()
    translated = translator.translate(lines, _progress(started))
    path = values.decode_to_file or default_output(values, decode_hparams)
    text = "".join(_format(hypotheses, decode_hparams) + "\n" for hypotheses in translated)
    incomplete = Path(path + ".incomplete")
    incomplete.write_text(text, encoding="utf-8")
    incomplete.replace(path)
    seconds = time.monotonic() - started
    print(f"{len(lines)} sentences in {seconds:.1f} s, loading excluded, written to {path}")


def _interactive(translator, decode_hparams) -> None:
    _to_stderr("Type a sentence and Enter; q to quit.")
    while True:
        try:
            line = input("> ").strip()
        except EOFError:
            return
        if line == "q":
            return
        if line:
            print(_format(translator.translate([line])[0], decode_hparams), flush=True)


def main() -> None:
    """Run the command."""
    command_line.run(
        _main,
        "t2t-decoder",
        define_data_flags,
        define_model_flags,
        define_checkpoint_flags,
        define_decode_flags,
        define_flags,
    )
