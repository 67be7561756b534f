"""The one job of every decode: translate sentences, write, compare (no TensorFlow of its own)."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.evaluation import bleu
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.progress import Progress
from t2t_hint_nart.serving.decodes import (
    TEXT_ENDINGS,
    Hypothesis,
    hypothesis_text,
    inference_time,
    one_line,
    sentence_line,
    write_sentences,
)
from t2t_hint_nart.serving.sentences import Sentences
from t2t_hint_nart.serving.translator import DEFAULT_BATCH_SIZE, Translator
from t2t_hint_nart.text.lines import printable

Say = Callable[[str], None]
SECONDS_BETWEEN_LINES = 5.0
_NAMED = 10


class Translations(NamedTuple):
    """What came out.

    Attributes:
        sentences: that were translated.
        hypotheses: of each, best first.
        too_long: places of sentences that are too long to be translated; they have one that is
            empty.
    """

    sentences: Sentences
    hypotheses: Sequence[Sequence[Hypothesis]]
    too_long: Sequence[int] = ()

    def check_complete(self, source: str, result: str) -> None:
        """Tell sentences without a translation, once all others' are in a safe place.

        Args:
            source: where the sentences are from.
            result: where the translations went.

        Raises:
            InputError: naming the lines.
        """
        check_none_too_long(self.too_long, source, result)

    def best(self) -> list[str]:
        """The best translation of each sentence, on one line each."""
        return [one_line(found[0].text) for found in self.hypotheses]

    def acceptance(self) -> dict[str, float]:
        """What verifying drafts took; nothing where none were verified.

        Returns:
            `passes` of the teacher a sentence, and `tokens_per_pass`, EOS among them: 1 is what the
            teacher needs without a draft.
        """
        best = [found[0] for found in self.hypotheses if found[0].passes]
        passes = sum(one.passes for one in best)
        if not passes:
            return {}
        tokens = sum(len(one.ids) + 1 for one in best)
        return {"passes": passes / len(best), "tokens_per_pass": tokens / passes}

    def acceptance_lines(self) -> list[str]:
        """`acceptance` in words, if there were drafts."""
        told = self.acceptance()
        if not told:
            return []
        return [
            f"Verified in {told['passes']:.2f} passes of the teacher a sentence: "
            f"{told['tokens_per_pass']:.2f} tokens a pass"
        ]

    def write(self, path: str | Path, hparams: HParams) -> str:
        """Write a line a sentence, complete or not at all, and return the path."""
        lines = (sentence_line(found, hparams) for found in self.hypotheses)
        write_sentences(path, lines, hparams.delimiter)
        return str(path)

    def write_texts(self, prefix: str, delimiter: str = "\n") -> list[str]:
        """Write <prefix>.targets, if there are references, and <prefix>.inputs; return paths."""
        columns = (self.sentences.references, self.sentences.inputs)
        paths = []
        for ending, texts in zip(TEXT_ENDINGS, columns, strict=True):
            if texts is not None:
                paths.append(prefix + ending)
                lines = (one_line(text, delimiter) for text in texts)
                write_sentences(paths[-1], lines, delimiter)
        return paths

    def _scores(self) -> dict[str, bleu.Score]:
        references = self.sentences.references
        if references is None:
            return {}
        best = [found[0].text for found in self.hypotheses]
        return {
            "BLEU_cased": bleu.bleu_intl(best, references),
            "BLEU_uncased": bleu.bleu_intl_uncased(best, references),
            "BLEU_13a": bleu.bleu_13a(best, references),
        }

    def scores(self) -> dict[str, float]:
        """BLEU_cased, BLEU_uncased (as t2t-bleu) and BLEU_13a, 0 to 100; no references, no scores.

        Raises:
            InputError: the numbers of sentences differ.
        """
        return {name: score.value for name, score in self._scores().items()}

    def score_lines(self) -> list[str]:
        """The scores as t2t-bleu prints them, a line a score, that of papers with its signature."""
        scores = self._scores()
        if not scores:
            return []
        t2ts = (f"{name} = {scores[name].value:6.2f}" for name in ("BLEU_uncased", "BLEU_cased"))
        return [*t2ts, f"BLEU_13a = {scores['BLEU_13a']}"]

    def log_lines(self, hparams: HParams) -> list[str]:
        """T2T's lines of results: INPUT, OUTPUT and, if there is one, TARGET."""
        lines = []
        references = self.sentences.references
        for index, (text, found) in enumerate(
            zip(self.sentences.inputs, self.hypotheses, strict=True)
        ):
            lines.append(f"Inference results INPUT: {printable(text)}")
            for number, hypothesis in enumerate(found if hparams.return_beams else found[:1]):
                if hparams.return_beams:
                    lines.append(f"BEAM {number}:")
                output = printable(hypothesis_text(hypothesis, hparams))
                lines.append(f"Inference results OUTPUT: {output}")
            if references is not None:
                lines.append(f"Inference results TARGET: {printable(references[index])}")
        return lines


