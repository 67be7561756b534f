"""An export for programs: loaded once, it translates any number of sentences (no TensorFlow)."""

import itertools
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import overload

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.capabilities import ExportedScorer
from t2t_hint_nart.exports.metadata import ExportMetadata
from t2t_hint_nart.exports.runtime import open_export
from t2t_hint_nart.serving.export_decoding import (
    check_scorer_is_wanted,
    settings_of_export,
    translator_of_export,
)
from t2t_hint_nart.serving.translator import Translator

# Sentences of a stream that are read ahead, so that those of one length come together.
READ_AHEAD = 1024


class LoadedExport:
    """An open export that translates text; several threads may use one at once.

    Made by `t2t_hint_nart.load`.

    Attributes:
        export_dir: of the version that is open.
        metadata: what the export says of itself.
        translator: gives hypotheses with their scores and ids, and takes ids.

    Example:
        student = t2t_hint_nart.load("runs/quickstart/export/student_ctc_bigrams")
        student.translate("Guten Morgen!")
        student.translate(["Guten Morgen!", "Wo ist der Bahnhof?"])
        with open("new.de") as lines:
            for line in student.stream(lines):
                print(line)
    """

    def __init__(self, export_dir: str, metadata: ExportMetadata, translator: Translator):
        self.export_dir = export_dir
        self.metadata = metadata
        self.translator = translator

    @overload
    def translate(self, sentences: str) -> str: ...

    @overload
    def translate(self, sentences: Iterable[str]) -> list[str]: ...

    def translate(self, sentences: str | Iterable[str]) -> str | list[str]:
        """Translate a sentence, or several, all of them in memory.

        Args:
            sentences: text; white space around a sentence doesn't count.

        Returns:
            A str for a str, else a list in the order of the sentences; of a sentence without a
            word "".

        Raises:
            InputError: what isn't text, or a sentence of more tokens than the export takes.
        """
        if isinstance(sentences, str):
            return self._translated([sentences])[0]
        return self._translated(list(sentences))

    def stream(self, sentences: Iterable[str], read_ahead: int = READ_AHEAD) -> Iterator[str]:
        """Translate sentences as they come, in memory for `read_ahead` of them, in their order.

        Args:
            sentences: text, which may never end.
            read_ahead: how many are translated together.

        Raises:
            InputError: as of `translate`, when it is that sentence's turn.
        """
        if read_ahead < 1:
            raise InputError(f"read_ahead must be at least 1, not {read_ahead}.")
        if isinstance(sentences, str):
            raise InputError("stream takes sentences, not one str; give [sentence].")
        return self._stream(iter(sentences), read_ahead)

    def _stream(self, sentences: Iterator[str], read_ahead: int) -> Iterator[str]:
        while some := list(itertools.islice(sentences, read_ahead)):
            yield from self._translated(some)

    def _translated(self, sentences: list[str]) -> list[str]:
        for place, sentence in enumerate(sentences):
            if not isinstance(sentence, str):
                kind = type(sentence).__name__
                raise InputError(f"Sentence {place + 1} must be a str, not a {kind}.")
        return [found[0].text for found in self.translator.translate(sentences)]


def load(
    export_dir: str | Path,
    teacher_export_dir: str | Path | None = None,
    decode_hparams: str = "",
    device: str = "",
) -> LoadedExport:
    """Open an export to translate with; see `t2t_hint_nart.load`."""
    export = open_export(export_dir, device)
    settings = settings_of_export(export.metadata, decode_hparams)
    scorer = None
    if teacher_export_dir:
        check_scorer_is_wanted(export.metadata, settings, teacher_export_dir)
        scorer = ExportedScorer(open_export(teacher_export_dir, device))
    translator = translator_of_export(export, settings, export.encoders, scorer)
    return LoadedExport(export.export_dir, export.metadata, translator)
