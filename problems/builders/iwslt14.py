"""TFDS builder of IWSLT 2014 German-English (TED talks), from the official archive de-en.tgz.

Two configurations: `raw` is the text of the archive without its markup, `tokenized_lowercased` has
gone through the Moses tokenizer and is lower-cased, as most papers on this data have it. Cleaning
and dividing the training text is left to the problem, because the field has two ways.

The training text has lines of markup about the talks among the sentences; title and description are
sentences. The development and test sets are XML, read line by line as the field does.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import tensorflow_datasets as tfds

from t2t_hint_nart.data.parallel_text import side_by_side
from t2t_hint_nart.problems.builders.parallel_text_builder import ParallelTextBuilder
from t2t_hint_nart.text.archives import tar_lines
from t2t_hint_nart.text.moses_tokens import tokenize

ARCHIVE = "de-en.tgz"
TRAIN = "train"
# Split -> name of its files in the archive, in the order in which the field joins the test sets.
HELD_OUT = {
    "dev2010": "IWSLT14.TED.dev2010",
    "dev2012": "IWSLT14.TEDX.dev2012",
    "tst2010": "IWSLT14.TED.tst2010",
    "tst2011": "IWSLT14.TED.tst2011",
    "tst2012": "IWSLT14.TED.tst2012",
}

_ABOUT_THE_TALK = re.compile("<url>|<talkid>|<keywords>")
_TAGS_AROUND_TEXT = re.compile("</?(?:title|description)>")
_SEGMENT = re.compile(r'<seg id="[0-9]*">\s*|\s*</seg>\s*')


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

    ARCHIVE = ARCHIVE
    URL = f"https://dl.fbaipublicfiles.com/fairseq/data/iwslt14/{ARCHIVE}"

    def _split_generators(self, dl_manager: tfds.download.DownloadManager) -> dict[str, Any]:
        archive = self.fetch_archive(dl_manager)
        return {
            split: self._generate_examples(self._pairs(archive, split))
            for split in (TRAIN, *HELD_OUT)
        }

    def _pairs(self, archive: Path, split: str) -> Iterator[tuple[str, str]]:
        german, english = self.LANGUAGES
        for source, target in sentence_pairs(archive, split, self.LANGUAGES):
            if self.builder_config.tokenized_lowercased:
                yield moses_lowercased(source, german), moses_lowercased(target, english)
            else:
                yield source, target


def moses_lowercased(text: str, language: str) -> str:
    """Return a raw sentence as IWSLT papers have it: through Moses' tokenizer, and lower-cased.

    The rules are those of Moses since November 2018, which split the period off at the end of a
    line whatever it follows. Text that was prepared before keeps it in some lines ("usw."), 0.3 %
    of them in IWSLT14's test set.

    Example:
        >>> moses_lowercased("It's the Sarasota-Bay dolphins, Dr. Smith, of 2012.", "en")
        'it &apos;s the sarasota-bay dolphins , dr. smith , of 2012 .'
    """
    return " ".join(tokenize(text, language, escape=True)).lower()


def member_name(split: str, language: str) -> str:
    """Return the name of a split's file, without the folder it is in.

    Example:
        >>> member_name("train", "de"), member_name("tst2010", "en")
        ('train.tags.de-en.de', 'IWSLT14.TED.tst2010.de-en.en.xml')
    """
    if split == TRAIN:
        return f"train.tags.de-en.{language}"
    return f"{HELD_OUT[split]}.de-en.{language}.xml"


def training_sentence(line: str) -> str | None:
    """Return the text in a line of the training file, None if it is about the talk.

    Example:
        >>> training_sentence("<title>Der Titel</title>"), training_sentence("<talkid>1</talkid>")
        ('Der Titel', None)
    """
    if _ABOUT_THE_TALK.search(line):
        return None
    return _TAGS_AROUND_TEXT.sub("", line).strip()


def segment(line: str) -> str | None:
    """Return the text in a line of a development or test file, None if it has none.

    Typographic apostrophes become straight, as in the field's preparation.

    Example:
        >>> segment('<seg id="1"> Das war’s. </seg>'), segment("</doc>")
        ("Das war's.", None)
    """
    if "<seg id" not in line:
        return None
    return _SEGMENT.sub("", line).strip().replace("’", "'")


def sentence_pairs(
    archive: Path, split: str, languages: tuple[str, str]
) -> Iterator[tuple[str, str]]:
    """Return the sentence pairs of a split, in the order of its files; a side may be empty.

    Raises:
        InputError: it is no such archive, a file is missing in it or not UTF-8, or the two files
            differ in the number of their sentences.
    """
    names = [member_name(split, language) for language in languages]
    # Both are unpacked side by side, and neither is held in memory.
    sides = (_sentences(archive, name, split) for name in names)
    return side_by_side(sides, [f"'{name}' of '{archive}'" for name in names], "sentence")


def _sentences(archive: Path, name: str, split: str) -> Iterator[str]:
    read = training_sentence if split == TRAIN else segment
    return (text for text in map(read, tar_lines(archive, name)) if text is not None)
