"""Toy problems on sequences of digits: learnt in seconds, nothing to download.

Follows tensor2tensor's data_generators/algorithmic.py, as text so that every command, text in and
text out, works on them.
"""

import random
from collections.abc import Iterator
from typing import ClassVar

from t2t_hint_nart.data.problem import DatasetSplit, PathLike, train_dev_test
from t2t_hint_nart.data.text_problem import Text2TextProblem
from t2t_hint_nart.registry import register_problem


class AlgorithmicProblem(Text2TextProblem):
    """Base class: random sequences of 1 to 8 digits in, a function of them out.

    No sequence of the development or test set occurs in the training set.
    """

    is_generate_per_split = True
    approx_vocab_size = 2**5
    dataset_splits = train_dev_test(1)
    num_pairs: ClassVar[dict[str, int]] = {
        DatasetSplit.TRAIN: 4000,
        DatasetSplit.EVAL: 100,
        DatasetSplit.TEST: 100,
    }
    max_digits = 8

    def transduce(self, digits: list[str]) -> list[str]:
        """Return the target of a source."""
        raise NotImplementedError(f"{type(self).__name__} does not say what its targets are")

    def generate_samples(
        self, data_dir: PathLike, tmp_dir: PathLike, dataset_split: str
    ) -> Iterator[dict[str, str]]:
        """Yield random sequences, of each length about as many, and their targets."""
        del data_dir, tmp_dir
        rng = random.Random(self.random_seed)
        held_out: set[tuple[str, ...]] = set()
        for split in (DatasetSplit.TEST, DatasetSplit.EVAL, DatasetSplit.TRAIN):
            # There are only ten sequences of one digit: the short ones are all for training.
            shortest = 1 if split == DatasetSplit.TRAIN else 3
            sequences = self._sequences(rng, self.num_pairs[split], shortest, held_out)
            if split == dataset_split:
                for digits in sequences:
                    yield {"inputs": " ".join(digits), "targets": " ".join(self.transduce(digits))}
                return
            held_out.update(map(tuple, sequences))

    def _sequences(
        self, rng: random.Random, count: int, shortest: int, excluded: set[tuple[str, ...]]
    ) -> list[list[str]]:
        sequences: list[list[str]] = []
        while len(sequences) < count:
            length = rng.randint(shortest, self.max_digits)
            digits = [str(rng.randrange(10)) for _ in range(length)]
            if tuple(digits) not in excluded:
                sequences.append(digits)
        return sequences


@register_problem
class AlgorithmicReverseTiny(AlgorithmicProblem):
    """The digits in reverse order: `3 1 4` -> `4 1 3`."""

    def transduce(self, digits: list[str]) -> list[str]:
        """Return the digits from last to first."""
        return digits[::-1]


@register_problem
class AlgorithmicCopyTiny(AlgorithmicProblem):
    """The digits as they are: `3 1 4` -> `3 1 4`."""

    def transduce(self, digits: list[str]) -> list[str]:
        """Return the digits."""
        return digits
