"""What every problem has: a name, splits, shards, and a way to read them (no TensorFlow).

Follows tensor2tensor's data_generators/problem.py, of which it keeps the names a subclass uses.
"""

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, Protocol, TypeVar

from absl import logging

from t2t_hint_nart.catalogue import default_name
from t2t_hint_nart.data.shard_files import UNSHUFFLED_SUFFIX, find_shards, shard_paths
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.printed_command import printed_command

_Feature = TypeVar("_Feature")

PathLike = str | os.PathLike[str]


class DatasetSplit:
    """Names of the parts, as they appear in the names of the shards.

    Plain strings under tensor2tensor's attribute names; EVAL is the development set.
    """

    TRAIN = "train"
    EVAL = "dev"
    TEST = "test"

    ALL = (TRAIN, EVAL, TEST)


def train_dev_test(train_shards: int) -> list[dict[str, Any]]:
    """Return a problem's `dataset_splits`: so many training shards, one of each other split."""
    return [
        {"split": DatasetSplit.TRAIN, "shards": train_shards},
        {"split": DatasetSplit.EVAL, "shards": 1},
        {"split": DatasetSplit.TEST, "shards": 1},
    ]


class SpaceID:
    """Tensor2tensor's numbers for symbol spaces (rows of the target space embedding).

    What kind of symbols a side is made of; the encoder embeds the target's kind. All of T2T's
    names, so that a ported problem finds its own; most stand for other data than text.
    """

    GENERIC = 0
    IMAGE_LABEL = 1
    EN_CHR = 2
    EN_TOK = 3
    EN_BPE_TOK = 4
    FR_CHR = 5
    FR_TOK = 6
    DE_CHR = 7
    DE_TOK = 8
    DE_BPE_TOK = 9
    DIGIT_0 = 10
    DIGIT_1 = 11
    AUDIO_WAV = 12
    AUDIO_SPECTRAL = 13
    PARSE_CHR = 14
    PARSE_TOK = 15
    ZH_TOK = 16
    ICE_CHAR = 17
    ICE_TOK = 18
    ICE_PARSE_TOK = 19
    MK_TOK = 20
    CS_TOK = 21
    CS_CHR = 22
    DNA = 23
    REAL = 24
    IMAGE = 25
    PEPTIDE = 26
    PY_TOK = 27
    CPP_TOK = 28
    STROKES = 29
    PICKLED_PYTHON = 30


class TextEncoder(Protocol):
    """Text to ids and back; what all vocabularies of the text package have in common."""

    @property
    def vocab_size(self) -> int:
        """Number of ids, the reserved ones included."""

    def encode(self, text: str) -> list[int]:
        """Return the ids of a text, without EOS."""

    def least_tokens(self, text: str) -> int:
        """Return how many ids a text has at least, at once, where encoding it takes long."""

    def decode(self, ids: Any, strip_extraneous: bool = False) -> str:
        """Return the text of ids."""

    def decode_list(self, ids: Any) -> Sequence[str] | Sequence[bytes]:
        """Return the piece of text that each id stands for."""

    def fingerprint(self) -> str:
        """Return the SHA-256 of the vocabulary, in hex."""


