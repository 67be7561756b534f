"""What a judge thinks of a model's distribution: the cross-entropy in the reverse direction."""

from keras import ops


def reverse_cross_entropy(logits, judged):
    """−Σ_y p(y)·log q(y) of each position: the reverse Kullback-Leibler divergence without entropy.

    L_RKL of Gu et al. 2018, section 3.4; the gradient goes through p alone.

    Args:
        logits: float[B, L, V], of p.
        judged: float[B, L, V], log q, or any logits of it.

    Returns:
        float[B, L], in nats.
    """
    log_q = ops.stop_gradient(ops.log_softmax(ops.cast(judged, logits.dtype), axis=-1))
    return -ops.sum(ops.softmax(logits, axis=-1) * log_q, axis=-1)
