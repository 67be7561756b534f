"""TFDS builder of Tatoeba's German-English sentence pairs, as manythings.org offers them.

The archive grows from month to month; the division is made of what is in it.
"""

from collections.abc import Iterator
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from t2t_hint_nart.data.parallel_text import TOO_LONG, BadLines, refuse
from t2t_hint_nart.problems.builders.held_out import Pair, component_split
from t2t_hint_nart.problems.builders.parallel_text_builder import ParallelTextBuilder
from t2t_hint_nart.text.archives import zip_lines
from t2t_hint_nart.text.lines import sentence

ARCHIVE = "deu-eng.zip"
_MEMBER = "deu.txt"


class TatoebaPairs(ParallelTextBuilder):
    """German-English sentences of Tatoeba, divided so that no held-out sentence is in training.

    The archive is looked for in the manual directory under its own name, else downloaded.
    """

    HOMEPAGE = "https://www.manythings.org/anki/"
    LICENSE = "CC-BY 2.0 FR"
    MANUAL_DOWNLOAD_INSTRUCTIONS = f"{ARCHIVE} of https://www.manythings.org/anki/"

    ARCHIVE = ARCHIVE
    URL = f"https://www.manythings.org/anki/{ARCHIVE}"
    HELD_OUT: ClassVar[dict[str, int]] = {"test": 2000, "validation": 1000}

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        pairs = list(read_archive(self.fetch_archive(dl_manager)))
        parts = component_split(pairs, self.HELD_OUT, "train")
        return {part: self._generate_examples(pairs) for part, pairs in parts.items()}


def read_archive(path: Any) -> Iterator[Pair]:
    """Yield the distinct (German, English) pairs of the archive, in its order.

    Each line of its text holds English, German and, in newer archives, who wrote them.

    Raises:
        InputError: it is no zip file or has no such text, or a line has fewer than two columns.
    """
    seen: set[Pair] = set()
    bad = BadLines(f"'{_MEMBER}' of '{path}'", TOO_LONG)
    for number, line in enumerate(zip_lines(path, _MEMBER), start=1):
        english, *others = map(sentence, line.split("\t"))
        pair = (others[0] if others else "", english)
        bad.look(number, pair)
        if not all(pair):
            bad.add("has no pair of sentences", number)
        if not bad and pair not in seen:
            seen.add(pair)
            yield pair
    refuse([bad])
