"""TFDS builder of Tatoeba's German-English sentence pairs, as manythings.org offers them.

The archive grows from month to month and has no checksum; the division is made of what is in it.
"""

import zipfile
from collections.abc import Iterator
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.problems.builders.held_out import Pair, component_split
from t2t_hint_nart.problems.builders.parallel_text_builder import ParallelTextBuilder
from t2t_hint_nart.text.lines import decoded

ARCHIVE = "deu-eng.zip"
_MEMBER = "deu.txt"


class TatoebaPairs(ParallelTextBuilder):
    """German-English sentences of Tatoeba, divided so that no held-out sentence is in training.

    The archive is looked for in the manual directory under its own name, else downloaded.
    """

    HOMEPAGE = "https://www.manythings.org/anki/"
    LICENSE = "CC-BY 2.0 FR"
    MANUAL_DOWNLOAD_INSTRUCTIONS = f"{ARCHIVE} of https://www.manythings.org/anki/"

    URL: ClassVar[str] = f"https://www.manythings.org/anki/{ARCHIVE}"
    HELD_OUT: ClassVar[dict[str, int]] = {"test": 2000, "validation": 1000}

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        archive = dl_manager.manual_dir / ARCHIVE
        if not archive.exists():
            archive = dl_manager.download(self.URL)
        parts = component_split(list(read_archive(archive)), self.HELD_OUT, "train")
        return {part: self._generate_examples(pairs) for part, pairs in parts.items()}


def read_archive(path: Any) -> Iterator[Pair]:
    """Yield the distinct (German, English) pairs of the archive, in its order.

    Each line of its text holds English, German and, in newer archives, who wrote them.

    Raises:
        InputError: it is no zip file or has no such text, or a line has fewer than two columns.
    """
    seen: set[Pair] = set()
    try:
        with zipfile.ZipFile(path) as archive, archive.open(_MEMBER) as member:
            for number, line in enumerate(decoded(member, f"{_MEMBER} of '{path}'"), start=1):
                english, *others = (column.strip() for column in line.split("\t"))
                pair = (others[0] if others else "", english)
                if not all(pair):
                    raise InputError(f"'{path}' has no pair of sentences: {_MEMBER} line {number}")
                if pair not in seen:
                    seen.add(pair)
                    yield pair
    except (zipfile.BadZipFile, KeyError) as error:
        raise InputError(f"cannot read the sentences in '{path}': {error}") from None
