"""An experiment from raw text to report, stage by stage."""

import dataclasses
import functools
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from t2t_hint_nart import registry
from t2t_hint_nart.data.dataset_split import DatasetSplit
from t2t_hint_nart.data.problem import Problem
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.hints.calibration import calibrate
from t2t_hint_nart.hints.teacher import Teacher
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.output_dir import create_hparams
from t2t_hint_nart.reproduce.evaluate import Evaluation, Finished
from t2t_hint_nart.reproduce.recipe import Recipe
from t2t_hint_nart.reproduce.stages import Stages
from t2t_hint_nart.serving.distillation import distill
from t2t_hint_nart.serving.export import export
from t2t_hint_nart.serving.trained_model import load_trained
from t2t_hint_nart.training.averaging import average_last
from t2t_hint_nart.training.experiment import Experiment, Run
from t2t_hint_nart.training.loop import LoopSettings

CALIBRATION_BATCHES = 5
TEACHER = "teacher"


class Pipeline:
    """Run a recipe in a directory; interrupted anywhere, the same call goes on.

    data/ holds shards and vocabulary, <system>/ a training run, export/<system>/ its SavedModel,
    decodes/ the translations of the test set, stages/ what is done, report.md the result.

    Args:
        recipe: what to do.
        output_dir: where.
        command: the command line, for the report.
        seed: of all training.
        tmp_dir: of downloads; output_dir/tmp when None.
        teacher_from: output_dir of a finished experiment by the same recipe, whose data, teacher
            and distilled data are taken instead of made, whatever its seed.
        stream: where progress goes; stdout by default.
    """

    def __init__(
        self,
        recipe: Recipe,
        output_dir: str | Path,
        command: str,
        seed: int = 1,
        tmp_dir: str | None = None,
        teacher_from: str | Path | None = None,
        stream: TextIO | None = None,
    ):
        self.recipe = recipe
        self.output_dir = Path(output_dir)
        self.command = command
        self.seed = seed
        self.tmp_dir = tmp_dir or str(self.output_dir / "tmp")
        self.teacher_from = teacher_from
        self._shared_dir = Path(teacher_from or output_dir)
        self.data_dir = str(self._shared_dir / "data")
        self._stream = sys.stdout if stream is None else stream
        self.problem = registry.problem(recipe.problem)
        self.distilled = registry.problem(f"{recipe.problem}_distill")
        # Datagen, distil, calibrate, decode, latency, states; train and export of every system.
        self._stages = Stages(self.output_dir, 6 + 2 * (1 + len(recipe.students)), stream)

    def run(self) -> Finished:
        """Do whatever isn't done yet, and write the report."""
        data = self._shared("datagen", {"problem": self.recipe.problem}, self._datagen)
        teacher_hparams = create_hparams(self.recipe.teacher_set)
        teacher = self._train_and_export(TEACHER, teacher_hparams, self.recipe.teacher_steps)
        distilled = self._shared("distil", self._search_settings(), self._distil)
        calibration = self._stages.run(
            "calibrate", {"set": self._student_hparams("").values()}, self._calibrate
        )
        for student in self.recipe.students:
            hparams = self._student_hparams(student.overrides)
            self._train_and_export(student.system, hparams, self.recipe.student_steps)
        evaluation = Evaluation(
            self.recipe, self.output_dir, self.problem, self.data_dir, self.export_dir(TEACHER)
        )
        systems = {"systems": [TEACHER, *(s.system for s in self.recipe.students)]}
        decodings = {
            **systems,
            "halfwidth": self.recipe.halfwidth,
            "rescoring_alphas": self.recipe.rescoring_alphas,
        }
        timed = {**decodings, "sentences": self.recipe.latency_sentences}
        self._stages.run("decode", decodings, evaluation.decode)
        latency = self._stages.run("latency", timed, evaluation.latency)
        states = self._stages.run("states", systems, evaluation.states)
        return evaluation.report(
            seed=self.seed,
            command=self.command,
            calibration=calibration,
            data={**data, **distilled},
            latency=latency,
            states=states,
            wall_seconds=dict(self._stages.seconds),
            settings={**self._settings(), "teacher_seed": teacher.get("seed", self.seed)},
        )

    def _shared(
        self, name: str, settings: dict[str, Any], action: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """A stage that experiments of several seeds can share: done here, or taken from there."""
        if self.teacher_from is None:
            return self._stages.run(name, settings, action)
        return self._stages.take(name, settings, self.teacher_from)

    def _datagen(self) -> dict[str, Any]:
        self.problem.generate_data(self.data_dir, self.tmp_dir)
        counts = {
            f"{split}_pairs": len(self.problem.text_pairs(self.data_dir, split))
            for split in (DatasetSplit.TRAIN, DatasetSplit.EVAL, DatasetSplit.TEST)
        }
        encoders = self.problem.get_feature_encoders(self.data_dir)
        return {**counts, "vocab_size": encoders["targets"].vocab_size}

    def _student_hparams(self, overrides: str) -> HParams:
        return create_hparams(self.recipe.student_set, overrides)

    def _search_settings(self) -> dict[str, Any]:
        recipe = self.recipe
        return {
            "beam_size": recipe.beam_size,
            "alpha": recipe.alpha,
            "extra_length": recipe.extra_length,
        }

    def _settings(self) -> dict[str, Any]:
        settings = dataclasses.asdict(self.recipe)
        return {name: value for name, value in settings.items() if name != "students"}

    def export_dir(self, system: str) -> str:
        """Where a system's SavedModel is."""
        directory = self._shared_dir if system == TEACHER else self.output_dir
        return str(directory / "export" / system)

    def _problem_of(self, system: str) -> Problem:
        """What a system is trained on."""
        real = {s.system for s in self.recipe.students if not s.distilled}
        return self.problem if system == TEACHER or system in real else self.distilled

    def _train_and_export(self, system: str, hparams: HParams, steps: int) -> dict[str, Any]:
        settings = {
            "problem": self._problem_of(system).name,
            "hparams": hparams.values(),
            "steps": steps,
            "seed": self.seed,
            "checkpoint_steps": self.recipe.checkpoint_steps,
            "average": self.recipe.average,
            "warm_start": bool(self._warm_start_for(system)),
        }
        train = functools.partial(self._train, system, hparams, steps)
        run = self._shared if system == TEACHER else self._stages.run
        result = run(system, settings, train)
        exporting = functools.partial(self._export, system, hparams, result)
        run(f"export_{system}", self._search_settings(), exporting)
        return result

    def _train(self, system: str, hparams: HParams, steps: int) -> dict[str, Any]:
        is_teacher = system == TEACHER
        run = Run(
            model="transformer" if is_teacher else "transformer_nat",
            hparams=hparams,
            problem=self._problem_of(system),
            data_dir=self.data_dir,
            output_dir=str(self.output_dir / system),
            teacher_export_dir=self._teacher_for(hparams) if not is_teacher else "",
            seed=self.seed,
            warm_start_from=self._warm_start_for(system),
        )
        experiment = Experiment(run, self._stream)
        experiment.train(
            LoopSettings(
                train_steps=steps,
                checkpoint_steps=self.recipe.checkpoint_steps,
                log_steps=self.recipe.checkpoint_steps,
                keep_checkpoint_max=self.recipe.average,
            )
        )
        average_last(run.output_dir, self.recipe.average, Path(run.output_dir) / "avg")
        return {"length_bias": experiment.run.hparams.get("length_bias")}

    def _warm_start_for(self, system: str) -> str:
        wanted = self.recipe.warm_start and system != TEACHER
        return str(self._shared_dir / TEACHER / "avg") if wanted else ""

    def _teacher_for(self, hparams: HParams) -> str:
        hinted = hparams.hint_hidden_weight or hparams.hint_align_weight
        return self.export_dir(TEACHER) if hinted else ""

    def _export(self, system: str, hparams: HParams, trained: dict[str, Any]) -> dict[str, Any]:
        is_teacher = system == TEACHER
        hparams = hparams.copy()
        if not is_teacher:
            hparams.length_bias = trained["length_bias"]
        model = load_trained(
            "transformer" if is_teacher else "transformer_nat",
            hparams,
            self._problem_of(system),
            self.data_dir,
            str(self.output_dir / system / "avg"),
        )
        settings = ",".join(f"{k}={v}" for k, v in self._search_settings().items())
        # From a run that was killed before it noted that this stage is done.
        shutil.rmtree(self.export_dir(system), ignore_errors=True)
        export(model, decode_hparams(settings), self.export_dir(system))
        return {"export_dir": self.export_dir(system)}

    def _distil(self) -> dict[str, Any]:
        started = time.monotonic()

        def progress(done: int, total: int) -> None:
            if done == total or done % (self.recipe.distill_batch * 10) == 0:
                seconds = time.monotonic() - started
                print(
                    f"{done}/{total} sentences decoded  {seconds:.0f} s",
                    file=self._stream,
                    flush=True,
                )

        teacher = Teacher(self.export_dir(TEACHER))
        batch = self.recipe.distill_batch
        count = distill(teacher, self.distilled, self.data_dir, batch, progress)
        return {"distilled_pairs": count}

    def _calibrate(self) -> dict[str, Any]:
        run = Run(
            model="transformer_nat",
            hparams=self._student_hparams(""),
            problem=self.distilled,
            data_dir=self.data_dir,
            output_dir="",
            teacher_export_dir=self.export_dir(TEACHER),
            seed=self.seed,
            warm_start_from=self._warm_start_for("student"),
        )
        result = calibrate(Experiment(run).measure_terms(CALIBRATION_BATCHES))
        return dataclasses.asdict(result)
