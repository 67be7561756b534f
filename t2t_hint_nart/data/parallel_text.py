"""Sentence pairs out of text files: two files line by line, or one of tab-separated columns.

In: a folder and the names that the files of each split may have. Out: paths, and (source, target)
strings without the white space around them, everything inside kept as it is. What a line must not
be is said by the caller, and what is wrong is told with file and line. No TensorFlow.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from types import MappingProxyType

from t2t_hint_nart.data.problem import DatasetSplit
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.text.lines import LineNumbers, columns, each_line, sentence

Pair = tuple[str, str]

# What is wrong with a line -> whether it is so.
Refusals = Mapping[str, Callable[[str], bool]]

# Split -> names of the source and the target file, the first pair found counts.
FileNames = Mapping[str, Sequence[tuple[str, str]]]
FilePaths = dict[str, tuple[Path, Path]]

MAX_LINE_CHARACTERS = 10_000

# Category Cc but the tab, and the two characters that also end a line for some programs.
_CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f-\x9f\u2028\u2029]")


def is_empty(text: str) -> bool:
    """Return whether nothing but white space is there."""
    return not sentence(text)


def has_control_character(text: str) -> bool:
    r"""Return whether a text has a control character other than a tab, or a line separator.

    Example:
        >>> [has_control_character(text) for text in ("a\tb", "a\x00b", "a\u2028b")]
        [False, True, True]
    """
    return _CONTROL.search(text) is not None


def is_overlong(text: str) -> bool:
    """Return whether a line is too long for a sentence: its line ends are lost, most likely."""
    return len(text) > MAX_LINE_CHARACTERS


TOO_LONG: Refusals = MappingProxyType(
    {f"more than {MAX_LINE_CHARACTERS} characters in a line": is_overlong}
)
# What a corpus made by hand should not have.
STRICT: Refusals = MappingProxyType(
    {"an empty line": is_empty, "a control character": has_control_character, **TOO_LONG}
)


class BadLines:
    """What is wrong with lines of a text, in one message: the first ten of a kind, and how many.

    Args:
        name: of the text, as it stands in the message.
        refusals: what a line must not be.
    """

    def __init__(self, name: str, refusals: Refusals = STRICT) -> None:
        self._name, self._refusals = name, refusals
        self._found: dict[str, LineNumbers] = {}

    def look(self, number: int, texts: Iterable[str]) -> None:
        """Note what the texts of a line are that they must not be."""
        for what, is_so in self._refusals.items():
            if any(map(is_so, texts)):
                self.add(f"has {what}", number)
                return

    def add(self, what: str, number: int) -> None:
        """Note what is wrong with a line."""
        self._found.setdefault(what, LineNumbers()).add(number)

    def __bool__(self) -> bool:
        return bool(self._found)

    def __str__(self) -> str:
        told = (f"{what}: {numbers}" for what, numbers in self._found.items())
        return f"{self._name} {'; '.join(told)}"


def refuse(bad: Iterable[BadLines], before: str = "") -> None:
    """Raise an InputError that tells what is wrong with some texts, and something else before."""
    told = [before, *map(str, filter(None, bad))]
    if any(told):
        raise InputError("; ".join(filter(None, told)))


def side_by_side(
    sides: Iterable[Iterable[str]], names: Sequence[str], unit: str, bad: Iterable[BadLines] = ()
) -> Iterator[Pair]:
    """Yield the pairs of two texts, place by place.

    Args:
        sides: both texts.
        names: of them, as they stand in the message.
        unit: what they are made of, as "line".
        bad: what else is wrong with them, looked at when one of them ends before the other.

    Raises:
        InputError: one of them does.
    """
    for number, (first, second) in enumerate(zip_longest(*sides)):
        if first is None or second is None:
            ended, longer = names if first is None else reversed(names)
            refuse(
                bad,
                f"{ended} ends after {unit} {number}, but {longer} goes on; "
                f"{unit} n of one belongs to {unit} n of the other",
            )
        yield first, second


def read_sentences(path: Path, refusals: Refusals = STRICT) -> Iterator[str]:
    """Yield the sentences of a text file, plain or gzip, a line each.

    The first bad line ends the sentences, but the rest of the file is looked at too.

    Raises:
        InputError: the file cannot be read, or lines are not UTF-8 or refused.
    """
    bad = BadLines(f"'{path}'", refusals)
    for number, line in enumerate(each_line(path), start=1):
        text = sentence(line)
        bad.look(number, (text,))
        if not bad:
            yield text
    refuse([bad])


def read_pairs(source: Path, target: Path, refusals: Refusals = STRICT) -> Iterator[Pair]:
    """Yield the pairs of two files: line n of one belongs to line n of the other.

    Raises:
        InputError: see `read_sentences`; or one file has more lines than the other, or none has
            any.
    """
    count = 0
    names = [f"'{path}'" for path in (source, target)]
    bad = [BadLines(name, refusals) for name in names]
    sides = (map(sentence, each_line(path)) for path in (source, target))
    for count, pair in enumerate(side_by_side(sides, names, "line", bad), start=1):
        for side, text in zip(bad, pair, strict=True):
            side.look(count, (text,))
        if not any(bad):
            yield pair
    refuse(bad)
    if not count:
        raise InputError(f"'{source}' and '{target}' are empty")


def read_columns(path: Path, refusals: Refusals = STRICT) -> Iterator[Pair]:
    """Yield the pairs of a file with a source, a tab and its target in every line.

    Raises:
        InputError: see `read_sentences`; or a line hasn't exactly one tab, or there is none.
    """
    of_columns = {"an empty side" if so is is_empty else what: so for what, so in refusals.items()}
    number, bad = 0, BadLines(f"'{path}'", of_columns)
    for number, line in enumerate(each_line(path), start=1):
        # A tab at either end of the line is one beside an empty side.
        if line.count("\t") == 1:
            pair = columns(line, path, number)
            bad.look(number, pair)
        else:
            form = "must have the form input<tab>target with one tab, it has"
            bad.add(f"{form} {line.count(chr(9))}", number)
        if not bad:
            yield pair
    refuse([bad])
    if not number:
        raise InputError(f"'{path}' is empty")


def find_text(folder: Path, name: str) -> Path | None:
    """Return the path of a text file, plain or with `.gz` at its end, None if there is neither."""
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    return None


def file_names(languages: tuple[str, str], **stems: Sequence[str]) -> FileNames:
    """Return file names that end in the code of their language; `stems` are by split.

    Example:
        >>> file_names(("de", "en"), train=["train"], dev=["dev", "val"])["dev"]
        [('dev.de', 'dev.en'), ('val.de', 'val.en')]
    """
    return {
        split: [(f"{stem}.{languages[0]}", f"{stem}.{languages[1]}") for stem in names]
        for split, names in stems.items()
    }


def find_splits(folder: Path, names: FileNames) -> FilePaths:
    """Return the text files of each split, plain or gzip; nothing if there is no training text.

    Returns:
        split -> paths of source and target; without the test set if that is not there.

    Raises:
        InputError: one side of a split is missing, or there is a training but no development set.
    """
    if not _first_pair(folder, names.get(DatasetSplit.TRAIN, ())):
        return {}
    pairs = {split: _first_pair(folder, candidates) for split, candidates in names.items()}
    found = {split: paths for split, paths in pairs.items() if paths}
    for split in names:
        if split not in found and split != DatasetSplit.TEST:
            wanted = " or ".join(f"{source} and {target}" for source, target in names[split])
            raise InputError(
                f"'{folder}' has '{found[DatasetSplit.TRAIN][0].name}' to train on, but no {split} "
                f"text: put {wanted} (or .gz) there too"
            )
    return found


def _first_pair(folder: Path, candidates: Sequence[tuple[str, str]]) -> tuple[Path, Path] | None:
    for names in candidates:
        source, target = (find_text(folder, name) for name in names)
        if source and target:
            return source, target
        if source or target:
            missing = names[0] if target else names[1]
            raise InputError(
                f"'{folder}' has '{(source or target).name}' but not its other side, "  # type: ignore[union-attr]
                f"'{missing}' or '{missing}.gz'"
            )
    return None
