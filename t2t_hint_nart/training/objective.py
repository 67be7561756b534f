"""What is minimised: L = L_nll + λ·L_hid + μ·L_align (paper equation 3)."""

from typing import Any, NamedTuple

from keras import ops

from t2t_hint_nart.errors import check_choice
from t2t_hint_nart.hints.alignment import AVERAGED_AXES, alignment_hint
from t2t_hint_nart.hints.hidden import PENALTIES, hidden_hint
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.losses.cross_entropy import smoothed_cross_entropy
from t2t_hint_nart.losses.loss_term import LossTerm, weighted_sum
from t2t_hint_nart.models.decoder_output import DecoderOutput

_CHOICES = {
    "hint_hidden_penalty": tuple(PENALTIES),
    "hint_hidden_pairs": ("all", "neighbor"),
    "hint_hidden_reading": ("raw", "normed"),
    "hint_align_average": tuple(AVERAGED_AXES),
    "hint_align_direction": ("kl", "reverse_kl"),
}

NLL, HIDDEN, ALIGN = "nll", "hint_hidden", "hint_align"


class Losses(NamedTuple):
    """One batch's objective.

    Attributes:
        total: float[], the weighted sum that is minimised, in nats.
        terms: unweighted terms by name.
        diagnostics: what is logged beside them, as terms whose mean matters.
    """

    total: Any
    terms: dict[str, LossTerm]
    diagnostics: dict[str, LossTerm]


class Objective:
    """Compute the objective of a batch from the student's and the teacher's outputs.

    Args:
        hparams: a set; its hint_* values only count where a hint weight isn't 0.

    Raises:
        InputError: a hint hparam with a value that isn't allowed.
    """

    def __init__(self, hparams: HParams):
        self.hparams = hparams
        self.weights = {
            NLL: 1.0,
            HIDDEN: float(hparams.get("hint_hidden_weight", 0.0)),
            ALIGN: float(hparams.get("hint_align_weight", 0.0)),
        }
        if self.needs_teacher:
            for name, allowed in _CHOICES.items():
                check_choice(name, getattr(hparams, name), allowed)

    @property
    def needs_teacher(self) -> bool:
        """Whether a hint has a weight."""
        return bool(self.weights[HIDDEN] or self.weights[ALIGN])

    def __call__(
        self,
        student: DecoderOutput,
        inputs,
        targets,
        teacher: DecoderOutput | None = None,
        label_smoothing: float | None = None,
    ) -> Losses:
        """Compute the terms.

        Args:
            student: output of the model that is trained.
            inputs: int[B, S].
            targets: int[B, T].
            teacher: the teacher's output on the same batch; None leaves the hints out.
            label_smoothing: the set's when None.

        Returns:
            Losses.
        """
        smoothing = self.hparams.label_smoothing if label_smoothing is None else label_smoothing
        terms = {NLL: smoothed_cross_entropy(student.logits, targets, smoothing)}
        diagnostics: dict[str, LossTerm] = {}
        if teacher is not None:
            self._add_hints(terms, diagnostics, student, teacher, inputs, targets)
        return Losses(weighted_sum(terms, self.weights), terms, diagnostics)

    def _add_hints(self, terms, diagnostics, student, teacher, inputs, targets) -> None:
        hp = self.hparams
        mask = ops.not_equal(targets, 0)
        normed = hp.hint_hidden_reading == "normed"
        hint = hidden_hint(
            student.hidden_normed if normed else student.hidden,
            teacher.hidden_normed if normed else teacher.hidden,
            mask,
            hp.hint_gamma_st,
            hp.hint_gamma_tr,
            hp.hint_hidden_penalty,
            neighbors_only=hp.hint_hidden_pairs == "neighbor",
        )
        terms[HIDDEN] = hint.term
        terms[ALIGN] = alignment_hint(
            student.attention,
            teacher.attention,
            mask,
            ops.not_equal(inputs, 0),
            average=hp.hint_align_average,
            reverse=hp.hint_align_direction == "reverse_kl",
        )
        diagnostics["gate_fraction"] = hint.gate
        diagnostics["student_cosine"] = hint.student_cosine
        diagnostics["teacher_cosine"] = hint.teacher_cosine
