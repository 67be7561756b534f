"""Problems of translating sentences from one language into another."""

from collections.abc import Iterator
from pathlib import Path
from typing import ClassVar

from t2t_hint_nart.data.language_check import language_checked
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

        Args:
            tmp_dir: folder of downloads and other raw material.

        Raises:
            InputError: one side of a split, or the development set, is missing.
        """
        return find_splits(Path(tmp_dir), self.local_files)

    def local_samples(self, tmp_dir: PathLike, dataset_split: str) -> Iterator[dict[str, str]]:
        """Yield the sentence pairs of a split's text files, line by line.

        Args:
            tmp_dir: folder of the text files.
            dataset_split: "train", "dev" or "test"; one that `local_paths` has.

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
