"""The one-pass student's hyperparameter sets: the authors' four, and the paper's hints.

The first set of names is that of the authors' code (a copy of T2T 1.2.9). The hints have names
of their own here, `hint_*`, with the authors' names for them accepted as aliases: models and
losses read the `hint_*` names alone. T2T 1.15 has another model called `transformer_nat` (a
latent-variable one), whose sets are not these.
"""

from collections.abc import Callable

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparams.basic import changed
from t2t_hint_nart.hparams.transformer_t2t129 import (
    transformer_base_v1,
    transformer_base_v2,
    transformer_deep_small,
    transformer_small,
)
from t2t_hint_nart.registry import register_hparams

_AUTHORS = " (the authors' code)"
# The authors' name, the name here, and what their values are called here.
FORK_ALIASES: tuple[tuple[str, str, dict[object, object]], ...] = (
    ("regularize_hidden", "hint_hidden_weight", {}),
    ("regularize_hidden_pos", "hint_hidden_pairs", {}),
    ("regularize_hidden_loss", "hint_hidden_penalty", {}),
    ("regularize_hidden_hinge_param", "hint_gamma_st", {}),
    # In the authors' code −1 on the student's side switches both gates off, and on the teacher's
    # alone closes that one; here it means no threshold, on either side.
    ("regularize_hidden_hinge_param_teacher", "hint_gamma_tr", {-1.0: 1.0}),
    ("distill_encdec", "hint_align_weight", {}),
    (
        "distill_encdec_type",
        "hint_align_average",
        {
            "no_average": "none",
            "average_head": "head",
            "average_layer_head": "layer_head",
            "average_all": "all",
        },
    ),
    ("distill_encdec_loss_type", "hint_align_direction", {}),
)


def add_nat_hparams(hparams: HParams) -> HParams:
    """Add the student's hyperparameters, with no hint, to a teacher's set.

    Returns:
        The same set.
    """
    hparams.add_hparam("positional_attention", True)
    # Mask a position's own state in self-attention and positional attention.
    hparams.add_hparam("attention_without_self", True)
    hparams.add_hparam("encdec_attention", True)
    hparams.restrict("encdec_attention", (True,), "every decoder layer attends to the source")
    # hard_uniform or soft_uniform, of the source embeddings or, with "_encoder_output" appended,
    # of the encoder's output.
    hparams.add_hparam("decoder_input_type", "hard_uniform")
    # no_regularization, soft_bias_square or soft_bias_log.
    hparams.add_hparam("attention_coverage", "no_regularization")
    hparams.add_hparam("attention_coverage_alpha", 0.0)
    # Target length minus source length; None: measured on the training data.
    hparams.add_hparam("length_bias", None, int)
    # Share of what a first pass gets wrong that the second is shown, from the first over so many
    # updates to the last; 0 for no first pass.
    hparams.add_hparam("glancing_ratio", 0.0)
    hparams.add_hparam("glancing_ratio_end", 0.0)
    hparams.add_hparam("glancing_steps", 0)
    _add_hints(hparams)
    hparams.add_hparam("regularize_hidden_normalized", True)
    hparams.restrict("regularize_hidden_normalized", (True,), "the hint compares cosines")
    hparams.add_hparam("teacher_model", False)
    hparams.restrict("teacher_model", (False,), "name an exported teacher in teacher_export_dir")
    return hparams


def add_ctc_hparams(hparams: HParams) -> HParams:
    """Add a collapsed student's hyperparameters to a teacher's set, with glancing.

    Returns:
        The same set.
    """
    add_nat_hparams(hparams)
    # Positions of the output for each source token, EOS among them.
    hparams.add_hparam("upsampling", 2)
    # Of the likelihood under all alignments, and of the expected bigrams.
    hparams.add_hparam("ctc_weight", 1.0)
    hparams.add_hparam("nmla_weight", 0.0)
    return changed(
        hparams, decoder_input_type="soft_uniform", glancing_ratio=0.5, glancing_ratio_end=0.3
    )


