"""The negative log-likelihood, with T2T's label smoothing."""

import math

from keras import ops

from t2t_hint_nart.losses.term import Criterion, LossTerm, Scalar, Step

# Predictions that count as right for accuracy_top5.
TOP = 5


def smoothing_constant(vocab_size: int, label_smoothing: float) -> float:
    """Entropy of the smoothed target, which T2T subtracts so that a perfect model has loss 0.

    −(c·ln c + (V−1)·u·ln(u + 1e-20)) with c = 1 − ε and u = ε/(V−1)
    (T2T common_layers.smoothing_cross_entropy).

    Example:
        >>> round(smoothing_constant(32768, 0.1), 6)
        1.364801
    """
    if not label_smoothing:
        return 0.0
    confidence = 1.0 - label_smoothing
    low = label_smoothing / (vocab_size - 1)
    return -(confidence * math.log(confidence) + (vocab_size - 1) * low * math.log(low + 1e-20))


def token_log_probs(logits, targets):
    """Log-probability of every target token: float[B, T], 0 at PAD.

    Args:
        logits: float[B, T, V].
        targets: int[B, T], PAD 0.
    """
    # One number of each row: `take_along_axis` copies the logits.
    places = _places(ops.reshape(targets, (-1,)), logits.shape[-1])
    chosen = ops.reshape(ops.take(ops.reshape(logits, (-1,)), places), ops.shape(targets))
    log_probs = chosen - ops.logsumexp(logits, axis=-1)
    return log_probs * ops.cast(ops.not_equal(targets, 0), log_probs.dtype)


def _places(ids, vocab_size: int):
    """Where int[N] ids are among all numbers of float[N, V]: int64[N].

    The widest tensor there is may have more numbers than 32 bits can count.
    """
    rows = ops.arange(ops.shape(ids)[0], dtype="int64")
    return rows * vocab_size + ops.cast(ids, "int64")


def smoothed_cross_entropy(logits, targets, label_smoothing: float) -> LossTerm:
    """Cross-entropy against smoothed targets, summed over real tokens.

    The target id has probability 1 − ε, every other id ε/(V−1); the constant of
    `smoothing_constant` is subtracted (T2T padded_cross_entropy).

    Args:
        logits: float[B, T, V].
        targets: int[B, T], PAD 0 has no weight.
        label_smoothing: ε.

    Returns:
        LossTerm(total in nats, count of real tokens).
    """
    vocab_size = logits.shape[-1]
    ids = ops.reshape(targets, (-1,))
    nll = _row_cross_entropy(ids, label_smoothing)(ops.reshape(logits, (-1, vocab_size)))
    nll = nll - smoothing_constant(vocab_size, label_smoothing)
    mask = ops.cast(ops.not_equal(ids, 0), nll.dtype)
    return LossTerm(ops.sum(nll * mask), ops.sum(mask))


def _row_cross_entropy(targets, label_smoothing: float):
    """−Σ_v q_v·log p_v of each row of logits float[N, V], as a function of them: float[N].

    Its gradient is p − q, written down: what automatic differentiation makes of a softmax and a
    choice among its results takes twice the time, at the widest place of the whole network.
    """

    @ops.custom_gradient
    def cross_entropy(logits):
        vocab_size = logits.shape[-1]
        confidence, low = 1.0 - label_smoothing, label_smoothing / (vocab_size - 1)
        shifted = logits - ops.max(logits, axis=-1, keepdims=True)
        exponentials = ops.exp(shifted)
        total = ops.sum(exponentials, axis=-1, keepdims=True)
        places = _places(targets, vocab_size)
        chosen = ops.take(ops.reshape(shifted, (-1,)), places)
        # Σ_v q_v = 1; every id has `low`, the target the remainder on top.
        smooth = low * ops.sum(shifted, axis=-1) if low else 0.0
        nll = ops.log(total)[:, 0] - (confidence - low) * chosen - smooth

        def gradient(*args, upstream=None):
            (upstream,) = args if upstream is None else (upstream,)
            rows = ops.expand_dims(upstream, -1)
            unwanted = exponentials * (rows / total)
            if low:
                unwanted = unwanted - low * rows
            flat, at = ops.reshape(unwanted, (-1,)), ops.expand_dims(places, 1)
            wanted = (confidence - low) * upstream
            added = ops.scatter_update(flat, at, -wanted, reduction="add")
            return ops.reshape(added, ops.shape(logits))

        return nll, gradient

    return cross_entropy


class Likelihood(Criterion):
    """The label-smoothed likelihood, position by position, with T2T's metrics."""

    scalar = Scalar("nll", "losses/training", "nll")

    def __call__(self, step: Step) -> LossTerm:
        """`smoothed_cross_entropy` with the set's label_smoothing, of what wasn't shown."""
        targets = step.targets if step.shown is None else ops.where(step.shown, 0, step.targets)
        return smoothed_cross_entropy(step.output.logits, targets, step.hparams.label_smoothing)

    def sums(self, step: Step):
        """What T2T's metrics are made of.

        Returns:
            Sums, float[] each: nll_total (smoothed, nats), log_prob (of the targets, nats), correct
            (tokens whose argmax is right), correct_top5, count (real tokens), correct_sequences
            (without a wrong token) and sequences; and the argmax, int32[B, T].
        """
        logits, targets = step.output.logits, step.targets
        nll = self(step)
        predictions = ops.cast(ops.argmax(logits, axis=-1), targets.dtype)
        real = ops.not_equal(targets, 0)
        right = ops.logical_or(ops.equal(predictions, targets), ops.logical_not(real))
        rows = ops.reshape(ops.cast(logits, "float32"), (-1, logits.shape[-1]))
        among_top = ops.in_top_k(ops.reshape(targets, (-1,)), rows, TOP)
        sums = {
            "nll_total": nll.total,
            "log_prob": ops.sum(token_log_probs(logits, targets)),
            "correct": _count(ops.logical_and(right, real)),
            "correct_top5": _count(
                ops.logical_and(ops.reshape(among_top, ops.shape(targets)), real)
            ),
            "count": nll.count,
            "correct_sequences": _count(ops.all(right, axis=1)),
            "sequences": ops.cast(ops.shape(targets)[0], "float32"),
        }
        return sums, predictions

    def metrics(self, ratio) -> dict[str, float]:
        """T2T's names: "loss" (smoothed nll, nats per token), accuracies, neg_log_perplexity."""
        return {
            "loss": ratio("nll_total", "count"),
            "accuracy": ratio("correct", "count"),
            "accuracy_top5": ratio("correct_top5", "count"),
            "accuracy_per_sequence": ratio("correct_sequences", "sequences"),
            "neg_log_perplexity": ratio("log_prob", "count"),
        }


def _count(flags):
    return ops.sum(ops.cast(flags, "float32"))
