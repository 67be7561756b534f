"""The parts a problem's data comes in."""

from typing import Any


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
