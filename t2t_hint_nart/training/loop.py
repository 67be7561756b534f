"""The step loop: steps, progress, summaries, checkpoints, evaluation."""

import functools
import math
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import tensorflow as tf

from t2t_hint_nart.data.problem_identity import ProblemIdentity
from t2t_hint_nart.data.training_batches import TrainingBatches
from t2t_hint_nart.errors import DivergedError
from t2t_hint_nart.inspection.dev_images import Pictures
from t2t_hint_nart.training.checkpoint_files import DamagedCheckpointError
from t2t_hint_nart.training.checkpoints import Checkpoints, restore_model
from t2t_hint_nart.training.early_stopping import EvaluationHistory
from t2t_hint_nart.training.evaluation import EvaluationReport
from t2t_hint_nart.training.interrupts import (
    InterruptedWithin,
    interrupt_waits,
    signals_interrupt,
)
from t2t_hint_nart.training.learner import Learner, compiled_step
from t2t_hint_nart.training.placement import Placement
from t2t_hint_nart.training.progress import Progress
from t2t_hint_nart.training.summaries import Summaries


@dataclass(frozen=True)
class LoopSettings:
    """When the loop does what.

    Attributes:
        train_steps: step at which training ends.
        checkpoint_steps: steps between checkpoints (and evaluations).
        log_steps: steps between progress lines and summaries.
        keep_checkpoint_max: how many checkpoints stay; 0 for all.
        checkpoint_seconds: seconds between checkpoints, in place of checkpoint_steps if not 0.
        keep_checkpoint_every_hours: one checkpoint every so many hours stays besides.
        eval_throttle_seconds: at least so many seconds pass from one evaluation to the next; the
            checkpoints in between aren't evaluated, the last one is.
    """

    train_steps: int
    checkpoint_steps: int = 1000
    log_steps: int = 100
    keep_checkpoint_max: int = 20
    checkpoint_seconds: float = 0.0
    keep_checkpoint_every_hours: float | None = None
    eval_throttle_seconds: float = 0.0


Evaluate = Callable[[int], dict[str, float]]


