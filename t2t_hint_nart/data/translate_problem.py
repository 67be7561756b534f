"""Problems of translating sentences from one language into another."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import ClassVar

from t2t_hint_nart.data.parallel_text import (
    STRICT,
    FileNames,
    FilePaths,
    Refusals,
    find_splits,
    read_pairs,
)
from t2t_hint_nart.data.problem import PathLike
from t2t_hint_nart.data.text_problem import Text2TextProblem
from t2t_hint_nart.errors import InputError

# Frequent words that the other language does not have, or hardly ever.
_GERMAN = """
aber als auch auf aus bei bin dann das dass dem den der des dich die dir du ein eine einem einen
einer eines er es euch für haben hatte ich ihr im ist kann kein keine mich mir mit nach nicht noch
nur oder sehr sein sich sie sind und uns vom von vor wenn werden wie wir wird zu zum zur über
"""
_ENGLISH = """
a and are as at be been but by for from had has have he her him his i if is it its my not of on or
our she that the their them there they this to us was we were what when which who with you your
"""
_STOP_WORDS = {"de": frozenset(_GERMAN.split()), "en": frozenset(_ENGLISH.split())}
_WORD = re.compile(r"[^\W\d_]+")

# So many pairs are looked at, and so many words must speak against the language.
SAMPLE_PAIRS = 1000
_FEWEST_WORDS = 20


class TranslateProblem(Text2TextProblem):
    """Base class of translation problems: as Text2TextProblem, but generated split by split.

    A subclass also sets `languages`.

    Attributes:
        local_files: by split, the names that the text may have in tmp_dir, plain or with `.gz`.
        refused_lines: what a line of such files must not be; told with file and line.
    """

    is_generate_per_split = True
    local_files: ClassVar[FileNames] = {}
    refused_lines: ClassVar[Refusals] = STRICT

    # Files that progress has been told of: they are read several times.
    _told: frozenset[tuple[Path, Path]] = frozenset()

    def local_paths(self, tmp_dir: PathLike) -> FilePaths:
        """Return the text files in tmp_dir, by split; nothing if there is no training text.

        Raises:
            InputError: one side of a split, or the development set, is missing.
        """
        return find_splits(Path(tmp_dir), self.local_files)

    def local_samples(self, tmp_dir: PathLike, dataset_split: str) -> Iterator[dict[str, str]]:
        """Yield the sentence pairs of a split's text files, line by line.

        Raises:
            InputError: a bad line or file, or text that looks like another language.
        """
        paths = self.local_paths(tmp_dir)[dataset_split]
        if paths not in self._told:
            self._told |= {paths}
            self.progress(f"{dataset_split}: text of {paths[0]} and {paths[1]}")
        pairs = read_pairs(*paths, self.refused_lines)
        for source, target in language_checked(pairs, self.languages, list(map(str, paths))):
            yield {"inputs": source, "targets": target}


def likely_language(texts: Iterable[str], expected: str) -> str:
    """Return the language that a text looks like: the expected one unless much speaks against it.

    Another is returned if its stop words are at least twenty, and more than twice those of the
    expected language; a language that is not known here is believed.

    Example:
        >>> likely_language(["the cat and the dog"] * 9, "de")
        'en'
        >>> likely_language(["Der Hund ist da."] * 9, "de")
        'de'
    """
    if expected not in _STOP_WORDS:
        return expected
    counts = dict.fromkeys(_STOP_WORDS, 0)
    for text in texts:
        for word in _WORD.findall(text.lower()):
            for language, stop_words in _STOP_WORDS.items():
                counts[language] += word in stop_words
    best = max(counts, key=lambda language: counts[language])
    if counts[best] >= _FEWEST_WORDS and counts[best] > 2 * counts[expected]:
        return best
    return expected


def language_checked(
    pairs: Iterable[tuple[str, str]], languages: tuple[str, str], names: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Yield sentence pairs, having looked whether the first thousand are in their languages.

    Args:
        pairs: sources and targets.
        languages: codes of both sides.
        names: of the files they come from, for the message.

    Raises:
        InputError: a side looks like another language.
    """
    sample: list[tuple[str, str]] = []
    for pair in pairs:
        yield pair
        if len(sample) < SAMPLE_PAIRS:
            sample.append(pair)
            if len(sample) == SAMPLE_PAIRS:
                _check_languages(sample, languages, names)
    if len(sample) < SAMPLE_PAIRS:
        _check_languages(sample, languages, names)


def _check_languages(
    sample: Sequence[tuple[str, str]], languages: tuple[str, str], names: Sequence[str]
) -> None:
    found = tuple(
        likely_language(texts, expected)
        for texts, expected in zip(zip(*sample, strict=True), languages, strict=False)
    )
    if not sample or found == languages:
        return
    files = " and ".join(f"'{name}'" for name in names)
    swapped = "swapped: " if found == languages[::-1] else ""
    raise InputError(
        f"{files} seem {swapped}to be in {found[0]!r} and {found[1]!r}, "
        f"but should be in {languages[0]!r} and {languages[1]!r}"
    )
