"""Decode fixed sentences with a network as it is: translations and BLEU of a step of training."""

from collections.abc import Sequence
from pathlib import Path

from t2t_hint_nart.evaluation.bleu import bleu_13a, bleu_intl, bleu_intl_uncased, check_aligned
from t2t_hint_nart.serving.translator import Translator
from t2t_hint_nart.whole_file import write_whole


class ScoredDecode:
    """Translate the same sentences at every call; the call's argument is the step.

    Args:
        translator: on the network that training changes.
        sources: texts.
        references: a text for each; None gives no scores.
        prefix: where translations go, as <prefix>-<step>, the form that t2t-bleu reads, with
            <prefix>.inputs and <prefix>.targets beside them; None writes nothing.

    Raises:
        InputError: no sentences, or another number of references.
    """

    def __init__(
        self,
        translator: Translator,
        sources: Sequence[str],
        references: Sequence[str] | None = None,
        prefix: str | Path | None = None,
    ):
        check_aligned(sources, sources if references is None else references)
        self._translator = translator
        self._sources = sources
        self._references = references
        self._prefix = prefix

    def path(self, step: int) -> str | None:
        """Where a step's translations are written."""
        return None if self._prefix is None else f"{self._prefix}-{step}"

    def __call__(self, step: int) -> dict[str, float]:
        """Return BLEU_cased and BLEU_uncased (as t2t-bleu) and BLEU_13a, each 0 to 100."""
        translated = self._translator.translate(self._sources)
        hypotheses = [found[0].text for found in translated]
        path = self.path(step)
        if path is not None:
            _write(f"{self._prefix}.inputs", self._sources)
            if self._references is not None:
                _write(f"{self._prefix}.targets", self._references)
            _write(path, hypotheses)
        if self._references is None:
            return {}
        return {
            "BLEU_cased": bleu_intl(hypotheses, self._references).value,
            "BLEU_uncased": bleu_intl_uncased(hypotheses, self._references).value,
            "BLEU_13a": bleu_13a(hypotheses, self._references).value,
        }


def _write(path: str, lines: Sequence[str]) -> None:
    write_whole(path, "".join(line.replace("\n", " ") + "\n" for line in lines))
