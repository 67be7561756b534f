"""A corpus where it lies, read the same way every time."""

import random
from collections.abc import Iterator
from typing import NamedTuple

from t2t_hint_nart.data.corpus import Corpus
from t2t_hint_nart.data.problem import PathLike


class Workspace(NamedTuple):
    """A corpus and the folders it is read from and written to."""

    problem: Corpus
    data_dir: PathLike
    tmp_dir: PathLike

    def samples(self, split: str) -> Iterator[dict[str, str]]:
        """Return the samples of a split, the same ones in every process and every run.

        Python's and NumPy's own generators are seeded first: a user's problem may draw from them.
        """
        seed_generators(self.problem.random_seed)
        return self.problem.generate_samples(self.data_dir, self.tmp_dir, split)

    def encoded_samples(self, split: str) -> Iterator[dict[str, list[int]]]:
        """Return the ids of a split's pairs, as `samples` returns their text."""
        seed_generators(self.problem.random_seed)
        return self.problem.generate_encoded_samples(self.data_dir, self.tmp_dir, split)


def seed_generators(seed: int) -> None:
    """Seed Python's and NumPy's own random generators."""
    import numpy as np

    random.seed(seed)
    np.random.seed(seed % 2**32)  # noqa: NPY002
