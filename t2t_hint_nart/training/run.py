"""What is trained on what: a run as a value."""

import itertools
from dataclasses import dataclass, replace

from t2t_hint_nart.data.problem import DatasetSplit, Problem
from t2t_hint_nart.data.shards import read_shard
from t2t_hint_nart.decoding.one_pass import length_bias
from t2t_hint_nart.hparam import HParams

# C is measured on so many training pairs at most: a mean over them is exact enough.
LENGTH_BIAS_PAIRS = 200_000


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


def measure_length_bias(problem: Problem, data_dir: str) -> int:
    """C of a problem: how much longer targets are than sources, measured on its training data."""
    source, target = problem.features(DatasetSplit.TRAIN)
    pairs = (
        (len(pair[source]), len(pair[target]))
        for path in problem.shard_files(data_dir, DatasetSplit.TRAIN)
        for pair in read_shard(path)
    )
    return length_bias(itertools.islice(pairs, LENGTH_BIAS_PAIRS))


def with_length_bias(run: Run) -> Run:
    """Return a run whose `length_bias` is measured on its training data if it was None."""
    hparams = run.hparams.copy()
    if "length_bias" in hparams and hparams.length_bias is None:
        hparams.length_bias = measure_length_bias(run.problem, run.data_dir)
    return replace(run, hparams=hparams)
