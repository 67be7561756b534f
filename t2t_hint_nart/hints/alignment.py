"""The hint from word alignments, L_align (paper section 2.2)."""

from typing import Any

from keras import ops

from t2t_hint_nart.losses.loss_term import LossTerm

# The smallest normal float32: log stays finite and its gradient is exact down to it.
TINY = 1.2e-38


def _kl(target, other):
    """Σ_j target·log(target/other) over the last axis, with 0·log 0 = 0."""
    positive = target > 0
    safe_target = ops.where(positive, target, 1.0)
    ratio = ops.log(safe_target) - ops.log(ops.maximum(other, TINY))
    return ops.sum(ops.where(positive, target * ratio, 0.0), axis=-1)


# The fork's `distill_encdec_type`: axes of [B, N, H, T, S] averaged before the divergence.
AVERAGED_AXES: dict[str, tuple[int, ...]] = {"none": (), "head": (2,), "layer_head": (1, 2)}


def alignment_hint(
    student: Any,
    teacher: Any,
    target_mask: Any,
    source_mask: Any,
    average: str = "none",
    reverse: bool = False,
) -> LossTerm:
    """L_align = 1/(Ty·N·H) Σ_t Σ_l Σ_h KL(a^tr_{t,l,h} ‖ a^st_{t,l,h}) per sentence.

    Args:
        student: float[B, N, H, T, S], encoder-decoder attention of the student.
        teacher: float[B, N, H, T, S], that of the teacher; no gradient flows into it.
        target_mask: bool[B, T], True = real target token (EOS is one).
        source_mask: bool[B, S], True = real source token.
        average: a name of AVERAGED_AXES; the paper's is "none", per layer and head.
        reverse: KL(student ‖ teacher) instead, the fork's `reverse_kl`.

    Returns:
        LossTerm(total in nats over sentences, number of sentences); a row of padding is none.
    """
    columns = source_mask[:, None, None, None, :]
    student = ops.where(columns, student, 0.0)
    teacher = ops.stop_gradient(ops.where(columns, teacher, 0.0))
    axes = AVERAGED_AXES[average]
    if axes:
        student = ops.mean(student, axis=axes, keepdims=True)
        teacher = ops.mean(teacher, axis=axes, keepdims=True)
    divergence = _kl(student, teacher) if reverse else _kl(teacher, student)
    rows = target_mask[:, None, None, :]
    divergence = ops.where(rows, divergence, 0.0)
    heads = divergence.shape[1] * divergence.shape[2]
    lengths = ops.sum(ops.cast(target_mask, divergence.dtype), axis=1)
    per_sentence = ops.sum(divergence, axis=(1, 2, 3)) / (ops.maximum(lengths, 1) * heads)
    sentences = ops.sum(ops.cast(lengths > 0, divergence.dtype))
    return LossTerm(ops.sum(per_sentence), sentences)
