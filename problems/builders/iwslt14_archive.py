"""The files of the archive de-en.tgz of IWSLT 2014: from their markup to lines of text.

In: the bytes of its files. Out: sentences. The training text has lines of markup about the talks
among the sentences; title and description are sentences. The development and test sets are XML,
read line by line as the field does. Must not import TensorFlow.
"""

import re
import tarfile
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path, PurePosixPath
from typing import IO

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text.lines import decoded

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
    """Yield the sentence pairs of a split, in the order of its files; a side may be empty.

    Args:
        archive: path of the archive.
        split: "train" or one of HELD_OUT.
        languages: codes of source and target, "de" and "en" in either order.

    Raises:
        InputError: it is no such archive, a file is missing in it or not UTF-8, or the two files
            differ in the number of their sentences.
    """
    names = [member_name(split, language) for language in languages]
    # One handle a file: both are unpacked side by side, and neither is held in memory.
    sides = [_sentences(archive, name, split) for name in names]
    for number, (source, target) in enumerate(zip_longest(*sides)):
        if source is None or target is None:
            ended, longer = names if source is None else names[::-1]
            raise InputError(
                f"'{ended}' of '{archive}' ends after sentence {number}, but '{longer}' goes on"
            )
        yield source, target


def _sentences(archive: Path, name: str, split: str) -> Iterator[str]:
    read = training_sentence if split == TRAIN else segment
    try:
        with tarfile.open(archive, "r:*") as tar, _member(tar, name) as file:
            lines = decoded(file, f"'{name}' of '{archive}'")
            yield from (text for text in map(read, lines) if text is not None)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise InputError(f"cannot read '{name}' of '{archive}': {error}") from None


def _member(tar: tarfile.TarFile, name: str) -> IO[bytes]:
    for member in tar:
        file = tar.extractfile(member) if PurePosixPath(member.name).name == name else None
        if file:
            return file
    raise tarfile.TarError("the archive has no such file")
