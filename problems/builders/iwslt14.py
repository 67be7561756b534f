"""TFDS builder of IWSLT 2014 German-English (TED talks), from the official archive de-en.tgz.

Two configurations: `raw` is the text of the archive without its markup, `tokenized_lowercased` has
gone through the Moses tokenizer and is lower-cased, as most papers on this data have it. Cleaning
and dividing the training text is left to the problem, because the field has two ways.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from t2t_hint_nart.problems.builders import iwslt14_archive
from t2t_hint_nart.problems.builders.parallel_text_builder import ParallelTextBuilder
from t2t_hint_nart.text.moses_tokens import tokenize

ARCHIVE = "de-en.tgz"


@dataclass
class Iwslt14Config(tfds.core.BuilderConfig):
    """How the text is prepared.

    Attributes:
        tokenized_lowercased: through the Moses tokenizer, and lower-cased.
    """

    tokenized_lowercased: bool = False


class Iwslt14(ParallelTextBuilder):
    """German-English TED talks of IWSLT 2014 (Cettolo et al. 2014).

    The archive is looked for in the manual directory under its own name, else downloaded from
    where fairseq keeps it: the workshop's own server, wit3.fbk.eu, no longer offers it.
    """

    HOMEPAGE = "https://wit3.fbk.eu/2014-01"
    LICENSE = "CC BY-NC-ND 4.0 (TED)"
    MANUAL_DOWNLOAD_INSTRUCTIONS = f"{ARCHIVE} of https://wit3.fbk.eu/2014-01"
    BUILDER_CONFIGS: ClassVar = [
        Iwslt14Config(
            name="tokenized_lowercased",
            description="Moses tokenizer, lower-cased",
            tokenized_lowercased=True,
        ),
        Iwslt14Config(name="raw", description="the text as it is in the archive"),
    ]

    URL: ClassVar[str] = f"https://dl.fbaipublicfiles.com/fairseq/data/iwslt14/{ARCHIVE}"

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        archive = dl_manager.manual_dir / ARCHIVE
        if not archive.exists():
            archive = dl_manager.download(self.URL)
        return {
            split: self._generate_examples(self._pairs(Path(archive), split))
            for split in (iwslt14_archive.TRAIN, *iwslt14_archive.HELD_OUT)
        }

    def _pairs(self, archive: Path, split: str) -> Iterator[tuple[str, str]]:
        german, english = self.LANGUAGES
        for source, target in iwslt14_archive.sentence_pairs(archive, split, self.LANGUAGES):
            if self.builder_config.tokenized_lowercased:
                yield moses_lowercased(source, german), moses_lowercased(target, english)
            else:
                yield source, target


def moses_lowercased(text: str, language: str) -> str:
    """Return a sentence as IWSLT papers have it: through Moses' tokenizer, and lower-cased.

    The rules are those of Moses since November 2018, which split the period off at the end of a
    line whatever it follows. Text that was prepared before keeps it in some lines ("usw."), 0.3 %
    of them in IWSLT14's test set.

    Args:
        text: a raw sentence.
        language: its code, which decides about abbreviations and apostrophes.

    Example:
        >>> moses_lowercased("It's the Sarasota-Bay dolphins, Dr. Smith, of 2012.", "en")
        'it &apos;s the sarasota-bay dolphins , dr. smith , of 2012 .'
    """
    return " ".join(tokenize(text, language, escape=True)).lower()