class TrainingLoop:
    """Run a learner's steps from where its output directory stands to the end.

    Args:
        learner: with an optimizer compiled in.
        batches: endless; checkpoints hold their position.
        output_dir: T2T's output_dir.
        settings: when to do what.
        evaluate: called with the step after every checkpoint; its scalars go to eval/.
        problem_name: names the evaluation's tags.
        stream: of progress lines; stdout by default.
        pictures: what to draw of the network at every evaluation.
        history: keeps the best checkpoint and says when training is over.
        trained_on: what checkpoints say that they were trained on.
        clock: seconds, for tests.
        placement: where steps run. Only the chief evaluates and writes; the other processes train
            along, and wait for it after every checkpoint.
    """

    def __init__(
        self,
        learner: Learner,
        batches: TrainingBatches,
        output_dir: str | Path,
        settings: LoopSettings,
        evaluate: Evaluate | None = None,
        problem_name: str = "problem",
        stream: TextIO | None = None,
        pictures: Callable[[], Pictures] | None = None,
        history: EvaluationHistory | None = None,
        trained_on: ProblemIdentity | None = None,
        clock: Callable[[], float] = time.monotonic,
        placement: Placement | None = None,
    ):
        self._placement = placement or Placement()
        optimizer = learner.optimizer
        # This makes the slots, into which a checkpoint can be restored.
        self._step = compiled_step(learner, self._placement)
        self._batches = iter(batches)
        self._network = learner.network
        self._checkpoints = Checkpoints(
            output_dir,
            learner.network,
            optimizer,
            self._batches,
            settings.keep_checkpoint_max,
            settings.keep_checkpoint_every_hours,
            learner.state(),
            trained_on,
        )
        self._scalars = learner.objective.scalars()
        self._terms = tuple(learner.objective.weights)
        self.summaries = Summaries(output_dir, scalars=self._scalars)
        self._stream = sys.stdout if stream is None else stream
        self._report = EvaluationReport(
            self.summaries, problem_name, self._stream, pictures, history
        )
        self._settings = settings
        self._evaluate = evaluate
        self._output_dir = output_dir
        self._clock = clock
        self._saved_at = self._evaluated_at = clock()
        self._restored: int | None = None
        # The step of the newest checkpoint.
        self._saved = 0

    def restore(self) -> int:
        """Go to where the output directory stands and return the step; nothing is written."""
        if self._restored is None:
            self._restored = self._saved = self._go_to_newest()
            if not self._checkpoints.knows_position:
                self._say(
                    f"The checkpoint of step {self._restored} is of an earlier version and doesn't "
                    "tell its position in the training data: they begin anew."
                )
        return self._restored

    def _go_to_newest(self) -> int:
        step = self._checkpoints.restore_latest(self._say)
        self._placement.separate(self._checkpoints.seeds)
        return step

    def run(self) -> int:
        """Train to the end, or until evaluations say it won't get better; return the last step.

        An interrupt lets the step end and writes a checkpoint before it goes on its way, which is
        there until the next. What was to be evaluated when a run was killed is
        evaluated now, where its checkpoint is there.

        Raises:
            InputError: the loss, the gradient or the weights aren't finite.
        """
        with signals_interrupt():
            return self._run()

    def _run(self) -> int:
        settings = self._settings
        step = self.restore()
        self._placement.check_same(step)
        self._make_up_evaluations(step)
        if step >= settings.train_steps:
            self._say(f"{self._output_dir}: already at step {step} of {settings.train_steps}.")
            return step
        if self._placement.agree(step > 0 and self._report.has_stopped(step)):
            return step
        self._say(
            f"{'Resuming at' if step else 'Training from'} step {step} to {settings.train_steps} "
            f"in {self._output_dir}; the first step takes longer (graph tracing)."
        )
        progress = Progress(settings.train_steps, step, self._stream, self._scalars, self._clock)
        interval: list[dict[str, tf.Tensor]] = []
        done = False
        self._saved_at = self._clock()
        self._evaluated_at = -math.inf
        try:
            while not done:
                with interrupt_waits():
                    interval.append(self._step(next(self._batches)))
                    step += 1
                done = step == settings.train_steps
                if done or step % settings.log_steps == 0:
                    self._log(step, interval, progress)
                    interval = []
                else:
                    progress.between(step, functools.partial(_numbers, interval[-1]))
                if done or self._checkpoint_is_due(step):
                    self._check_finite(step, interval)
                    resume = progress.pause()
                    done = self._checkpoint(step, done)
                    # After the evaluation, so that as much is trained between two as was asked for.
                    self._saved_at = self._clock()
                    resume()
                    if done and interval:
                        self._log(step, interval, progress)
        except KeyboardInterrupt as interrupt:
            if step > self._saved and not isinstance(interrupt, InterruptedWithin):
                self._check_finite(step, interval)
                if self._placement.is_chief:
                    self._save(step, by_interrupt=self._is_between(step))
            kept = f"step {self._saved} is saved" if self._saved else "no step is saved"
            self._say(f"Interrupted; {kept}. Run the same command to go on.")
            raise
        return step

    def _log(self, step: int, interval: list[dict[str, tf.Tensor]], progress: Progress) -> None:
        self._check_finite(step, interval)
        columns = {name: [float(row[name]) for row in interval] for name in interval[0]}
        tokens = sum(columns["targets_nonpadding_tokens"])
        means = {name: sum(values) / len(values) for name, values in columns.items()}
        means["learning_rate"] = columns["learning_rate"][-1]
        rates = progress.report(step, tokens, means)
        if self._placement.is_chief:
            self.summaries.training(step, {**means, **rates})

    def _checkpoint_is_due(self, step: int) -> bool:
        seconds = self._settings.checkpoint_seconds
        if seconds and self._placement.processes > 1:
            # Asking takes the processes time.
            due = self._clock() - self._saved_at >= seconds
            return step % self._settings.log_steps == 0 and self._placement.agree(due)
        if seconds:
            return self._clock() - self._saved_at >= seconds
        return step % self._settings.checkpoint_steps == 0

    def _is_between(self, step: int) -> bool:
        """Whether a step is none that is saved; by the clock, any may be."""
        settings = self._settings
        due = step == settings.train_steps or step % settings.checkpoint_steps == 0
        return not due and not settings.checkpoint_seconds

    def _save(self, step: int, by_interrupt: bool = False) -> None:
        self._checkpoints.save(step, by_interrupt)
        self._saved = step

    def _checkpoint(self, step: int, is_last: bool) -> bool:
        """Have the chief save, and evaluate if that is due; whether training is over."""
        is_over = self._chiefs_checkpoint(step, is_last) if self._placement.is_chief else is_last
        return self._placement.agree(is_over)

    def _chiefs_checkpoint(self, step: int, is_last: bool) -> bool:
        evaluates = self._evaluation_is_due(is_last)
        if evaluates and self._report.history is not None:
            # Before the checkpoint is there: a run killed from now on makes it up.
            self._report.history.expect(step)
        self._save(step)
        if evaluates:
            self._evaluation(step)
        return is_last or (evaluates and self._report.has_stopped(step))

    def _evaluation_is_due(self, is_last: bool) -> bool:
        """Whether a checkpoint is evaluated; not if the last time is too recent."""
        waited = self._clock() - self._evaluated_at >= self._settings.eval_throttle_seconds
        return self._evaluate is not None and (waited or is_last)

    def _evaluation(self, step: int) -> None:
        """Evaluate a checkpoint, whose weights the network has."""
        assert self._evaluate is not None
        self._evaluated_at = self._clock()
        self._report.report(step, self._checkpoints.path(step), self._evaluate(step))

    def _make_up_evaluations(self, step: int) -> None:
        """Evaluate checkpoints that were to be when the run was killed, and a finished run's."""
        history = self._report.history
        if self._evaluate is None or history is None:
            return
        missing = history.missing(step)
        if step >= self._settings.train_steps and not history.has(step):
            missing = [*missing, step] if step not in missing else missing
        here = step
        for missed in missing:
            path = self._checkpoints.path(missed)
            if not Path(f"{path}.index").exists():
                continue
            try:
                if missed != here:
                    here = restore_model(self._network, path)
            except DamagedCheckpointError as error:
                self._say(f"Step {missed} isn't evaluated: {error}")
                here = 0
                continue
            self._evaluation(missed)
        if here != step:
            self._go_to_newest()

    def _say(self, line: str) -> None:
        print(line, file=self._stream, flush=True)

    def _check_finite(self, step: int, interval: list[dict[str, tf.Tensor]]) -> None:
        """Refuse to go on, or to save, where one of the last steps left no finite weights."""
        for number, row in enumerate(interval, step - len(interval) + 1):
            bad = {n: value for n, value in _numbers(row).items() if not math.isfinite(value)}
            term = next((f" (the term {n} is {bad[n]})" for n in self._terms if n in bad), "")
            for name in [name for name in ("loss", "gradient_norm") if name in bad]:
                kept = "The last checkpoint is from before." if self._saved else "None is saved."
                raise DivergedError(
                    f"Training diverged: {name} is {bad[name]} at step {number}{term}; lower the "
                    f"learning rate or the hint weights. {kept}"
                )


def _numbers(row: dict[str, tf.Tensor]) -> dict[str, float]:
    return {name: float(value) for name, value in row.items()}
