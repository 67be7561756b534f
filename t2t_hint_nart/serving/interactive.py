"""Translate what is typed, with T2T's commands at the prompt (no TensorFlow)."""

from collections.abc import Callable

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.serving.decodes import Hypothesis, hypothesis_text
from t2t_hint_nart.text.lines import sentence

# From decoding hparams to the function that translates a line with them.
MakeTranslate = Callable[[HParams], Callable[[str], list[Hypothesis]]]

PROMPT = ">"
HELP = (
    "INTERACTIVE MODE  num_samples={samples}  decode_length={length}\n"
    "  it=<input_type>     (text is the only one)\n"
    "  ns=<num_samples>    (how many of the best translations are shown)\n"
    "  dl=<decode_length>  (most tokens beyond the source's length; of no effect on a student)\n"
    "  <source_string>     (decode)\n"
    "  q                   (quit)"
)


def interact(
    make_translate: MakeTranslate,
    hparams: HParams,
    ask: Callable[[str], str],
    answer: Callable[[str], None],
    say: Callable[[str], None],
) -> None:
    """Translate line after line until `q` or the end of input.

    Args:
        make_translate: called once, and again when `dl=` changes extra_length, or `ns=` whether
            several translations are looked for, which return_beams says to it.
        hparams: num_samples (-1 for 1), extra_length, return_beams, identity_output.
        ask: returns a line for a prompt; raises EOFError at the end.
        answer: takes translations.
        say: takes everything else.
    """
    hparams = hparams.copy()
    translate = make_translate(_for_search(hparams))
    say(_help(hparams))
    while True:
        try:
            line = sentence(ask(PROMPT))
        except EOFError:
            return
        if line == "q":
            return
        if line[:3] in ("it=", "ns=", "dl="):
            changed = hparams.copy()
            try:
                if _setting(line, changed):
                    translate = make_translate(_for_search(changed))
            except InputError as error:
                say(str(error))
                continue
            hparams = changed
            say(_help(hparams))
        else:
            try:
                _answer(translate(line), hparams, answer)
            except InputError as error:
                say(str(error))
                answer("")


def _shows_several(hparams: HParams) -> bool:
    return bool(hparams.return_beams or hparams.num_samples > 1)


def _for_search(hparams: HParams) -> HParams:
    """Hparams for a translator: here num_samples counts translations, there sentences."""
    searched = hparams.copy()
    searched.return_beams = _shows_several(hparams)
    return searched


def _help(hparams: HParams) -> str:
    return HELP.format(samples=max(hparams.num_samples, 1), length=hparams.extra_length)


def _setting(line: str, hparams: HParams) -> bool:
    """Obey a command; return whether decoding changes."""
    name, value = line[:2], line[3:].strip()
    if name == "it":
        if value != "text":
            raise InputError(f"it={value}: there is no input type but text.")
        return False
    least = 1 if name == "ns" else 0
    if not value.isdecimal() or int(value) < least:
        raise InputError(f"{name}={value}: a number of at least {least} is needed.")
    if name == "ns":
        before = _shows_several(hparams)
        hparams.num_samples = int(value)
        return _shows_several(hparams) != before
    hparams.extra_length = int(value)
    return True


def _answer(hypotheses: list[Hypothesis], hparams: HParams, answer: Callable[[str], None]) -> None:
    """Tell the best translation, or several with their scores, as T2T does."""
    samples = len(hypotheses) if hparams.return_beams else max(hparams.num_samples, 1)
    if samples == 1 and not (hparams.return_beams or hparams.write_beam_scores):
        answer(hypothesis_text(hypotheses[0], hparams))
        return
    for hypothesis in hypotheses[:samples]:
        answer(f'"{hypothesis_text(hypothesis, hparams)}"\tScore:{hypothesis.score:f}')
