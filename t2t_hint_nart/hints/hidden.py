"""The hint from hidden states, L_hid (paper section 2.2)."""

from types import MappingProxyType
from typing import Any, NamedTuple

from keras import ops

from t2t_hint_nart.errors import check_choice
from t2t_hint_nart.layers.precision import at_least_float32
from t2t_hint_nart.losses.term import LossTerm, Scalar, Step, Term

# −log(1 − d) is cut off where 1 − d would round to nothing: at most −log(1e-6) = 13.8 nats.
EPSILON = 1e-6


def pairwise_cosines(states):
    """cos(r_s, r_t) of all pairs of positions, for every layer.

    Args:
        states: float[B, N, T, D].

    Returns:
        float[B, N, T, T]; 0 where a state is the zero vector.
    """
    states = at_least_float32(states)
    squares = ops.sum(ops.square(states), axis=-1, keepdims=True)
    # The select before the root keeps the gradient of a zero vector finite.
    nonzero = squares > 0
    norms = ops.sqrt(ops.where(nonzero, squares, 1.0))
    unit = ops.where(nonzero, states / norms, 0.0)
    # Rounding may leave [−1, 1], and a pair of equal states would then exceed γ_tr = 1.
    return ops.clip(ops.matmul(unit, ops.transpose(unit, (0, 1, 3, 2))), -1.0, 1.0)


def _upper_pairs(mask, neighbors_only: bool):
    """bool[B, 1, T, T], True for pairs s < t of real tokens (t = s + 1 if `neighbors_only`)."""
    positions = ops.arange(ops.shape(mask)[1])
    distance = positions[None, :] - positions[:, None]
    upper = ops.equal(distance, 1) if neighbors_only else ops.greater(distance, 0)
    return ops.logical_and(ops.logical_and(mask[:, :, None], mask[:, None, :]), upper[None])[
        :, None
    ]


class HiddenHint(NamedTuple):
    """L_hid and what explains it.

    Attributes:
        term: LossTerm, summed over sentences and their number.
        gate: LossTerm, pairs (of all layers) that are penalised, and all pairs.
        student_cosine: LossTerm, sum of d_st over the pairs, and the pairs.
        teacher_cosine: LossTerm, likewise d_tr.
    """

    term: LossTerm
    gate: LossTerm
    student_cosine: LossTerm
    teacher_cosine: LossTerm


def negative_log(cosine):
    """φ(d) = −log(1 − d), cut off at −log EPSILON so that value and gradient stay finite."""
    return -ops.log(ops.maximum(1.0 - cosine, EPSILON))


def exponential(cosine):
    """φ(d) = exp(d), the alternative of the paper."""
    return ops.exp(cosine)


def identity(cosine):
    """φ(d) = d, the default of the authors' code."""
    return cosine


# The fork's `regularize_hidden_loss`.
PENALTIES = {"nlog": negative_log, "exp": exponential, "identity": identity}


def hidden_hint(
    student: Any,
    teacher: Any,
    mask: Any,
    gamma_st: float,
    gamma_tr: float,
    penalty: str = "nlog",
    neighbors_only: bool = False,
) -> HiddenHint:
    """L_hid = 2/((Ty−1)·Ty·N) Σ_{s<t} Σ_l φ(d_st, d_tr) per sentence (paper section 2.2).

    φ is the penalty of d_st = cos(r^st_{s,l}, r^st_{t,l}) where d_st ≥ γ_st and d_tr ≤ γ_tr, and
    else 0. A sentence of one token has no pair: it adds 0 and counts as a sentence. A row of
    padding is no sentence.

    Args:
        student: float[B, N, T, D], decoder states of the student.
        teacher: float[B, N, T, D'], those of the teacher; no gradient flows into them.
        mask: bool[B, T], True = real target token (EOS is one).
        gamma_st: γ_st, −1 penalises whatever the student's cosine.
        gamma_tr: γ_tr, 1 penalises whatever the teacher's cosine.
        penalty: a name of PENALTIES.
        neighbors_only: only pairs (t, t+1), normalised by their number (the fork's `neighbor`).

    Returns:
        A HiddenHint.
    """
    student_cosine = pairwise_cosines(student)
    teacher_cosine = ops.stop_gradient(pairwise_cosines(teacher))
    pairs = _upper_pairs(mask, neighbors_only)
    similar = ops.logical_and(student_cosine >= gamma_st, teacher_cosine <= gamma_tr)
    gate = ops.logical_and(pairs, similar)
    # Select before and after φ: a NaN or infinite derivative of an unused pair never arises.
    value = ops.where(gate, PENALTIES[penalty](ops.where(gate, student_cosine, 0.0)), 0.0)
    dtype, num_layers = value.dtype, student.shape[1]
    pairs_per_sentence = ops.sum(ops.cast(pairs, dtype), axis=(1, 2, 3))
    per_sentence = ops.sum(value, axis=(1, 2, 3)) / (
        ops.maximum(pairs_per_sentence, 1) * num_layers
    )
    num_pairs = ops.sum(pairs_per_sentence) * num_layers
    weights = ops.cast(pairs, dtype)
    return HiddenHint(
        LossTerm(ops.sum(per_sentence), ops.sum(ops.cast(ops.any(mask, axis=1), dtype))),
        LossTerm(ops.sum(ops.cast(gate, dtype)), num_pairs),
        LossTerm(ops.stop_gradient(ops.sum(student_cosine * weights)), num_pairs),
        LossTerm(ops.sum(ops.cast(teacher_cosine, dtype) * weights), num_pairs),
    )


_READINGS = {"raw": "hidden", "normed": "hidden_normed"}
_PAIRS = ("all", "neighbor")


class HiddenHintTerm(Term):
    """λ·L_hid as a registered term: `hint_hidden` and what explains it."""

    weight = "hint_hidden_weight"
    scalars = (
        Scalar("hint_hidden", "losses/hint_hidden", "hint_hidden"),
        Scalar("gate_fraction", "hint/gate_fraction", "gate", "{:.3f}"),
        Scalar("student_cosine", "hint/student_cosine"),
        Scalar("teacher_cosine", "hint/teacher_cosine"),
    )
    probes = MappingProxyType(dict.fromkeys(_READINGS.values(), ("layers",)))

    def chosen_probes(self, hparams: Any) -> dict[str, tuple[str, ...]]:
        """The reading that the set has chosen."""
        reading = _READINGS[hparams.hint_hidden_reading]
        return {reading: self.probes[reading]}

    def check(self, hparams: Any) -> None:
        """Refuse an unknown penalty, choice of pairs or reading of the states."""
        check_choice("hint_hidden_penalty", hparams.hint_hidden_penalty, PENALTIES)
        check_choice("hint_hidden_pairs", hparams.hint_hidden_pairs, _PAIRS)
        check_choice("hint_hidden_reading", hparams.hint_hidden_reading, _READINGS)

    def __call__(self, step: Step) -> HiddenHint:
        """L_hid of a batch; states are compared where an output position belongs to the target."""
        hparams = step.hparams
        reading = _READINGS[hparams.hint_hidden_reading]
        return hidden_hint(
            step.probe(reading, axis=2),
            step.hints.probes[reading],
            step.mask(),
            hparams.hint_gamma_st,
            hparams.hint_gamma_tr,
            hparams.hint_hidden_penalty,
            neighbors_only=hparams.hint_hidden_pairs == "neighbor",
        )