def tuned_on_bigrams(hparams: HParams, learning_rate_warmup_steps: int = 100) -> HParams:
    """Make of a collapsed student's set that of its second stage, short and from its weights.

    Expected bigrams in place of the likelihood, and nothing shown.

    Returns:
        The same set.
    """
    return changed(
        hparams,
        ctc_weight=0.0,
        nmla_weight=1.0,
        glancing_ratio=0.0,
        glancing_ratio_end=0.0,
        glancing_steps=0,
        learning_rate=0.02,
        learning_rate_warmup_steps=learning_rate_warmup_steps,
    )


def _add_hints(hparams: HParams) -> None:
    """Add the hints' hyperparameters (paper section 2.2), both with weight 0."""
    hparams.add_hparam("teacher_export_dir", "")
    # λ, γ_st, γ_tr: weight, and the cosines from which a pair is too similar in the student and
    # up to which it is not in the teacher.
    hparams.add_hparam("hint_hidden_weight", 0.0)
    hparams.add_hparam("hint_gamma_st", 0.1)
    hparams.add_hparam("hint_gamma_tr", 0.9)
    # φ: nlog −log(1−d), exp, or identity.
    hparams.add_hparam("hint_hidden_penalty", "nlog")
    # all pairs s < t as in the paper, or neighbor.
    hparams.add_hparam("hint_hidden_pairs", "all")
    # Where the norm comes before a sublayer: the raw output of a decoder layer, or normed, as the
    # next layer reads it.
    hparams.add_hparam("hint_hidden_reading", "raw")
    # μ, and what is averaged before the divergence: none as in the paper, head, layer_head, all.
    hparams.add_hparam("hint_align_weight", 0.0)
    hparams.add_hparam("hint_align_average", "none")
    # kl(teacher ‖ student) as in the paper, or reverse_kl.
    hparams.add_hparam("hint_align_direction", "kl")
    # Updates over which λ and μ rise from 0: early alignments of a longer output are noise.
    hparams.add_hparam("hint_ramp_steps", 0)
    for alias, name, meanings in FORK_ALIASES:
        hparams.add_alias(alias, name, meanings)


def add_paper_hints(hparams: HParams) -> HParams:
    """Set λ, μ, γ_st and γ_tr to the recalled values of the paper's appendix (unverified).

    The paper's body says that they make the terms of the loss similar after initialisation;
    `t2t-calibrate` measures these and proposes weights.

    Returns:
        The same set.
    """
    return changed(
        hparams, hint_hidden_weight=5.0, hint_align_weight=1.0, hint_gamma_st=0.1, hint_gamma_tr=0.9
    )


def _student(teacher: Callable[[], HParams], origin: str = "") -> Callable[[], HParams]:
    """Return the set of a teacher's student without hints."""

    def hparams_set() -> HParams:
        return add_nat_hparams(teacher())

    hparams_set.__name__ = teacher.__name__.replace("transformer_", "transformer_nat_")
    hparams_set.__doc__ = f"Student of {teacher.__name__}, likelihood alone{origin}."
    return hparams_set


def _hinted(student: Callable[[], HParams]) -> Callable[[], HParams]:
    """Return the same with hints."""

    def hparams_set() -> HParams:
        return add_paper_hints(student())

    hparams_set.__name__ = f"{student.__name__}_hints"
    hparams_set.__doc__ = (
        "Student with both hints: recalled values of the paper's appendix, unverified."
    )
    return hparams_set


transformer_nat_small = register_hparams(_student(transformer_small, _AUTHORS))
transformer_nat_deep_small = register_hparams(_student(transformer_deep_small, _AUTHORS))
transformer_nat_base_v1 = register_hparams(_student(transformer_base_v1, _AUTHORS))
transformer_nat_base_v2 = register_hparams(_student(transformer_base_v2, _AUTHORS))
transformer_nat_small_hints = register_hparams(_hinted(transformer_nat_small))
transformer_nat_deep_small_hints = register_hparams(_hinted(transformer_nat_deep_small))
transformer_nat_base_v1_hints = register_hparams(_hinted(transformer_nat_base_v1))
transformer_nat_base_v2_hints = register_hparams(_hinted(transformer_nat_base_v2))
