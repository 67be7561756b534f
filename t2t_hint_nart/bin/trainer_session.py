"""What t2t-trainer's schedules work with: the run that the flags describe, built when needed."""

import functools
from collections.abc import Sequence
from pathlib import Path

from absl import flags

from t2t_hint_nart.bin.cluster import Worker, this_worker
from t2t_hint_nart.bin.flag import require
from t2t_hint_nart.bin.named_model import model_of_run, to_stderr
from t2t_hint_nart.data.problem import DatasetSplit
from t2t_hint_nart.hparam import HParams


class TrainerSession:
    """The flags of t2t-trainer, checked, and what is made of them.

    Args:
        values: the parsed flags.
        output_dir: in place of --output_dir.
        overrides: values of hyperparameters, after those of --hparams.

    Raises:
        InputError: a missing flag, or a name or value that isn't known.
    """

    def __init__(
        self,
        values: flags.FlagValues,
        output_dir: str | None = None,
        overrides: dict[str, object] | None = None,
    ):
        require(values, "model", "hparams_set", "problem", "data_dir", "output_dir")
        from t2t_hint_nart import registry
        from t2t_hint_nart.decoding.decode_hparams import decode_hparams
        from t2t_hint_nart.output_dir import add_train_steps

        self.values = values
        self.output_dir = output_dir or values.output_dir
        self.named = model_of_run(values, self.output_dir, say=print)
        self.problem = self.named.problem
        self.decode_hparams = decode_hparams(
            values.decode_hparams, registry.strategy_of(values.model)
        )
        for name in ("decode_to_file", "decode_reference"):
            if values[name].present:
                self.decode_hparams.set_hparam(name, values[name].value)
        self.hparams: HParams = self.named.hparams.override_from_dict(overrides or {})
        add_train_steps(self.hparams, values.train_steps)
        self.teacher_dir = values.teacher_export_dir or self.hparams.get("teacher_export_dir", "")
        if self.teacher_dir and "teacher_export_dir" in self.hparams:
            self.hparams.teacher_export_dir = self.teacher_dir
        # Evaluation needs no hints, but perhaps a teacher that ranks candidates.
        self.evaluates_only = False
        self.stopping = self._stopping_rule()

    @functools.cached_property
    def worker(self) -> Worker:
        """Which of the processes that train together this one is."""
        return this_worker()

    @property
    def split(self) -> str:
        """What is evaluated and decoded: dev, or test with --eval_use_test_set."""
        return DatasetSplit.TEST if self.values.eval_use_test_set else DatasetSplit.EVAL

    def _stopping_rule(self):
        from t2t_hint_nart.training.early_stopping import StoppingRule
        from t2t_hint_nart.training.metric_names import lower_is_better, metric_name

        values = self.values
        metric = metric_name(values.eval_early_stopping_metric)
        minimize = values.eval_early_stopping_metric_minimize
        minimize = lower_is_better(metric) if minimize is None else minimize
        steps, delta = values.eval_early_stopping_steps, values.eval_early_stopping_metric_delta
        return StoppingRule(metric, minimize, steps, delta)

    @functools.cached_property
    def experiment(self):
        """The run, with its data, model, teacher and optimizer."""
        from t2t_hint_nart.training.experiment import Experiment

        seed = self.values.random_seed
        run = self.named.run(
            self.output_dir,
            teacher_export_dir=self.teacher_dir,
            seed=1 if seed is None else seed,
            warm_start_from=self.values.warm_start_from or "",
            evaluates_only=self.evaluates_only,
        )
        return Experiment(run, placement=self._placement())

    def _placement(self):
        from t2t_hint_nart.training.placement import Placement, place

        if self.evaluates_only:
            return Placement()
        return place(self.values.worker_gpu, self.worker.has_peers)

    def loop_settings(self, **changes):
        """When training does what, as the flags say but for `changes`."""
        from t2t_hint_nart.training.loop import LoopSettings

        values = self.values
        settings = {
            "train_steps": values.train_steps,
            "checkpoint_steps": values.local_eval_frequency,
            "log_steps": values.log_step_count_steps,
            "keep_checkpoint_max": values.keep_checkpoint_max,
            "checkpoint_seconds": values.save_checkpoints_secs,
            "keep_checkpoint_every_hours": values.keep_checkpoint_every_n_hours,
        }
        return LoopSettings(**{**settings, **changes})

    def extras(
        self,
        writes_decodes: bool = False,
        metrics: Sequence[str] = (),
        split: str | None = None,
    ):
        """What evaluations do besides the cheap metrics.

        Args:
            writes_decodes: decode, and write translations to files.
            metrics: names that are needed besides the early-stopping metric.
            split: that is evaluated, in place of `self.split`.
        """
        from t2t_hint_nart.training.experiment import EvaluationExtras
        from t2t_hint_nart.training.metric_names import DECODED_METRICS

        needed = {self.stopping.metric, *metrics}
        decodes = writes_decodes or self.values.eval_run_autoregressive
        decoded = None
        if decodes or needed & set(DECODED_METRICS):
            decoded = self.dataset_decode(self.trained(), split, writes_decodes)
        return EvaluationExtras(True, True, decoded, self.stopping)

    def trained(self):
        """The experiment's network as it is, as what translators take."""
        from t2t_hint_nart.serving.trained_model import TrainedModel

        made = self.experiment
        network, hparams = made.learner.network, made.run.hparams
        return TrainedModel(network, self.values.model, self.problem, made.encoders, hparams, 0)

    def translator(self, trained):
        """A translator on a model; the teacher ranks candidates, if there are any."""
        from t2t_hint_nart.exports.capabilities import ExportedScorer
        from t2t_hint_nart.serving.decode_function import translator_of

        ranks = trained.strategy(self.decode_hparams).needs_scorer and self.teacher_dir
        scorer = ExportedScorer(self.teacher_dir) if ranks else None
        return translator_of(trained, self.decode_hparams, scorer, to_stderr)

    def dataset_decode(self, trained, split: str | None = None, writes: bool = True, say=None):
        """What decodes a split, or its first num_samples sentences, with a model as it is."""
        from t2t_hint_nart.serving.decodes import shard_suffix
        from t2t_hint_nart.serving.job import StepDecode
        from t2t_hint_nart.serving.sentences import problem_sentences

        split, settings = split or self.split, self.decode_hparams
        sentences = problem_sentences(self.problem, self.values.data_dir, split, settings)
        if not self.values.decode_from_file:
            sentences = sentences.with_references(settings.decode_reference)
        is_dev = split == DatasetSplit.EVAL
        name = self.problem.name if is_dev else f"{self.problem.name}.{split}"
        prefix = settings.decode_to_file or str(Path(self.output_dir) / "decode" / name)
        prefix += shard_suffix(settings)
        translator = self.translator(trained)
        return StepDecode(translator, sentences, settings, prefix if writes else None, say)

    @property
    def decoded_file(self) -> str:
        """--decode_from_file, or the part of it that is decoded; "" where none is given."""
        from t2t_hint_nart.serving.decodes import shard_suffix

        file = self.values.decode_from_file
        return file and file + shard_suffix(self.decode_hparams)

    def file_decode(self, trained):
        """What decodes `decoded_file` with a model as it is."""
        from t2t_hint_nart.serving.decodes import shard_suffix
        from t2t_hint_nart.serving.job import StepDecode
        from t2t_hint_nart.serving.sentences import file_sentences

        settings, source = self.decode_hparams, self.decoded_file
        sentences = file_sentences(source, settings.decode_reference, settings.delimiter)
        prefix = f"{source}.{self.problem.name}"
        if settings.decode_to_file:
            prefix = settings.decode_to_file + shard_suffix(settings)
        return StepDecode(self.translator(trained), sentences, settings, prefix, to_stderr)
