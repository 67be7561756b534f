"""The cross-entropy of a target's length, as an offset to its source's."""

from keras import ops

from t2t_hint_nart.losses.term import LossTerm


def length_offset_loss(logits, source_mask, target_mask) -> LossTerm:
    """−Σ log softmax(logits)[clip(Ty − Tx, −M, M) + M] over sentences (Lee et al. 2018).

    Lengths count EOS on both sides; a row without a target isn't a sentence.

    Args:
        logits: float[B, 2M + 1].
        source_mask: bool[B, S], True = real token.
        target_mask: bool[B, T].

    Returns:
        LossTerm(total in nats, count of sentences).
    """
    max_offset = logits.shape[-1] // 2
    source_len = ops.sum(ops.cast(source_mask, "int32"), axis=1)
    target_len = ops.sum(ops.cast(target_mask, "int32"), axis=1)
    offsets = ops.clip(target_len - source_len, -max_offset, max_offset) + max_offset
    log_probs = ops.log_softmax(logits, axis=-1)
    chosen = ops.take_along_axis(log_probs, ops.expand_dims(offsets, 1), axis=1)[:, 0]
    there = ops.cast(target_len > 0, logits.dtype)
    return LossTerm(-ops.sum(chosen * there), ops.sum(there))
