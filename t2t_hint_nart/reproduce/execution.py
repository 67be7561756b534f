"""All that an experiment does with models: train, export, distil, translate, look into."""

import dataclasses
import functools
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

import numpy as np
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.data.distill_problem import DistillProblem
from t2t_hint_nart.data.problem import Problem
from t2t_hint_nart.data.problem_identity import identity_of
from t2t_hint_nart.decoding import CANDIDATES
from t2t_hint_nart.decoding.decode_hparams import decode_hparams, without_candidates
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.capabilities import ExportedScorer, ExportedTranslator, HintGiver
from t2t_hint_nart.exports.metadata import SAVED_MODEL, newest_version, read_metadata
from t2t_hint_nart.exports.runtime import Servable, open_export
from t2t_hint_nart.files.directory_lock import directory_lock
from t2t_hint_nart.files.whole_file import naming_file
from t2t_hint_nart.inspection.generated import NEEDED, Generated, inside_export
from t2t_hint_nart.output_dir import add_train_steps
from t2t_hint_nart.reproduce.recipe import Recipe, System
from t2t_hint_nart.serving.decodes import one_line
from t2t_hint_nart.serving.distillation import distill
from t2t_hint_nart.serving.export import export
from t2t_hint_nart.serving.export_decoding import decode_of_export
from t2t_hint_nart.serving.job import Translations
from t2t_hint_nart.serving.job import translate as run_job
from t2t_hint_nart.serving.sentences import Sentences
from t2t_hint_nart.serving.trained_model import load_trained
from t2t_hint_nart.serving.translator import Decode, Translator
from t2t_hint_nart.text.reserved import sentence_ids
from t2t_hint_nart.training.averaging import average_last
from t2t_hint_nart.training.calibrated_run import calibrate_run
from t2t_hint_nart.training.experiment import Experiment
from t2t_hint_nart.training.loop import LoopSettings
from t2t_hint_nart.training.run import Run

CALIBRATION_BATCHES = 5
# Sentences decoded at a time.
DISTIL_BATCH = 64


def train(run: Run, system: System, average: int, stream: TextIO) -> dict[str, Any]:
    """Train a system, or go on training it, and average its last checkpoints into avg/.

    Returns:
        `length_bias`: C, measured on the training data; None for a model without. `parameters`:
        their number.
    """
    hparams = run.hparams.copy()
    add_train_steps(hparams, system.steps)
    run = dataclasses.replace(run, hparams=hparams)
    with directory_lock(run.output_dir):
        experiment = Experiment(run, stream)
        experiment.train(
            LoopSettings(
                train_steps=system.steps,
                checkpoint_steps=system.checkpoint_steps,
                log_steps=system.checkpoint_steps,
                keep_checkpoint_max=average,
            )
        )
        average_last(run.output_dir, average, averaged(run))
    return {
        "length_bias": experiment.run.hparams.get("length_bias"),
        "parameters": experiment.learner.network.count_params(),
    }


def take_over(run: Run, earlier: Run) -> None:
    """Give a run that hasn't begun the checkpoints of another, to go on with.

    Raises:
        InputError: they can't be copied, as on a full disk; nothing is left of the copy.
    """
    place = Path(run.output_dir)
    if place.exists():
        return
    # Whole or not at all.
    copied = place.with_name(f"{place.name}.copy")
    shutil.rmtree(copied, ignore_errors=True)
    own = shutil.ignore_patterns(averaged(earlier).name)
    try:
        with naming_file(place):
            shutil.copytree(earlier.output_dir, copied, ignore=own)
            copied.rename(place)
    except OSError as error:
        shutil.rmtree(copied, ignore_errors=True)
        # copytree goes on after a file that fails, and tells of all: (source, target, why).
        reason = error.args[0][0][2] if isinstance(error, shutil.Error) else str(error)
        raise InputError(
            f"{place} can't be made of {earlier.output_dir}: {reason}. Once that is put right, run "
            "the same command."
        ) from error


def averaged(run: Run) -> Path:
    """Return the directory of a run's averaged checkpoint."""
    return Path(run.output_dir) / "avg"


def export_averaged(
    run: Run,
    length_bias: int | None,
    overrides: str,
    export_dir: str,
    runtime: str = SAVED_MODEL,
) -> dict[str, Any]:
    """Export the averaged weights of a run that has measured C, or has none.

    The overrides are of the decode hparams, but for candidates, which a scorer ranks outside;
    what a killed run left in export_dir is overwritten.

    Returns:
        `export_dir`, and `weights`, their fingerprint.
    """
    hparams = run.hparams.copy()
    if length_bias is not None:
        hparams.length_bias = length_bias
    model = load_trained(run.model, hparams, run.problem, run.data_dir, str(averaged(run)))
    shutil.rmtree(export_dir, ignore_errors=True)
    strategy = registry.strategy_of(run.model)
    settings = without_candidates(decode_hparams(overrides, strategy), strategy)
    written = export(model, settings, export_dir, runtime)
    return {"export_dir": export_dir, "weights": read_metadata(written).weights_fingerprint}


def distil(
    export_dir: str, problem: DistillProblem, data_dir: str, limit: int | None, stream: TextIO
) -> dict[str, Any]:
    """Translate the training data, or only so many sentences of them, with an export."""
    problem.progress = lambda line: print(line, file=stream, flush=True)
    translator = ExportedTranslator(export_dir)
    with directory_lock(data_dir):
        return {"distilled_pairs": distill(translator, problem, data_dir, DISTIL_BATCH, limit)}


