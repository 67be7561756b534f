"""The negative log-likelihood, with T2T's label smoothing."""

import math

from keras import ops

from t2t_hint_nart.losses.loss_term import LossTerm


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
    log_probs = ops.log_softmax(logits, axis=-1)
    chosen = ops.take_along_axis(log_probs, targets[:, :, None], axis=-1)[:, :, 0]
    return chosen * ops.cast(ops.not_equal(targets, 0), chosen.dtype)


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
    confidence, low = 1.0 - label_smoothing, label_smoothing / (vocab_size - 1)
    log_probs = ops.log_softmax(logits, axis=-1)
    chosen = ops.take_along_axis(log_probs, targets[:, :, None], axis=-1)[:, :, 0]
    # Σ_v q_v·log p_v without building q: every id at `low`, the target's remainder on top.
    nll = -(confidence - low) * chosen - low * ops.sum(log_probs, axis=-1)
    nll = nll - smoothing_constant(vocab_size, label_smoothing)
    mask = ops.cast(ops.not_equal(targets, 0), nll.dtype)
    return LossTerm(ops.sum(nll * mask), ops.sum(mask))
