"""A user's own data: two text files a split, line by line, no class to write.

Follows tensor2tensor's text_problems.Text2textTmpdir.
"""

import os
import shlex
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path
from typing import Any

from t2t_hint_nart.data.dataset_split import DatasetSplit
from t2t_hint_nart.data.problem import PathLike, TextEncoder
from t2t_hint_nart.data.text_problem import Text2TextProblem
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.registry import register_problem

_FILES = {
    DatasetSplit.TRAIN: ("inputs.train.txt", "targets.train.txt"),
    DatasetSplit.EVAL: ("inputs.eval.txt", "targets.eval.txt"),
    DatasetSplit.TEST: ("inputs.test.txt", "targets.test.txt"),
}


@register_problem
class Text2textTmpdir(Text2TextProblem):
    """Your own text: inputs.train.txt, targets.train.txt, inputs.eval.txt, ... in --tmp_dir.

    One sentence a line, UTF-8; line n of `targets` belongs to line n of `inputs`. A test set,
    inputs.test.txt and targets.test.txt, may be there too.

    Args:
        was_reversed: read the targets as inputs.
        was_copy: read the inputs as targets too.
    """

    @property
    def is_generate_per_split(self) -> bool:
        """Each split has its own files."""
        return True

    @property
    def dataset_splits(self) -> list[dict[str, Any]]:
        """Ten training shards, one of each other split."""
        return [
            {"split": DatasetSplit.TRAIN, "shards": 10},
            {"split": DatasetSplit.EVAL, "shards": 1},
            {"split": DatasetSplit.TEST, "shards": 1},
        ]

    def splits_in(self, tmp_dir: PathLike) -> list[dict[str, Any]]:
        """Return the splits that tmp_dir has the text of; only the test set may be missing.

        Args:
            tmp_dir: folder of the text files.
        """
        has_test = any(path.exists() for path in _paths(tmp_dir, DatasetSplit.TEST))
        return self.dataset_splits if has_test else self.dataset_splits[:-1]

    def get_or_create_vocab(self, data_dir: PathLike, tmp_dir: PathLike) -> TextEncoder:
        """Return the vocabulary, having read every line of every split before building it.

        Args:
            data_dir: folder of the vocabulary.
            tmp_dir: folder of the text files.

        Raises:
            InputError: a file is missing, empty or not UTF-8, a line is empty, or two files
                differ in their number of lines; names the file and the line.
        """
        if not (Path(data_dir) / self.vocab_filename).exists():
            for part in self.splits_in(tmp_dir):
                for _ in self.generate_samples(data_dir, tmp_dir, part["split"]):
                    pass
        return super().get_or_create_vocab(data_dir, tmp_dir)

    def generate_samples(
        self, data_dir: PathLike, tmp_dir: PathLike, dataset_split: str
    ) -> Iterator[dict[str, str]]:
        """Yield the sentence pairs of a split, line by line.

        Args:
            data_dir: unused.
            tmp_dir: folder of the text files.
            dataset_split: "train", "dev" or "test".

        Raises:
            InputError: see `get_or_create_vocab`.
        """
        del data_dir
        paths = _paths(tmp_dir, dataset_split)
        number = 0
        for number, pair in enumerate(zip_longest(*map(_lines, paths)), start=1):
            if None in pair:
                ended = paths[pair.index(None)]
                longer = paths[1 - pair.index(None)]
                raise InputError(
                    f"'{ended}' ends after line {number - 1}, but '{longer}' goes on; "
                    "line n of one belongs to line n of the other"
                )
            yield {"inputs": pair[0], "targets": pair[1]}
        if not number:
            raise InputError(f"'{paths[0]}' and '{paths[1]}' are empty")

    def generate_command(self, data_dir: PathLike) -> str:
        """Return the command line that generates this problem's data."""
        folder = shlex.quote(os.fspath(data_dir))
        return f"t2t-datagen --problem={self.base_name} --data_dir={folder} --tmp_dir=YOUR_TEXT"


def _paths(tmp_dir: PathLike, split: str) -> tuple[Path, Path]:
    inputs, targets = _FILES[split]
    return Path(tmp_dir) / inputs, Path(tmp_dir) / targets


def _lines(path: Path) -> Iterator[str]:
    """Yield the stripped lines of a UTF-8 file."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise InputError(
            f"cannot read '{path}' ({error.strerror}); text2text_tmpdir reads "
            f"{', '.join(name for names in _FILES.values() for name in names)} in --tmp_dir, "
            "of which the test files may be missing"
        ) from None
    with file:
        for number, line in enumerate(file, start=1):
            try:
                text = line.decode("utf-8").strip()
            except UnicodeDecodeError:
                raise InputError(f"'{path}' is not UTF-8 text at line {number}") from None
            if not text:
                raise InputError(f"'{path}' has an empty line: line {number}")
            yield text