def loss_terms(run: Run) -> dict[str, Any]:
    """Return the loss terms at initialisation and the weights that would make them equal."""
    return dataclasses.asdict(calibrate_run(run, CALIBRATION_BATCHES))


@dataclass(frozen=True, eq=False)
class Exports:
    """The exported systems of an experiment, loaded when they are asked for.

    Attributes:
        recipe: of the experiment.
        export_dir: of an export, by its name, which a SavedModel has from its system.
        problem: with the vocabularies.
        data_dir: where these are.
    """

    recipe: Recipe
    export_dir: Callable[[str], str]
    problem: Problem
    data_dir: str

    @functools.cache  # noqa: B019 - one instance a process
    def _exported(self, system: str) -> Servable:
        opened = open_export(self.export_dir(system))
        # Text is made of its ids with the vocabulary of the data.
        known = identity_of(self.problem, self.encoders)
        opened.metadata.learnt.check_fits(known, opened.export_dir)
        return opened

    @functools.cache  # noqa: B019
    def _decode(self, system: str, decoding: str) -> Decode:
        wanted = self.recipe.decoding(decoding)
        opened = [self._exported(name) for name in wanted.exports(system)]
        scorer = ExportedScorer(opened[-1]) if wanted.scorer else None
        return decode_of_export(opened[0], wanted.decode_hparams, scorer)

    @functools.cached_property
    def encoders(self) -> dict[str, Any]:
        """Vocabularies of inputs and targets."""
        return self.problem.get_feature_encoders(self.data_dir)

    def translate(self, system: str, decoding: str, sources: Sequence[str]) -> Translations:
        """Translate sentences, all of them."""
        translator = Translator(self._decode(system, decoding), self.encoders)
        found = run_job(translator, Sentences(sources))
        found.check_complete(f"{self.problem.name}", f"the translations of {system}")
        return found

    def with_reference_lengths(
        self, system: str, decoding: str, pairs: Sequence[tuple[str, str]]
    ) -> list[str]:
        """Translate sources by the candidates of their references' lengths, a line each.

        Args:
            system: of one pass, with T_x + C positions.
            decoding: by whose export.
            pairs: of sources and references.
        """
        (name,) = self.recipe.decoding(decoding).exports(system)
        opened, encoder = self._exported(name), self.encoders["targets"]
        opened.require(CANDIDATES)
        bias = opened.metadata.decode_hparams["length_bias"]
        assert isinstance(bias, int)
        translated = []
        for source, (_, reference) in zip(self.ids([s for s, _ in pairs]), pairs, strict=True):
            # EOS counts on both sides; the candidates are T_x + C − B to T_x + C + B.
            beyond = len(encoder.encode(reference)) + 1 - len(source) - bias
            inputs = np.array([source], np.int32)
            found = opened.call(CANDIDATES, inputs=inputs, halfwidth=np.int32(abs(beyond)))
            ids = np.asarray(found["outputs"])[0, 2 * max(beyond, 0)]
            translated.append(one_line(encoder.decode(sentence_ids(ids))))
        return translated

    def call(self, system: str, decoding: str) -> Callable[[tf.Tensor], Any]:
        """Return what translates int32[B, S] and comes back when the ids are there."""
        decode = self._decode(system, decoding)
        return lambda ids: np.asarray(decode(ids)[0])

    def size_mib(self, system: str, decoding: str) -> float:
        """Return how large the exports by which a system translates are, in MiB."""
        names = self.recipe.decoding(decoding).exports(system)
        folders = [newest_version(self.export_dir(name)) for name in names]
        files = (file for folder in folders for file in folder.rglob("*") if file.is_file())
        return sum(file.stat().st_size for file in files) / 2**20

    def ids(self, sentences: Sequence[str]) -> list[list[int]]:
        """Return the ids of source sentences, EOS last."""
        translator = Translator(lambda ids: (ids, ids), self.encoders)
        return [translator.encode(sentence) for sentence in sentences]

    def outputs(self, system: str, inputs: np.ndarray) -> np.ndarray:
        """Return what an export translates int[B, S] with: int[B, T], PAD after EOS."""
        return ExportedTranslator(self._exported(system)).decode(tf.constant(inputs))[0].numpy()

    def shows_states(self, system: str) -> bool:
        """Return whether a system's export tells states and attention."""
        return set(NEEDED) <= self._exported(system).metadata.probes.keys()

    def has_targets_positions(self, system: str) -> bool:
        """Return whether a system's states are one for each target, which are then comparable."""
        strategy = registry.strategy(self._exported(system).metadata.strategy)
        return strategy.says_a_target_a_position

    def states(self, system: str, inputs: np.ndarray, targets: np.ndarray) -> dict[str, np.ndarray]:
        """Return the probes of a system for int[B, S] and int[B, T], by name."""
        giver = HintGiver(self._exported(system))
        output = giver.hints(tf.constant(inputs, tf.int32), tf.constant(targets, tf.int32))
        return {name: probe.numpy() for name, probe in output.probes.items()}

    def generate(self, system: str, source: list[int]) -> Generated:
        """Return what a system generates of a sentence, and its states while it does."""
        return inside_export(self._exported(system)).generate(source)
