"""Label-smoothed cross-entropy of tensor2tensor (common_layers.padded_cross_entropy).

The target distribution gives 1 - smoothing to the label and low = smoothing / (V-1) to each other
id, padding id included. The constant

    -(c ln c + (V-1) low ln(low + 1e-20)),  c = 1 - smoothing

is subtracted from every token's cross-entropy, so that the loss is a KL divergence with minimum 0.
Labels 0 are padding and have weight 0. A loss term is a sum and a count, to be divided later.
"""

import numpy as np


def entropy_constant(vocab_size, smoothing=0.1):
    """Entropy of the smoothed target distribution, in nats (with T2T's 1e-20)."""
    confidence = 1.0 - smoothing
    low = smoothing / (vocab_size - 1)
    constant = (vocab_size - 1) * low * np.log(low + 1e-20)
    if confidence > 0.0:
        constant += confidence * np.log(confidence)
    return float(-constant)


def log_softmax(logits):
    """log softmax of one vector, float64[V]."""
    logits = np.asarray(logits, np.float64)
    top = np.max(logits)
    return logits - top - np.log(np.sum(np.exp(logits - top)))


def token_losses(logits, targets, smoothing=0.1):
    """float64[B, T]: each token's smoothed cross-entropy less the constant; 0 at padding."""
    logits = np.asarray(logits, np.float64)
    batch, length, vocab_size = logits.shape
    low = smoothing / (vocab_size - 1)
    constant = entropy_constant(vocab_size, smoothing)
    losses = np.zeros((batch, length), np.float64)
    for b in range(batch):
        for t in range(length):
            label = int(targets[b][t])
            if label == 0:
                continue
            log_probs = log_softmax(logits[b, t])
            cross_entropy = 0.0
            for v in range(vocab_size):
                probability = 1.0 - smoothing if v == label else low
                cross_entropy -= probability * log_probs[v]
            losses[b, t] = cross_entropy - constant
    return losses


def smoothed_cross_entropy(logits, targets, smoothing=0.1):
    """(sum over non-padding tokens, number of non-padding tokens).

    logits float[B, T, V], targets int[B, T]. T2T's loss is sum / max(count, 1).
    """
    losses = token_losses(logits, targets, smoothing)
    return float(losses.sum()), int(np.count_nonzero(np.asarray(targets)))
