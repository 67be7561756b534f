"""An experiment from raw text to its rows of results, stage by stage."""

import dataclasses
import functools
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TextIO

from t2t_hint_nart import registry
from t2t_hint_nart.data.problem import DatasetSplit
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.output_dir import create_hparams
from t2t_hint_nart.reproduce import execution
from t2t_hint_nart.reproduce.evaluate import Evaluation
from t2t_hint_nart.reproduce.hardware import hardware, versions
from t2t_hint_nart.reproduce.recipe import Recipe, System
from t2t_hint_nart.reproduce.report import Finished
from t2t_hint_nart.reproduce.stages import Stages
from t2t_hint_nart.training.run import Run

Action = Callable[[], dict[str, Any]]


class Pipeline:
    """Run a recipe in a directory; interrupted anywhere, the same call goes on.

    data/ holds shards and vocabulary, <system>/ a training run, export/<system>/ its SavedModel,
    decodes/ the translations, stages/ what is done, results.jsonl and report.md the result.

    Args:
        recipe: what to do.
        output_dir: where.
        command: the command line, for the report.
        seed: of all training.
        tmp_dir: of downloads; output_dir/tmp when None.
        teacher_from: output_dir of a finished experiment with the same shared systems; they, the
            data and what they distilled are taken instead of made, whatever its seed.
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
        self.distilled: Any = None
        if recipe.distilled_by:
            self.distilled = registry.problem(f"{recipe.problem}_distill")
            if teacher_from and recipe.distilled_by not in recipe.shared:
                raise InputError(
                    f"{recipe.distilled_by!r}, which distils the data of {recipe.name!r}, isn't "
                    "shared: --teacher_from can't be given."
                )
        distils = any(system.distilled for system in recipe.systems)
        others = (distils, recipe.calibrated, recipe.latency_sentences, recipe.baseline)
        # Data, train and export of every system, decode; of the others what the recipe has.
        total = 2 + 2 * len(recipe.systems) + sum(map(bool, others))
        self.stages = Stages(self.output_dir, total, stream)

    def run(self) -> Finished:
        """Do whatever isn't done yet, and write rows and report."""
        recipe = self.recipe
        facts: dict[str, Any] = {"command": self.command}
        settings = self.settings()
        facts["data"] = self._shared("datagen", {"problem": recipe.problem}, self._datagen)
        for system in recipe.systems:
            if system.distilled and "distilled_pairs" not in facts["data"]:
                facts["data"] |= self._distil()
            if system.name == recipe.calibrated:
                run = self.run_of(system)
                facts["calibration"] = self.stages.run(
                    "calibrate",
                    {"set": run.hparams.values()},
                    functools.partial(execution.loss_terms, run),
                )
            trained = self._train_and_export(system)
            settings[system.name] |= {"parameters": trained.get("parameters")}
            if system.name in recipe.shared:
                facts["shared_seed"] = trained.get("seed", self.seed)
        evaluation = Evaluation(
            recipe, self.output_dir, self.problem, self.data_dir, self.export_dir
        )
        measured = self._measure(evaluation)
        # A minute of silence otherwise.
        print("Scoring, and comparing the systems two by two ...", file=self._stream, flush=True)
        return evaluation.report(
            self.seed,
            {
                **facts,
                "settings": settings,
                "wall_seconds": dict(self.stages.seconds),
                "interrupted": list(self.stages.interrupted),
                "hardware": hardware(),
                "versions": versions(),
            },
            **measured,
        )

    def _measure(self, evaluation: Evaluation) -> dict[str, Any]:
        """The stages after training."""
        recipe = self.recipe
        settings = {
            "split": recipe.split,
            "sentences": recipe.sentences,
            **{
                f"{system}.{decoding}": dataclasses.astuple(recipe.decoding(decoding))[1:3]
                for system, decoding in recipe.decoded()
            },
        }
        self.stages.run("decode", settings, evaluation.decode)
        latency, states = {}, {}
        if recipe.latency_sentences:
            timed = {**settings, "latency_sentences": recipe.latency_sentences}
            latency = self.stages.run("latency", timed, evaluation.latency)
        if recipe.baseline:
            seen = {
                "systems": [system.name for system in recipe.systems],
                "baseline": recipe.baseline[0],
                "drawn": recipe.drawn,
            }
            states = self.stages.run("states", seen, evaluation.states)
        return {"latency": latency, "states": states}

    def run_of(self, system: System) -> Run:
        """Return the training run of a system."""
        warm = system.warm_start_from
        return Run(
            model=system.model,
            hparams=create_hparams(system.hparams_set, system.hparams),
            problem=self.distilled if system.distilled else self.problem,
            data_dir=self.data_dir,
            output_dir=str(self._dir(system.name) / system.name),
            teacher_export_dir=self.export_dir(system.hints_from) if system.hints_from else "",
            seed=self.seed,
            warm_start_from=str(self._dir(warm) / warm / "avg") if warm else "",
        )

    def export_dir(self, system: str) -> str:
        """Return where a system's SavedModel is."""
        return str(self._dir(system) / "export" / system)

    def settings(self) -> dict[str, dict[str, Any]]:
        """Return what was done, by system; under "" what is the recipe's."""
        told = {"problem": self.recipe.problem, "average": self.recipe.average}
        settings: dict[str, dict[str, Any]] = {"": told}
        for system in self.recipe.systems:
            hparams = self.run_of(system).hparams.values()
            hints = {n: value for n, value in hparams.items() if n.startswith("hint_")}
            fields = dataclasses.asdict(system)
            fields = {n: v for n, v in fields.items() if n not in ("name", "label", "decoding")}
            settings[system.name] = {**fields, **(hints if system.hints_from else {})}
        return settings

    def _dir(self, system: str) -> Path:
        return self._shared_dir if system in self.recipe.shared else self.output_dir

    def _shared(self, name: str, settings: dict[str, Any], action: Action) -> dict[str, Any]:
        """A stage that experiments of several seeds can share: done here, or taken from there."""
        if self.teacher_from is None:
            return self.stages.run(name, settings, action)
        return self.stages.take(name, settings, self.teacher_from)

    def _train_and_export(self, system: System) -> dict[str, Any]:
        """Return what training a system told, after training and exporting it if need be."""
        run, decoding = self.run_of(system), self.recipe.exported(system.name)
        settings = {
            "model": system.model,
            "problem": run.problem.name,
            "hparams": run.hparams.values(),
            "steps": system.steps,
            "seed": self.seed,
            "checkpoint_steps": system.checkpoint_steps,
            "average": self.recipe.average,
            "hints_from": system.hints_from,
            "warm_start_from": system.warm_start_from,
        }
        stage = self._shared if system.name in self.recipe.shared else self.stages.run
        trained = stage(system.name, settings, functools.partial(self._train, system))
        exporting = functools.partial(
            execution.export_averaged,
            run,
            trained["length_bias"],
            decoding.decode_hparams,
            self.export_dir(system.name),
        )
        stage(f"export_{system.name}", {"decode_hparams": decoding.decode_hparams}, exporting)
        return trained

    def _train(self, system: System) -> dict[str, Any]:
        return execution.train(self.run_of(system), system, self.recipe.average, self._stream)

    def _datagen(self) -> dict[str, Any]:
        self.problem.generate_data(self.data_dir, self.tmp_dir)
        counts = {
            f"{split}_pairs": len(self.problem.text_pairs(self.data_dir, split))
            for split in (DatasetSplit.TRAIN, DatasetSplit.EVAL, DatasetSplit.TEST)
        }
        encoders = self.problem.get_feature_encoders(self.data_dir)
        return {**counts, "vocab_size": encoders["targets"].vocab_size}

    def _distil(self) -> dict[str, Any]:
        recipe = self.recipe
        by = recipe.distilled_by
        settings = {
            "by": by,
            "decode_hparams": recipe.exported(by).decode_hparams,
            "sentences": recipe.sentences,
        }
        distilling = functools.partial(
            execution.distil,
            self.export_dir(by),
            self.distilled,
            self.data_dir,
            recipe,
            self._stream,
        )
        stage = self._shared if by in recipe.shared else self.stages.run
        return stage("distil", settings, distilling)
