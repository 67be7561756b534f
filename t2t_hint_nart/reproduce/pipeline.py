"""An experiment from raw text to its rows of results, stage by stage."""

import dataclasses
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from t2t_hint_nart import registry
from t2t_hint_nart.data.shards import count_tokens
from t2t_hint_nart.exports.runtime import missing_package
from t2t_hint_nart.files.directory_lock import directory_lock
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.output_dir import create_hparams
from t2t_hint_nart.reproduce import execution
from t2t_hint_nart.reproduce.evaluate import Evaluation
from t2t_hint_nart.reproduce.measurement import measure
from t2t_hint_nart.reproduce.recipe import Recipe, System
from t2t_hint_nart.reproduce.report import Finished, hardware, versions
from t2t_hint_nart.reproduce.stages import Result, Stages
from t2t_hint_nart.training.run import Run

# What hyperparameters computed before they were: finished stages go on without their names.
_BEFORE = {"activation_dtype": "float32"}


@dataclass
class Pipeline:
    """Run a recipe in a directory; interrupted anywhere, the same call goes on.

    data/ holds shards and vocabulary, <system>/ a training run, export/<system>/ its SavedModel,
    export/<system>.<runtime>/ its export in another runtime, decodes/ the translations, stages/
    what is done, results.jsonl and report.md the result.

    Attributes:
        recipe: what to do.
        output_dir: where.
        command: the command line, for the report.
        seed: of all training.
        tmp_dir: of downloads; output_dir/tmp if empty.
        teacher_from: output_dir of a finished experiment whose data are distilled by the same
            system; it and all data are taken instead of made, whatever its seed.
        stream: where progress goes; stdout by default.
    """

    recipe: Recipe
    output_dir: Path
    command: str
    seed: int = 1
    tmp_dir: str | None = None
    teacher_from: str | Path | None = None
    stream: TextIO | None = None

    def __post_init__(self) -> None:
        """Find the data, and count the stages."""
        self.recipe = recipe = self._installed()
        self._shared_dir = Path(self.teacher_from or self.output_dir)
        self.data_dir = str(self._shared_dir / "data")
        self._stream = self.stream or sys.stdout
        self.problem = registry.problem(recipe.problem)
        self.distilled: Any = None
        if recipe.distilled_by:
            self.distilled = registry.problem(f"{recipe.problem}_distill")
        distils = any(system.distilled for system in recipe.systems)
        others = (distils, recipe.calibrated, recipe.latency_sentences, recipe.baseline)
        apart = sum(len(recipe.exported_apart(system.name)) for system in recipe.systems)
        # Data, train and export of every system, decode; of the others what the recipe has.
        total = 2 + 2 * len(recipe.systems) + apart + sum(map(bool, others)) + len(recipe.runtimes)
        self._length_biases: dict[str, int | None] = {}
        self.stages = Stages(self.output_dir, total, self._stream)

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
                facts["calibration"] = self._calibrate(self.run_of(system))
            trained = self._train_and_export(system)
            settings[system.name] |= {"parameters": trained.get("parameters")}
            if system.name == recipe.distilled_by:
                facts["shared_seed"] = trained.get("seed", self.seed)
        exports = execution.Exports(recipe, self.export_dir, self.problem, self.data_dir)
        evaluation = Evaluation(exports, self.output_dir)
        measured = measure(evaluation, self.stages, self._export_in)
        # A minute of silence otherwise.
        print("Scoring, and comparing the systems two by two ...", file=self._stream, flush=True)
        facts |= {
            "settings": settings,
            "wall_seconds": dict(self.stages.seconds),
            "interrupted": list(self.stages.interrupted),
            "hardware": hardware(),
            "versions": versions(),
        }
        return evaluation.report(self.seed, facts, **measured)

    def _export_in(self, runtime: str, name: str, system: str) -> None:
        """Export a system, which is trained, in another runtime."""
        recipe = self.recipe
        execution.export_averaged(
            self.run_of(recipe.system(system)),
            self._length_biases[system],
            recipe.exported(system).decode_hparams,
            self.export_dir(name),
            runtime,
        )

    def _installed(self) -> Recipe:
        """The recipe without what needs a runtime that isn't installed, which is told."""
        needed = {runtime for decoding in self.recipe.decodings for runtime in decoding.runtimes}
        missing = {runtime: command for runtime in needed if (command := missing_package(runtime))}
        for runtime, command in sorted(missing.items()):
            print(
                f"No rows in the runtime {runtime}, which isn't installed: {command}; the same "
                "command adds them then.",
                file=sys.stderr,
                flush=True,
            )
        return self.recipe.without(tuple(missing)) if missing else self.recipe

    def run_of(self, system: System) -> Run:
        """Return the training run of a system."""
        warm, teacher = system.warm_start_from, system.hints_from or system.asks
        return Run(
            model=system.model,
            hparams=create_hparams(system.hparams_set, system.hparams),
            problem=self.distilled if system.distilled else self.problem,
            data_dir=self.data_dir,
            output_dir=str(self._dir(system.name) / system.name),
            teacher_export_dir=self.export_dir(teacher) if teacher else "",
            seed=self.seed,
            warm_start_from=str(self._dir(warm) / warm / "avg") if warm else "",
        )

    def export_dir(self, system: str) -> str:
        """Return where a system's SavedModel is, or an export by its name (`Decoding.exports`)."""
        return str(self._dir(system) / "export" / system)

    def settings(self) -> dict[str, dict[str, Any]]:
        """Return what was done, by system; under "" what is the recipe's."""
        told = {"problem": self.recipe.problem, "average": self.recipe.average}
        settings: dict[str, dict[str, Any]] = {"": told}
        for system in self.recipe.systems:
            hparams = self.run_of(system).hparams.values()
            hints = {n: value for n, value in hparams.items() if n.startswith("hint_")}
            fields = dataclasses.asdict(system)
            del fields["name"], fields["label"]
            settings[system.name] = {**fields, **(hints if system.hints_from else {})}
        return settings

    def _dir(self, system: str) -> Path:
        return self._shared_dir if system == self.recipe.distilled_by else self.output_dir

    def _shared(self, name: str, settings: dict[str, Any], action: Callable[[], Result]) -> Result:
        """A stage that experiments of several seeds can share: done here, or taken from there."""
        if self.teacher_from is None:
            return self.stages.run(name, settings, action)
        return self.stages.take(name, settings, self.teacher_from)

    def _train_and_export(self, system: System) -> Result:
        """Return what training a system told, after training and exporting it if need be."""
        run, export_dir = self.run_of(system), self.export_dir(system.name)
        decode_hparams = self.recipe.exported(system.name).decode_hparams
        settings = {
            "model": system.model,
            "problem": run.problem.name,
            "hparams": _recorded(run.hparams),
            "steps": system.steps,
            "seed": self.seed,
            "checkpoint_steps": system.checkpoint_steps,
            "average": self.recipe.average,
            "hints_from": system.hints_from,
            "warm_start_from": system.warm_start_from,
            **{name: of for name in ("continues", "asks") if (of := getattr(system, name))},
        }
        stage = self._shared if system.name == self.recipe.distilled_by else self.stages.run
        trained = stage(system.name, settings, lambda: self._train(system))
        bias = self._length_biases[system.name] = trained["length_bias"]
        exported = stage(
            f"export_{system.name}",
            {"decode_hparams": decode_hparams},
            lambda: execution.export_averaged(run, bias, decode_hparams, export_dir),
        )
        # What an earlier version exported doesn't say.
        if system.name == self.recipe.distilled_by and "weights" in exported:
            self.stages.same("shared", {system.name: exported["weights"]})
        for name, decoding in self.recipe.exported_apart(system.name).items():
            self._export_apart(run, bias, name, decoding.decode_hparams)
        return trained

    def _export_apart(self, run: Run, bias: int | None, name: str, decode_hparams: str) -> None:
        self.stages.run(
            f"export_{name}",
            {"decode_hparams": decode_hparams},
            lambda: execution.export_averaged(run, bias, decode_hparams, self.export_dir(name)),
        )

    def _train(self, system: System) -> Result:
        if system.continues:
            earlier = self.recipe.system(system.continues)
            execution.take_over(self.run_of(system), self.run_of(earlier))
        return execution.train(self.run_of(system), system, self.recipe.average, self._stream)

    def _calibrate(self, run: Run) -> Result:
        settings = {"set": _recorded(run.hparams)}
        name = f"calibrate_{self.recipe.calibrated}"
        return self.stages.run(name, settings, lambda: execution.loss_terms(run))

    def _datagen(self) -> Result:
        tmp_dir = self.tmp_dir or str(self.output_dir / "tmp")
        self.problem.progress = lambda line: print(line, file=self._stream, flush=True)
        with directory_lock(self.data_dir):
            self.problem.generate_data(self.data_dir, tmp_dir)
        splits = [part["split"] for part in self.problem.splits_of_data(self.data_dir, tmp_dir)]
        counted = {
            f"{split}_pairs": count_tokens(self.problem.shard_files(self.data_dir, split))
            for split in splits
        }
        counts = {name: tokens["pairs_written"] for name, tokens in counted.items()}
        encoders = self.problem.get_feature_encoders(self.data_dir)
        return {**counts, "vocab_size": encoders["targets"].vocab_size}

    def _distil(self) -> Result:
        by, sentences = self.recipe.distilled_by, self.recipe.sentences
        hparams = self.recipe.exported(by).decode_hparams
        return self._shared(
            "distil",
            {"by": by, "decode_hparams": hparams, "sentences": sentences},
            lambda: execution.distil(
                self.export_dir(by), self.distilled, self.data_dir, sentences, self._stream
            ),
        )


def _recorded(hparams: HParams) -> dict[str, Any]:
    """The values of a set, but for a later name that has the value of before there was a choice."""
    return {n: v for n, v in hparams.values().items() if _BEFORE.get(n) != v}
