"""T2T's evaluation metrics under teacher forcing, and where the results of evaluations go."""

import math
from collections.abc import Callable
from typing import TextIO

import numpy as np
import tensorflow as tf

from t2t_hint_nart.evaluation.teacher_forcing import approx_bleu, rouge_2_fscore, rouge_l_fscore
from t2t_hint_nart.inspection.dev_images import Pictures
from t2t_hint_nart.losses.term import Criterion
from t2t_hint_nart.training.early_stopping import BEST_DIR, EvaluationHistory
from t2t_hint_nart.training.learner import BATCH_SIGNATURE, Learner
from t2t_hint_nart.training.metric_names import lower_is_better
from t2t_hint_nart.training.summaries import Summaries

# T2T's metrics of whole sentences, from (predicted ids, target ids), means over batches.
SENTENCE_METRICS: dict[str, Callable[[np.ndarray, np.ndarray], float]] = {
    "approx_bleu_score": approx_bleu,
    "rouge_2_fscore": rouge_2_fscore,
    "rouge_L_fscore": rouge_l_fscore,
}


def make_evaluation(
    learner: Learner,
    batches: tf.data.Dataset,
    max_batches: int | None = None,
    sentence_metrics: bool = False,
) -> Callable[[int], dict[str, float]]:
    """Return a function that evaluates the learner as it is.

    Args:
        learner: what to evaluate.
        batches: finite.
        max_batches: stop after so many (T2T's --eval_steps); None for all.
        sentence_metrics: whether to compute SENTENCE_METRICS too, which takes the host longer.

    Returns:
        A function of the step → the criterion's metrics, of the likelihood under T2T's names, and
        SENTENCE_METRICS if asked for and the criterion predicts tokens.
    """
    step_function = tf.function(
        learner.evaluation_step, input_signature=[BATCH_SIGNATURE], autograph=False
    )
    limited = batches if max_batches is None else batches.take(max_batches)

    def evaluate(step: int) -> dict[str, float]:
        del step
        totals: dict[str, float] = {}
        by_batch: dict[str, list[float]] = {name: [] for name in SENTENCE_METRICS}
        for batch in limited:
            sums, predictions = step_function(batch)
            for name, value in sums.items():
                totals[name] = totals.get(name, 0.0) + float(value)
            if sentence_metrics and predictions is not None:
                ids = predictions.numpy(), batch["targets"].numpy()
                for name, metric in SENTENCE_METRICS.items():
                    by_batch[name].append(metric(*ids))
        means = {name: float(np.mean(values)) for name, values in by_batch.items() if values}
        return {**_metrics(learner, totals), **means}

    return evaluate


def _metrics(learner: Learner, totals: dict[str, float]) -> dict[str, float]:
    """Metrics from the sums over all batches."""

    def ratio(name: str, count: str) -> float:
        return totals.get(name, 0.0) / max(totals.get(count, 0.0), 1.0)

    # A NaN compares with nothing; early stopping needs the worst value instead.
    return {
        name: value if math.isfinite(value) else math.inf if lower_is_better(name) else -math.inf
        for name, value in learner.objective.criterion.metrics(ratio).items()
    }


def given_metrics(criterion: Criterion, sentence_metrics: bool = False) -> tuple[str, ...]:
    """Names of the metrics that an evaluation gives; those of text that is decoded come besides.

    Args:
        criterion: of the model; one without sums of its own predicts no tokens.
        sentence_metrics: as of `make_evaluation`.
    """
    predicts = type(criterion).sums is not Criterion.sums
    of_sentences = SENTENCE_METRICS if sentence_metrics and predicts else ()
    return (*criterion.metrics(lambda *_: 1.0), *of_sentences)


class EvaluationReport:
    """Tell the results of evaluations to the terminal, to TensorBoard and to the history.

    Args:
        summaries: of the run.
        problem_name: names the tags.
        stream: where a line goes.
        pictures: what to draw of the network as it is, if anything.
        history: keeps the best checkpoint, if given.
    """

    def __init__(
        self,
        summaries: Summaries,
        problem_name: str,
        stream: TextIO,
        pictures: Callable[[], Pictures] | None = None,
        history: EvaluationHistory | None = None,
    ):
        self._summaries = summaries
        self._problem_name = problem_name
        self._stream = stream
        self._pictures = pictures
        self.history = history

    def report(self, step: int, checkpoint: str | None, scalars: dict[str, float]) -> None:
        """Tell the metrics of a step; its checkpoint is None if it isn't on the way of training."""
        self._summaries.evaluation(step, self._problem_name, scalars)
        if self._pictures is not None:
            self._summaries.images(step, self._pictures())
        shown = "  ".join(f"{name} {value:.4f}" for name, value in scalars.items())
        best = ""
        if self.history is not None and checkpoint is not None:
            is_best = self.history.record(step, checkpoint, scalars)
            best = f"  (best {self.history.rule.metric}, kept in best/)" if is_best else ""
        print(f"  eval at step {step}: {shown}{best}", file=self._stream, flush=True)

    def has_stopped(self, step: int) -> bool:
        """Whether early stopping says so, and if it does, a line about it."""
        if self.history is None or not self.history.has_stopped(step):
            return False
        rule = self.history.rule
        best = self.history.best()
        where = f"; the best is in {self.history.directory / BEST_DIR}" if best else ""
        print(
            f"Stopped at step {step}: {rule.metric} hasn't improved by {rule.delta:g} in "
            f"{rule.steps} steps{where}.",
            file=self._stream,
            flush=True,
        )
        return True
