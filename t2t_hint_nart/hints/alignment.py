"""The hint from word alignments, L_align (paper section 2.2)."""

from types import MappingProxyType
from typing import Any

from keras import ops

from t2t_hint_nart.errors import check_choice
from t2t_hint_nart.losses.term import LossTerm, Scalar, Step, Term

# The smallest normal float32: log stays finite and its gradient is exact down to it.
TINY = 1.2e-38


def _kl(target, other):
    """Σ_j target·log(target/other) over the last axis, with 0·log 0 = 0."""
    positive = target > 0
    safe_target = ops.where(positive, target, 1.0)
    ratio = ops.log(safe_target) - ops.log(ops.maximum(other, TINY))
    return ops.sum(ops.where(positive, target * ratio, 0.0), axis=-1)


LAYERS, HEADS, POSITIONS = 1, 2, 3
# The fork's `distill_encdec_type`: axes of [B, N, H, T, S] averaged before the divergence.
AVERAGED_AXES: dict[str, tuple[int, ...]] = {
    "none": (),
    "head": (HEADS,),
    "layer_head": (LAYERS, HEADS),
    "all": (LAYERS, HEADS, POSITIONS),
}


def _average(attention, target_mask, average: str):
    """Mean over AVERAGED_AXES, kept as axes of size 1; over positions it is that of real ones."""
    for axis in AVERAGED_AXES[average]:
        if axis != POSITIONS:
            attention = ops.mean(attention, axis=axis, keepdims=True)
        else:
            attention = ops.where(target_mask[:, None, None, :, None], attention, 0.0)
            real = ops.sum(ops.cast(target_mask, attention.dtype), axis=1)
            total = ops.sum(attention, axis=axis, keepdims=True)
            attention = total / ops.maximum(real, 1)[:, None, None, None, None]
    return attention


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
        average: a name of AVERAGED_AXES; the paper's is "none", per layer and head. "all" compares
            one distribution a sentence: how much each source token is looked at in all.
        reverse: KL(student ‖ teacher) instead, the fork's `reverse_kl`.

    Returns:
        LossTerm(total in nats over sentences, number of sentences); a row of padding is none.
    """
    columns = source_mask[:, None, None, None, :]
    student = _average(ops.where(columns, student, 0.0), target_mask, average)
    teacher = _average(ops.where(columns, teacher, 0.0), target_mask, average)
    teacher = ops.stop_gradient(teacher)
    divergence = _kl(student, teacher) if reverse else _kl(teacher, student)
    sentence = ops.any(target_mask, axis=1)
    # Of averaged positions one is left, real where the sentence is.
    rows = target_mask if POSITIONS not in AVERAGED_AXES[average] else sentence[:, None]
    divergence = ops.where(rows[:, None, None, :], divergence, 0.0)
    heads = divergence.shape[1] * divergence.shape[2]
    lengths = ops.sum(ops.cast(rows, divergence.dtype), axis=1)
    per_sentence = ops.sum(divergence, axis=(1, 2, 3)) / (ops.maximum(lengths, 1) * heads)
    return LossTerm(ops.sum(per_sentence), ops.sum(ops.cast(sentence, divergence.dtype)))


_DIRECTIONS = ("kl", "reverse_kl")


class AlignmentHintTerm(Term):
    """μ·L_align as a registered term: `hint_align`."""

    weight = "hint_align_weight"
    scalars = (Scalar("hint_align", "losses/hint_align", "hint_align"),)
    probes = MappingProxyType({"attention": ("layers", "heads")})

    def check(self, hparams: Any) -> None:
        """Refuse an unknown average or direction."""
        check_choice("hint_align_average", hparams.hint_align_average, AVERAGED_AXES)
        check_choice("hint_align_direction", hparams.hint_align_direction, _DIRECTIONS)

    def __call__(self, step: Step) -> tuple[LossTerm]:
        """L_align of a batch; rows are compared where output positions belong to the target."""
        term = alignment_hint(
            step.averaged("attention"),
            step.hints.probes["attention"],
            step.mask(),
            ops.not_equal(step.inputs, 0),
            average=step.hparams.hint_align_average,
            reverse=step.hparams.hint_align_direction == "reverse_kl",
        )
        return (term,)
