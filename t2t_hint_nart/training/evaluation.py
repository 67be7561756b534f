"""Loss and accuracy under teacher forcing."""

import math
from collections.abc import Callable

import tensorflow as tf

from t2t_hint_nart.training.learner import BATCH_SIGNATURE, Learner


def make_evaluation(
    learner: Learner, batches: tf.data.Dataset, max_batches: int | None = None
) -> Callable[[int], dict[str, float]]:
    """Return a function that evaluates the learner as it is.

    Args:
        learner: what to evaluate.
        batches: finite evaluation batches.
        max_batches: stop after so many (T2T's --eval_steps); None for all.

    Returns:
        A function of the step → {"loss" (smoothed nll, nats per token), "accuracy" (share of
        real tokens whose argmax is right), "neg_log_perplexity"}, T2T's names.
    """
    test_step = tf.function(learner.test_step, input_signature=[BATCH_SIGNATURE], autograph=False)
    limited = batches if max_batches is None else batches.take(max_batches)

    def evaluate(step: int) -> dict[str, float]:
        del step
        totals = {"nll_total": 0.0, "log_prob": 0.0, "correct": 0.0, "count": 0.0}
        for batch in limited:
            for name, value in test_step(batch).items():
                totals[name] += float(value)
        count = max(totals["count"], 1.0)
        loss, log_prob = totals["nll_total"] / count, totals["log_prob"] / count
        # A NaN compares with nothing; early stopping needs the worst value instead.
        return {
            "loss": loss if math.isfinite(loss) else math.inf,
            "accuracy": totals["correct"] / count,
            "neg_log_perplexity": log_prob if math.isfinite(log_prob) else -math.inf,
        }

    return evaluate