def translate(
    translator: Translator, sentences: Sentences, say: Say | None = None, batch_size: int = 0
) -> Translations:
    """Translate sentences.

    Args:
        translator: decodes.
        sentences: what is translated.
        say: told of progress and of T2T's line of latency or throughput, building the graph
            excluded.
        batch_size: of the translator, for that line; 0 means 32.
    """
    if sentences.sources is None:
        sources = [translator.encode(line) for line in sentences.inputs]
    else:
        sources = [translator.kept(ids) for ids in sentences.sources]
    too_long: list[int] = []
    if say is None:
        found = translator.translate_encoded(sources, too_long=too_long.append)
        return Translations(sentences, found, sorted(too_long))
    translator.warm_up()
    started = time.monotonic()
    told = Progress(say, "decoding", "sentences", len(sources), every=SECONDS_BETWEEN_LINES)
    hypotheses = translator.translate_encoded(
        sources, lambda done, _: told.update(done), too_long.append
    )
    seconds = max(time.monotonic() - started, 1e-9)
    say(inference_time(seconds, len(sources), batch_size or DEFAULT_BATCH_SIZE))
    return Translations(sentences, hypotheses, sorted(too_long))


def check_none_too_long(
    places: Sequence[int], source: str, result: str, can_cut: bool = True
) -> None:
    """Tell sentences that were left out for their length.

    Args:
        places: of the sentences.
        source: where they are from.
        result: where the results went.
        can_cut: whether max_input_size would cut them.

    Example:
        >>> check_none_too_long([2, 40], "in.de", "out.en")
        Traceback (most recent call last):
        ...
        t2t_hint_nart.errors.InputError: Too long: line 3, 41 of in.de. What \
out.en has there says nothing, all other lines are as they should be; divide such lines, or cut \
them with --decode_hparams=max_input_size=<tokens>.
    """
    if places:
        numbers = ", ".join(str(place + 1) for place in places[:_NAMED])
        more = f" and {len(places) - _NAMED} more" if len(places) > _NAMED else ""
        cut = ", or cut them with --decode_hparams=max_input_size=<tokens>" if can_cut else ""
        raise InputError(
            f"Too long: line {numbers}{more} of {source}. What {result} has there "
            f"says nothing, all other lines are as they should be; divide such lines{cut}."
        )


class StepDecode:
    """Translate the same sentences at every call with a network as it is then.

    Args:
        translator: on the network that training changes.
        sentences: what is translated.
        settings: decode hparams; how translations are written, and whether they are told.
        prefix: where translations go, as <prefix>-<step>, the form that t2t-bleu reads, with
            <prefix>.inputs and <prefix>.targets beside them; None writes nothing.
        say: as of `translate`.

    Raises:
        InputError: no sentences, or another number of references.
    """

    def __init__(
        self,
        translator: Translator,
        sentences: Sentences,
        settings: HParams,
        prefix: str | None = None,
        say: Say | None = None,
    ):
        references = sentences.references
        bleu.check_aligned(sentences.inputs, sentences.inputs if references is None else references)
        self._translator = translator
        self._sentences = sentences
        self._settings = settings
        self._prefix = prefix
        self._say = say

    def path(self, step: int) -> str | None:
        """Where a step's translations are written."""
        return None if self._prefix is None else f"{self._prefix}-{step}"

    def translate(self, step: int) -> Translations:
        """Translate with the network as it is, tell what came out if it is to be, and write it."""
        settings = self._settings
        found = translate(self._translator, self._sentences, self._say, settings.batch_size)
        if settings.log_results:
            (self._say or print)("\n".join(found.log_lines(settings)))
        path = self.path(step)
        if path is not None:
            found.write_texts(str(self._prefix), settings.delimiter)
            found.write(path, settings)
        return found

    def __call__(self, step: int) -> dict[str, float]:
        """Return `Translations.scores` of the network as it is."""
        return self.translate(step).scores()
