"""One model of an experiment, teacher or student: trained, averaged, exported."""

import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from t2t_hint_nart.data.problem import Problem
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.reproduce.recipe import Recipe
from t2t_hint_nart.serving.export import export
from t2t_hint_nart.serving.trained_model import load_trained
from t2t_hint_nart.training.averaging import average_last
from t2t_hint_nart.training.experiment import Experiment
from t2t_hint_nart.training.loop import LoopSettings
from t2t_hint_nart.training.run import Run


@dataclass(frozen=True)
class System:
    """What a model is, what it learns, and where it is kept.

    Attributes:
        name: in the report and of its stage.
        model: registered model name.
        hparams: its set, overrides applied.
        problem: of the training data.
        steps: updates.
        checkpoint_steps: updates between checkpoints.
        run_dir: of checkpoints and summaries.
        export_dir: of its SavedModel.
        teacher_export_dir: the teacher that hints are taken from, "" for none.
        warm_start_from: checkpoint directory of the weights to start with, "" for none.
    """

    name: str
    model: str
    hparams: HParams
    problem: Problem
    steps: int
    checkpoint_steps: int
    run_dir: str
    export_dir: str
    teacher_export_dir: str = ""
    warm_start_from: str = ""

    def run(self, data_dir: str, seed: int) -> Run:
        """The training run of this system.

        Args:
            data_dir: of the problem's shards and vocabulary.
            seed: of the run.
        """
        return Run(
            model=self.model,
            hparams=self.hparams,
            problem=self.problem,
            data_dir=data_dir,
            output_dir=self.run_dir,
            teacher_export_dir=self.teacher_export_dir,
            seed=seed,
            warm_start_from=self.warm_start_from,
        )


def search_settings(recipe: Recipe) -> dict[str, Any]:
    """The settings of the teacher's search, which its export holds."""
    return {
        "beam_size": recipe.beam_size,
        "alpha": recipe.alpha,
        "extra_length": recipe.extra_length,
    }


def training_settings(system: System, recipe: Recipe, seed: int) -> dict[str, Any]:
    """Everything that the weights of a system depend on."""
    return {
        "problem": system.problem.name,
        "hparams": system.hparams.values(),
        "steps": system.steps,
        "seed": seed,
        "checkpoint_steps": system.checkpoint_steps,
        "average": recipe.average,
        "warm_start": bool(system.warm_start_from),
    }


def train_system(
    system: System, recipe: Recipe, data_dir: str, seed: int, stream: TextIO
) -> dict[str, Any]:
    """Train a system, or go on training it, and average its last checkpoints into run_dir/avg.

    Returns:
        `length_bias`: C of a student, measured on its training data; None of a teacher.
    """
    experiment = Experiment(system.run(data_dir, seed), stream)
    experiment.train(
        LoopSettings(
            train_steps=system.steps,
            checkpoint_steps=system.checkpoint_steps,
            log_steps=system.checkpoint_steps,
            keep_checkpoint_max=recipe.average,
        )
    )
    average_last(system.run_dir, recipe.average, Path(system.run_dir) / "avg")
    return {"length_bias": experiment.run.hparams.get("length_bias")}


def export_system(
    system: System, length_bias: int | None, recipe: Recipe, data_dir: str
) -> dict[str, Any]:
    """Export the averaged weights of a system.

    Args:
        system: a trained one.
        length_bias: C of a student.
        recipe: of the experiment.
        data_dir: of the vocabulary.
    """
    hparams = system.hparams.copy()
    if length_bias is not None:
        hparams.length_bias = length_bias
    averaged = str(Path(system.run_dir) / "avg")
    model = load_trained(system.model, hparams, system.problem, data_dir, averaged)
    settings = ",".join(f"{name}={value}" for name, value in search_settings(recipe).items())
    # From a run that was killed before it noted that this stage is done.
    shutil.rmtree(system.export_dir, ignore_errors=True)
    export(model, decode_hparams(settings), system.export_dir)
    return {"export_dir": system.export_dir}
