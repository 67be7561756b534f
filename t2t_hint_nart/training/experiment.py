"""One training run, put together: problem, model, hints, objective, loop (T2T's Experiment)."""

import functools
import io
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import keras

from t2t_hint_nart import registry
from t2t_hint_nart.data.bucket_table import bucket_table_from_hparams
from t2t_hint_nart.data.eval_batches import eval_batches
from t2t_hint_nart.data.problem import DatasetSplit, TextEncoder
from t2t_hint_nart.data.problem_identity import identity_of
from t2t_hint_nart.data.shards import naming_damaged_shard
from t2t_hint_nart.data.training_batches import Part, TrainingBatches, training_batches
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.capabilities import HintGiver
from t2t_hint_nart.inspection.dev_images import Pictures, fixed_sentence, make_pictures
from t2t_hint_nart.layers.precision import activations_in
from t2t_hint_nart.models.build import build_model
from t2t_hint_nart.models.network import asked_probes, prepare, probe_sizes
from t2t_hint_nart.output_dir import changed_hparams, write_hparams
from t2t_hint_nart.training.checkpoint_facts import misfit
from t2t_hint_nart.training.checkpoint_files import find_checkpoint, list_checkpoints
from t2t_hint_nart.training.checkpoints import restore_model, warm_start
from t2t_hint_nart.training.early_stopping import EvaluationHistory, StoppingRule
from t2t_hint_nart.training.evaluation import EvaluationReport, given_metrics, make_evaluation
from t2t_hint_nart.training.learner import Learner
from t2t_hint_nart.training.learning_rate import LearningRate
from t2t_hint_nart.training.loop import LoopSettings, TrainingLoop
from t2t_hint_nart.training.metric_names import DECODED_METRICS, METRICS
from t2t_hint_nart.training.objective import Objective
from t2t_hint_nart.training.optimizer import make_optimizer
from t2t_hint_nart.training.placement import Placement
from t2t_hint_nart.training.run import Run, TrainingPairs, with_measured
from t2t_hint_nart.training.summaries import Summaries


@dataclass(frozen=True)
class EvaluationExtras:
    """What evaluations do beyond loss and accuracies.

    Attributes:
        sentence_metrics: T2T's approx_bleu_score and ROUGE.
        pictures: attention and cosine similarities of a fixed sentence.
        decoded: step → scores of decoded text, computed from the network as it is.
        stopping: when training ends early, and which checkpoint is kept as the best.
    """

    sentence_metrics: bool = False
    pictures: bool = False
    decoded: Callable[[int], dict[str, float]] | None = None
    stopping: StoppingRule | None = None


