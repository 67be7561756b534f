"""What is trained on what: a run as a value."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from t2t_hint_nart import registry
from t2t_hint_nart.data.problem import DatasetSplit, Problem
from t2t_hint_nart.data.shards import read_shards
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.models.network import IdPair, measure


@dataclass(frozen=True)
class Run:
    """What is trained on what.

    Attributes:
        model: registered model name.
        hparams: its set, overrides applied.
        problem: of the training and evaluation data.
        data_dir: of its shards and vocabulary.
        output_dir: of checkpoints, summaries and hparams.json.
        teacher_export_dir: the teacher's SavedModel, "" for none.
        seed: of weights, dropout and the order of the data.
        warm_start_from: checkpoint (or directory) whose shared variables a fresh run starts with.
        evaluates_only: whether nothing is trained, so that no hints are needed.
        calibrates: whether hints are measured even if none has a weight.
    """

    model: str
    hparams: HParams
    problem: Problem
    data_dir: str
    output_dir: str
    teacher_export_dir: str = ""
    seed: int = 1
    warm_start_from: str = ""
    evaluates_only: bool = False
    calibrates: bool = False


class TrainingPairs:
    """The training pairs of a run as ids, read from its shards each time they are asked for.

    Attributes:
        digest: what tells them from others; "" where nobody needs it.
    """

    def __init__(self, run: Run, digest: str = ""):
        self.digest = digest
        self._run = run

    def __iter__(self) -> Iterator[IdPair]:
        """Yield (source ids, target ids), each ending in EOS."""
        problem = self._run.problem
        source, target = problem.features(DatasetSplit.TRAIN)
        for pair in read_shards(problem.shard_files(self._run.data_dir, DatasetSplit.TRAIN)):
            yield pair[source], pair[target]


def with_measured(run: Run) -> Run:
    """Return a run whose set has what its model measures on the training data."""
    hparams = run.hparams.copy()
    measure(registry.model(run.model), hparams, TrainingPairs(run))
    return replace(run, hparams=hparams)
