"""An experiment from raw text to report, stage by stage."""

import dataclasses
import functools
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from t2t_hint_nart import registry
from t2t_hint_nart.data.problem import DatasetSplit
from t2t_hint_nart.hints.calibration import calibrate
from t2t_hint_nart.hints.teacher import Teacher
from t2t_hint_nart.output_dir import create_hparams
from t2t_hint_nart.reproduce.evaluate import Evaluation, Finished
from t2t_hint_nart.reproduce.recipe import Recipe, Student
from t2t_hint_nart.reproduce.stages import Stages
from t2t_hint_nart.reproduce.system import (
    System,
    export_system,
    search_settings,
    train_system,
    training_settings,
)
from t2t_hint_nart.serving.distillation import distill
from t2t_hint_nart.training.term_measurement import measure_terms

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
        self.stages = Stages(self.output_dir, 6 + 2 * (1 + len(recipe.students)), stream)

    def run(self) -> Finished:
        """Do whatever isn't done yet, and write the report."""
        shared = self.prepare()
        calibration = self.stages.run(
            "calibrate", {"set": self._calibrated().hparams.values()}, self._calibrate
        )
        for student in self.recipe.students:
            self.train_and_export(self.student(student))
        evaluation = Evaluation(
            self.recipe, self.output_dir, self.problem, self.data_dir, self.export_dir(TEACHER)
        )
        systems = {"systems": [TEACHER, *(s.system for s in self.recipe.students)]}
        decodings = {
            **systems,
            "halfwidth": self.recipe.halfwidth,
            "rescoring_alphas": self.recipe.rescoring_alphas,
            "sentences": self.recipe.sentences,
        }
        timed = {**decodings, "latency_sentences": self.recipe.latency_sentences}
        self.stages.run("decode", decodings, evaluation.decode)
        latency = self.stages.run("latency", timed, evaluation.latency)
        states = self.stages.run("states", systems, evaluation.states)
        # A minute of silence otherwise.
        print("Scoring, and comparing the students two by two ...", file=self._stream, flush=True)
        return evaluation.report(
            seed=self.seed,
            command=self.command,
            calibration=calibration,
            data=shared["data"],
            latency=latency,
            states=states,
            wall_seconds=dict(self.stages.seconds),
            settings={
                **self._settings(),
                "teacher_seed": shared["teacher_seed"],
                "interrupted_stages": self.stages.interrupted,
            },
        )

    def prepare(self) -> dict[str, Any]:
        """Make, or take, what all students learn from: data, teacher, distilled data.

        Returns:
            `data`: their counts; `teacher_seed`.
        """
        data = self._shared("datagen", {"problem": self.recipe.problem}, self._datagen)
        trained = self.train_and_export(self.teacher())
        searched = {**search_settings(self.recipe), "sentences": self.recipe.sentences}
        distilled = self._shared("distil", searched, self._distil)
        return {"data": {**data, **distilled}, "teacher_seed": trained.get("seed", self.seed)}

    def teacher(self) -> System:
        """The teacher as a system."""
        return System(
            name=TEACHER,
            model="transformer",
            hparams=create_hparams(self.recipe.teacher_set),
            problem=self.problem,
            steps=self.recipe.teacher_steps,
            checkpoint_steps=self.recipe.teacher_checkpoint_steps,
            run_dir=str(self._shared_dir / TEACHER),
            export_dir=self.export_dir(TEACHER),
        )

    def student(self, student: Student) -> System:
        """A student as a system."""
        hparams = create_hparams(self.recipe.student_set, student.overrides)
        hinted = hparams.hint_hidden_weight or hparams.hint_align_weight
        return System(
            name=student.system,
            model="transformer_nat",
            hparams=hparams,
            problem=self.distilled if student.distilled else self.problem,
            steps=self.recipe.student_steps,
            checkpoint_steps=self.recipe.student_checkpoint_steps,
            run_dir=str(self.output_dir / student.system),
            export_dir=self.export_dir(student.system),
            teacher_export_dir=self.export_dir(TEACHER) if hinted else "",
            warm_start_from=str(self._shared_dir / TEACHER / "avg") if student.warm_start else "",
        )

    def export_dir(self, system: str) -> str:
        """Where a system's SavedModel is."""
        directory = self._shared_dir if system == TEACHER else self.output_dir
        return str(directory / "export" / system)

    def train_and_export(self, system: System) -> dict[str, Any]:
        """Return what training a system told, after training and exporting it if need be."""
        settings = training_settings(system, self.recipe, self.seed)
        stage = self._shared if system.name == TEACHER else self.stages.run
        trained = stage(system.name, settings, functools.partial(self._train, system))
        exporting = functools.partial(self._export, system, trained)
        stage(f"export_{system.name}", search_settings(self.recipe), exporting)
        return trained

    def _shared(
        self, name: str, settings: dict[str, Any], action: Callable[[], dict[str, Any]]
    ) -> dict[str, Any]:
        """A stage that experiments of several seeds can share: done here, or taken from there."""
        if self.teacher_from is None:
            return self.stages.run(name, settings, action)
        return self.stages.take(name, settings, self.teacher_from)

    def _settings(self) -> dict[str, Any]:
        """The recipe, with what the hints of every student come to."""
        students = {}
        for student in self.recipe.students:
            hparams = self.student(student).hparams
            students[student.system] = {
                "lambda": hparams.hint_hidden_weight,
                "mu": hparams.hint_align_weight,
                "gamma_st": hparams.hint_gamma_st,
                "gamma_tr": hparams.hint_gamma_tr,
                **dataclasses.asdict(student),
            }
            del students[student.system]["system"]
        warm_start = all(student.warm_start for student in self.recipe.students)
        return {**dataclasses.asdict(self.recipe), "students": students, "warm_start": warm_start}

    def _datagen(self) -> dict[str, Any]:
        self.problem.generate_data(self.data_dir, self.tmp_dir)
        counts = {
            f"{split}_pairs": len(self.problem.text_pairs(self.data_dir, split))
            for split in (DatasetSplit.TRAIN, DatasetSplit.EVAL, DatasetSplit.TEST)
        }
        encoders = self.problem.get_feature_encoders(self.data_dir)
        return {**counts, "vocab_size": encoders["targets"].vocab_size}

    def _train(self, system: System) -> dict[str, Any]:
        return train_system(system, self.recipe, self.data_dir, self.seed, self._stream)

    def _export(self, system: System, trained: dict[str, Any]) -> dict[str, Any]:
        return export_system(system, trained["length_bias"], self.recipe, self.data_dir)

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
        count = distill(
            teacher,
            self.distilled,
            self.data_dir,
            self.recipe.distill_batch,
            progress,
            self.recipe.sentences,
        )
        return {"distilled_pairs": count}

    def _calibrated(self) -> System:
        """The student set as it is, both hints on, started as the last student is."""
        last = self.recipe.students[-1]
        return self.student(Student(last.system, "", warm_start=last.warm_start))

    def _calibrate(self) -> dict[str, Any]:
        run = self._calibrated().run(self.data_dir, self.seed)
        result = calibrate(measure_terms(run, CALIBRATION_BATCHES))
        return dataclasses.asdict(result)