class Experiment:
    """A run with everything it needs built.

    Args:
        run: what is trained on what.
        stream: where the chief tells its progress; stdout by default.
        placement: where steps run; one device by default.

    Raises:
        InputError: missing or damaged data, a teacher that is missing or doesn't fit, terms that
            need hints without one.
    """

    def __init__(self, run: Run, stream: TextIO | None = None, placement: Placement | None = None):
        self.placement = placement or Placement()
        self._stream = sys.stdout if stream is None else stream
        if not self.placement.is_chief:
            self._stream = io.StringIO()
        self.files = run.problem.shard_files(run.data_dir, DatasetSplit.TRAIN)
        self.encoders: dict[str, TextEncoder] = run.problem.get_feature_encoders(run.data_dir)
        self.identity = identity_of(run.problem, self.encoders)
        self.run = with_measured(run)
        keras.utils.set_random_seed(run.seed)
        with self.placement.scope():
            self.learner = self._make_learner()

    def _make_learner(self) -> Learner:
        run = self.run
        # What isn't trained computes in float32, whatever it was trained in.
        dtype = "float32" if run.evaluates_only else run.hparams.get("activation_dtype", "float32")
        with activations_in(dtype):
            network = build_model(run.model, run.hparams, run.problem, self.encoders)
        # A run with checkpoints of its own goes on from these.
        if run.warm_start_from and not list_checkpoints(run.output_dir):
            self._warm_start(network, find_checkpoint(run.warm_start_from))
        objective = Objective(run.hparams, registry.criterion(registry.criterion_of(run.model)))
        if run.calibrates:
            objective.check()
        giver = self._hint_giver(network, objective)
        learner = Learner(network, objective, giver, self.placement)
        learner.optimizer = make_optimizer(run.hparams)
        return learner

    @functools.cached_property
    def training_batches(self) -> TrainingBatches:
        """Endless; the shards are read through, once, and damaged ones refused."""
        placement = self.placement
        return training_batches(
            self.files,
            self.run.hparams,
            self.run.seed,
            features=self.run.problem.features(DatasetSplit.TRAIN),
            replicas=placement.replicas,
            part=Part(placement.process, placement.processes),
        )

    def _warm_start(self, network: keras.Model, path: str) -> None:
        read, fresh = warm_start(network, path)
        rest = f"; fresh: {', '.join(fresh[:3])}{' ...' if len(fresh) > 3 else ''}" if fresh else ""
        line = f"Warm start from {path}: {len(read)} of {len(read) + len(fresh)} variables{rest}"
        print(line, file=self._stream, flush=True)
        reason = misfit(path, self.identity)
        if reason:
            print(f"Warning: {reason}", file=self._stream, flush=True)

    def _hint_giver(self, network: keras.Model, objective: Objective) -> HintGiver | None:
        run, export_dir = self.run, self.run.teacher_export_dir
        if run.evaluates_only or (run.calibrates and not export_dir):
            return None
        asks = getattr(network, "asks_teacher", False)
        if not objective.needs_hints and not run.calibrates and not asks:
            if export_dir:
                line = "No hint has a weight: the teacher gives none, and may rank candidates."
                print(line, file=self._stream, flush=True)
            return None
        if not export_dir:
            told = (
                f"{run.model} asks one by its hparams"
                if asks
                else "hint_hidden_weight or hint_align_weight isn't 0"
            )
            raise InputError(
                f"{told}, but there is no teacher: give its export with --teacher_export_dir."
            )
        giver = HintGiver(export_dir)
        warning = giver.check_fits(self.identity)
        if warning:
            print(f"Warning: {warning}", file=self._stream, flush=True)
        for probe in asked_probes(network):
            if probe not in giver.metadata.probes:
                giver.check_sizes(f"its {probe} can't be probed")
        if objective.needs_hints or run.calibrates:
            self._check_sizes(network, objective, giver)
        return giver

    def _check_sizes(self, network: keras.Model, objective: Objective, giver: HintGiver) -> None:
        """Refuse a teacher that a term with a weight can't be compared with; leave out others."""
        misfits = objective.misfits(probe_sizes(network), giver.metadata.probes)
        weighted = (why for name, why in misfits.items() if objective.weights[name])
        giver.check_sizes(next(weighted, ""))
        for name, why in misfits.items():
            line = f"{name} isn't measured with {giver.export_dir}: {why}."
            print(line, file=self._stream, flush=True)
        objective.leave_out(misfits)

    def train(
        self,
        settings: LoopSettings,
        eval_steps: int | None = None,
        extras: EvaluationExtras = EvaluationExtras(),
        split: str = DatasetSplit.EVAL,
        on_start: Callable[[], None] | None = None,
    ) -> int:
        """Train to settings.train_steps, evaluating after every checkpoint; return the last step.

        A run that is refused, for its checkpoint too, leaves its directory as it was.

        Args:
            settings: of the loop.
            eval_steps: batches of an evaluation, None for all, 0 for no evaluation.
            extras: what evaluations do besides.
            split: that is evaluated.
            on_start: called before anything is written.

        Raises:
            InputError: extras compare checkpoints by a metric that evaluations don't give.
        """
        run, evaluate, pictures, history = self.run, None, None, None
        evaluates = eval_steps is None or eval_steps > 0
        if evaluates:
            self._check_stopping(extras)
        batches, writes = self.training_batches, self.placement.is_chief
        Path(run.output_dir).mkdir(parents=True, exist_ok=True)
        if writes and evaluates:
            evaluate = self.make_evaluation(split, eval_steps, extras)
            pictures = self._pictures(split) if extras.pictures else None
            if extras.stopping:
                history = EvaluationHistory(run.output_dir, extras.stopping)
        loop = TrainingLoop(
            self.learner,
            batches,
            run.output_dir,
            settings,
            evaluate,
            run.problem.name,
            self._stream,
            pictures,
            history,
            trained_on=self.identity,
            placement=self.placement,
        )
        self._restore(loop)
        self._say_plan(settings)
        if writes:
            if on_start is not None:
                on_start()
            write_hparams(run.output_dir, run.hparams)
            loop.summaries.hparams(run.model, run.hparams)
        # Others make for themselves what the chief keeps.
        self.prepare(run.output_dir if writes else "")
        with naming_damaged_shard(self.files):
            return loop.run()

    def _check_stopping(self, extras: EvaluationExtras) -> None:
        """Refuse a metric that evaluations won't give; scores of decoded text may be any."""
        if extras.stopping is None:
            return
        metric = extras.stopping.metric
        given = given_metrics(self.learner.objective.criterion, extras.sentence_metrics)
        if metric not in given and (extras.decoded is None or metric in METRICS):
            raise InputError(
                f"eval_early_stopping_metric is {metric}, which evaluations of {self.run.model} "
                f"don't give; they give {', '.join(given)}, and of what is decoded "
                f"{', '.join(DECODED_METRICS)}."
            )

    def prepare(self, output_dir: str) -> None:
        """Give the network what it needs for training alone, kept in a directory, "" for none."""
        pairs = TrainingPairs(self.run, self.training_batches.digest)
        prepare(self.learner.network, pairs, output_dir)

    def _restore(self, loop: TrainingLoop) -> None:
        """Go to where the directory stands; say which hparams have changed since, or were to."""
        changes = changed_hparams(self.run.output_dir, self.run.hparams)
        told = f"Changed in {self.run.output_dir}: {', '.join(changes)}." if changes else ""
        try:
            step = loop.restore()
        except InputError as error:
            raise InputError(f"{error} {told}".rstrip()) from error
        if step and told:
            print(told, file=self._stream, flush=True)

    def _say_plan(self, settings: LoopSettings) -> None:
        """Print what users ask about first: what batch_size means, and the learning rate."""
        table = bucket_table_from_hparams(self.run.hparams)
        learning_rate = LearningRate(self.run.hparams)
        step, rate = learning_rate.peak(settings.train_steps)
        warning = learning_rate.unfinished_warmup(settings.train_steps)
        for line in self.training_batches.order.left_out():
            print(line, file=self._stream)
        devices = self.placement.replicas
        each = f", on each of {devices} devices" if devices > 1 else ""
        print(f"Batches: {table}{each}", file=self._stream)
        print(f"Learning rate: at most {rate:.3e}, at step {step}", file=self._stream, flush=True)
        if warning:
            print(warning, file=self._stream, flush=True)

    def _pictures(self, split: str) -> Callable[[], Pictures]:
        sentence = fixed_sentence(self.run.problem, self.run.data_dir, split)
        return make_pictures(self.learner.network, self.encoders, sentence)

    def make_evaluation(
        self,
        split: str,
        eval_steps: int | None = None,
        extras: EvaluationExtras = EvaluationExtras(),
    ) -> Callable[[int], dict[str, float]]:
        """Return a function step → metrics of the network as it is; args as `train`.

        Raises:
            InputError: of no batch at all there are no metrics.
        """
        if eval_steps is not None and eval_steps < 1:
            raise InputError(f"An evaluation takes 1 batch or more, not --eval_steps={eval_steps}.")
        problem = self.run.problem
        files = problem.shard_files(self.run.data_dir, split)
        batches = eval_batches(files, self.run.hparams, features=problem.features(split))
        measure = make_evaluation(self.learner, batches, eval_steps, extras.sentence_metrics)

        def evaluate(step: int) -> dict[str, float]:
            with naming_damaged_shard(files):
                scalars = measure(step)
            return {**scalars, **(extras.decoded(step) if extras.decoded else {})}

        return evaluate

    def evaluate_checkpoints(
        self,
        checkpoints: Iterable[str],
        split: str,
        eval_steps: int | None = None,
        extras: EvaluationExtras = EvaluationExtras(),
        directory: str = "eval",
    ) -> dict[int, dict[str, float]]:
        """Evaluate checkpoints one after the other and return metrics by step.

        Args:
            checkpoints: paths, perhaps of files that appear as one waits.
            split: as for `train`, and so are eval_steps and extras.
            eval_steps: batches.
            extras: besides.
            directory: in output_dir, of the summaries.

        Raises:
            InputError: a damaged checkpoint or one of another model.
        """
        evaluate = self.make_evaluation(split, eval_steps, extras)
        report = EvaluationReport(
            Summaries(self.run.output_dir, directory),
            self.run.problem.name,
            self._stream,
            self._pictures(split) if extras.pictures else None,
        )
        results = {}
        for checkpoint in checkpoints:
            step = restore_model(self.learner.network, checkpoint, self.identity)
            results[step] = evaluate(step)
            report.report(step, None, results[step])
        return results