class Problem:
    """Named data: where they come from, how they are stored, how they are read.

    On disk a pair has features `inputs` and `targets`. `<name>_rev` reads them the other way
    round and `<name>_copy` reads the inputs on both sides; both share the base problem's files.
    Everywhere, data_dir is the folder of the shards and the vocabulary, tmp_dir that of downloads
    and other raw material, and a split is "train", "dev" or "test".

    Args:
        was_reversed: read the problem backwards.
        was_copy: read the inputs as targets too (after reversing).

    Attributes:
        progress: told, in lines, what `generate_data` has done; logs them by default.
        num_concurrent_processes: how many `generate_data` uses; what it writes doesn't depend on
            it.
    """

    # Set when the class is registered; otherwise made of the class name.
    registered_name: ClassVar[str] = ""

    # Seed of everything random in generating the data; tensor2tensor's default.
    random_seed: int = 429459

    # Kinds of symbols, as stored.
    input_space_id: int = SpaceID.GENERIC
    target_space_id: int = SpaceID.GENERIC

    def __init__(self, was_reversed: bool = False, was_copy: bool = False) -> None:
        self.was_reversed = was_reversed
        self.was_copy = was_copy
        self.progress: Callable[[str], None] = logging.info
        self.num_concurrent_processes = 1

    @property
    def base_name(self) -> str:
        """Registered name, without the suffixes of reading."""
        cls = type(self)
        if "registered_name" in vars(cls) and cls.registered_name:
            return cls.registered_name
        return default_name(cls)

    @property
    def name(self) -> str:
        """Name that the registry finds this problem by, suffixes included."""
        return self.base_name + "_rev" * self.was_reversed + "_copy" * self.was_copy

    def dataset_filename(self) -> str:
        """Return what the names of this problem's shards start with."""
        return self.base_name

    @property
    def dataset_splits(self) -> list[dict[str, Any]]:
        """Splits that are generated, and number of shards of each."""
        return [
            {"split": DatasetSplit.TRAIN, "shards": 100},
            {"split": DatasetSplit.EVAL, "shards": 1},
        ]

    def generate_data(self, data_dir: PathLike, tmp_dir: PathLike, task_id: int = -1) -> None:
        """Write the shards and whatever is needed to read them.

        `task_id` is the number of the training shard to write, and nothing else; -1 for everything.
        """
        raise NotImplementedError(f"{type(self).__name__} does not say how to generate its data")

    def generate_tasks(
        self, data_dir: PathLike, tmp_dir: PathLike, tasks: Sequence[int] | None
    ) -> None:
        """Do what `generate_data` does for several tasks, None for everything.

        Raises:
            InputError: this problem's data come in one piece.
        """
        if tasks is not None:
            raise InputError(f"the data of '{self.name}' are not written shard by shard")
        self.generate_data(data_dir, tmp_dir)

    def feature_encoders(self, data_dir: PathLike) -> dict[str, TextEncoder]:
        """Return the encoder of each feature as stored on disk."""
        raise NotImplementedError(f"{type(self).__name__} does not say how its text is encoded")

    def features(self, split: str) -> tuple[str, str]:
        """Return which stored features are read as inputs and as targets.

        Example:
            >>> Problem(was_reversed=True).features("train")
            ('targets', 'inputs')
        """
        del split  # a distilled problem's answer depends on it
        source, target = ("targets", "inputs") if self.was_reversed else ("inputs", "targets")
        return (source, source) if self.was_copy else (source, target)

    def get_feature_encoders(self, data_dir: PathLike) -> dict[str, TextEncoder]:
        """Return the encoder of each feature as read: swapped when the problem is reversed."""
        return self._as_read(self.feature_encoders(data_dir))

    @property
    def space_ids(self) -> dict[str, int]:
        """Kind of symbols of each feature as read."""
        return self._as_read({"inputs": self.input_space_id, "targets": self.target_space_id})

    def _as_read(self, stored: Mapping[str, _Feature]) -> dict[str, _Feature]:
        source, target = self.features(DatasetSplit.TRAIN)
        return {"inputs": stored[source], "targets": stored[target]}

    def training_filepaths(self, data_dir: PathLike, num_shards: int, shuffled: bool) -> list[str]:
        """Return the paths of the training shards, of the intermediate ones unless `shuffled`."""
        return self._filepaths(data_dir, DatasetSplit.TRAIN, num_shards, shuffled)

    def dev_filepaths(self, data_dir: PathLike, num_shards: int, shuffled: bool) -> list[str]:
        """Return the paths of the development shards, see `training_filepaths`."""
        return self._filepaths(data_dir, DatasetSplit.EVAL, num_shards, shuffled)

    def test_filepaths(self, data_dir: PathLike, num_shards: int, shuffled: bool) -> list[str]:
        """Return the paths of the test shards, see `training_filepaths`."""
        return self._filepaths(data_dir, DatasetSplit.TEST, num_shards, shuffled)

    def _filepaths(
        self, data_dir: PathLike, split: str, num_shards: int, shuffled: bool
    ) -> list[str]:
        name = self.dataset_filename() + UNSHUFFLED_SUFFIX * (not shuffled)
        return shard_paths(data_dir, name, split, num_shards)

    def splits_in(self, tmp_dir: PathLike) -> list[dict[str, Any]]:
        """Return the `dataset_splits` there is raw material for; here, all."""
        del tmp_dir
        return self.dataset_splits

    def output_paths(
        self, data_dir: PathLike, tmp_dir: PathLike, shuffled: bool = True
    ) -> dict[str, list[str]]:
        """Return the paths of all shards that `generate_data` writes, by split."""
        return {
            part["split"]: self._filepaths(data_dir, part["split"], part["shards"], shuffled)
            for part in self.splits_in(tmp_dir)
        }

    def splits_of_data(self, data_dir: PathLike, tmp_dir: PathLike) -> list[dict[str, Any]]:
        """Return the `dataset_splits` that finished data have; here, those of `splits_in`."""
        del data_dir
        return self.splits_in(tmp_dir)

    def is_generated(self, data_dir: PathLike, tmp_dir: PathLike) -> bool:
        """Return whether all shards of `splits_of_data` are there."""
        found = [
            Path(path).is_file()
            for part in self.splits_of_data(data_dir, tmp_dir)
            for path in self._filepaths(data_dir, part["split"], part["shards"], shuffled=True)
        ]
        return bool(found) and all(found)

    def filepattern(self, data_dir: PathLike, split: str) -> str:
        """Return a file pattern that a split's shards match."""
        return str(Path(data_dir) / f"{self.dataset_filename()}-{split}*")

    def shard_files(self, data_dir: PathLike, split: str) -> list[str]:
        """Return the paths of a split's shards, having checked that the set is complete.

        Raises:
            InputError: no shards (names the command that makes them), or an incomplete set.
        """
        generated = [part["split"] for part in self.dataset_splits]
        if split not in generated:
            raise InputError(
                f"problem {self.name!r} has no split {split!r}; it has {', '.join(generated)}"
            )
        paths = find_shards(data_dir, self.dataset_filename(), split)
        if not paths:
            raise InputError(
                f"no {split} shards of problem {self.name!r} in {os.fspath(data_dir)!r}; "
                f"{self.how_to_have(data_dir, split)}"
            )
        return paths

    def how_to_have(self, data_dir: PathLike, split: str) -> str:
        """Return what to do where a split's shards are missing."""
        del split
        return f"make them with: {self.generate_command(data_dir)}"

    def generate_command(self, data_dir: PathLike) -> str:
        """Return the command line that generates this problem's data."""
        return printed_command("t2t-datagen", problem=self.base_name, data_dir=data_dir)
