"""A model of an experiment, as data."""

from dataclasses import dataclass


@dataclass(frozen=True)
class System:
    """One model of an experiment.

    Attributes:
        name: in rows, of its directories and of its stage.
        model: registered model.
        hparams_set: registered set.
        steps: updates.
        checkpoint_steps: updates between checkpoints.
        hparams: overrides of the set, as --hparams writes them.
        distilled: whether it learns the distilled data, or the data as they are.
        hints_from: the system whose export gives it hints.
        asks: the system whose export training asks otherwise, about what it says itself.
        warm_start_from: the system whose averaged weights it starts with, where name and shape are
            the same.
        continues: the system whose run this one is, trained on until `steps`.
        label: in tables; the name if "".
    """

    name: str
    model: str
    hparams_set: str
    steps: int
    checkpoint_steps: int
    hparams: str = ""
    distilled: bool = False
    hints_from: str = ""
    warm_start_from: str = ""
    continues: str = ""
    asks: str = ""
    label: str = ""
