"""The studies that --study names: the runs they compare, and the questions those answer."""

import dataclasses
from typing import Any

from t2t_hint_nart.errors import find_named
from t2t_hint_nart.reproduce.recipe import NO_HINTS
from t2t_hint_nart.reproduce.study import Question, Study, Variant


def _warm(name: str, overrides: str, **changes: Any) -> Variant:
    """A run that starts from the teacher's weights, as the recipe's students do."""
    return Variant(name, overrides, warm_start=True, **changes)


def _longer(variants: tuple[Variant, ...], *steps: int) -> tuple[Variant, ...]:
    """The runs for so many steps, which their names end in."""
    return tuple(
        dataclasses.replace(variant, system=f"{variant.system}_{n}", steps=n)
        for n in steps
        for variant in variants
    )


_NLL_AND_HINTS = (_warm("nll", NO_HINTS), _warm("hints", ""))
_ONE_HINT = (_warm("align", "hint_hidden_weight=0"), _warm("hid", "hint_align_weight=0"))
_MILDER_HIDDEN = (
    _warm("lambda_1", "hint_hidden_weight=1.0"),
    _warm("gamma_st_0.5", "hint_gamma_st=0.5"),
)
_SHORT = (*_NLL_AND_HINTS, _warm("real", NO_HINTS, distilled=False))
_SHORT_AND_LONG = (*_SHORT, *_longer(_SHORT, 1200, 2400))

_WHICH_HINT = Question("hints", "Which hint helps?", ("nll", "align", "hid", "hints"))
_MORE_STEPS = Question(
    "steps",
    "More steps?",
    ("nll", "hints", "nll_1200", "hints_1200", "nll_2400", "hints_2400"),
)

_MULTI30K = Study(
    name="multi30k",
    variants=(
        *_SHORT_AND_LONG,
        *_ONE_HINT,
        *_MILDER_HIDDEN,
        _warm("real_hints", "", distilled=False),
        Variant("cold_nll", NO_HINTS),
        Variant("cold_hints", ""),
        _warm("lambda_20", "hint_hidden_weight=20.0"),
        _warm("mu_0.3", "hint_align_weight=0.3"),
        _warm("mu_3", "hint_align_weight=3.0"),
        _warm("gamma_tr_0.5", "hint_gamma_tr=0.5"),
        _warm("neighbor", "hint_hidden_pairs=neighbor"),
        _warm("normed", "hint_hidden_reading=normed"),
        _warm("average_head", "hint_align_average=head"),
        _warm("average_layer_head", "hint_align_average=layer_head"),
        _warm("average_all", "hint_align_average=all"),
        _warm("soft_copy", "decoder_input_type=soft_uniform"),
        _warm("soft_copy_nll", f"decoder_input_type=soft_uniform,{NO_HINTS}"),
    ),
    questions=(
        _WHICH_HINT,
        _MORE_STEPS,
        Question(
            "real_steps",
            "More steps without distillation?",
            ("nll", "real", "nll_1200", "real_1200", "nll_2400", "real_2400"),
        ),
        Question("real", "Hints without distillation?", ("real", "real_hints", "nll", "hints")),
        Question(
            "start", "From the teacher's weights?", ("cold_nll", "cold_hints", "nll", "hints")
        ),
        Question("lambda", "λ, of the hidden states?", ("align", "lambda_1", "hints", "lambda_20")),
        Question("mu", "μ, of the attention?", ("hid", "mu_0.3", "hints", "mu_3")),
        Question("gamma", "γ_st and γ_tr?", ("hints", "gamma_st_0.5", "gamma_tr_0.5")),
        Question("pairs", "All pairs of states, or neighbours?", ("hints", "neighbor")),
        Question(
            "reading",
            "States as they are, or as the next layer reads them?",
            ("hints", "normed"),
        ),
        Question(
            "average",
            "Attention of every head, or averages?",
            ("hints", "average_head", "average_layer_head", "average_all"),
        ),
        Question(
            "copy",
            "Hard or soft copy of the source?",
            ("nll", "soft_copy_nll", "hints", "soft_copy"),
        ),
    ),
)

# Why do hints help less there? Too few steps, or states that are pushed apart too hard?
_TATOEBA = Study(
    name="tatoeba",
    variants=(
        *_longer(_NLL_AND_HINTS, 1200, 2400),
        *_NLL_AND_HINTS,
        *_ONE_HINT,
        *_MILDER_HIDDEN,
    ),
    questions=(
        _WHICH_HINT,
        _MORE_STEPS,
        Question("lambda", "λ, of the hidden states?", ("align", "lambda_1", "hints")),
        Question("gamma", "γ_st?", ("hints", "gamma_st_0.5")),
    ),
)

STUDIES: dict[str, Study] = {study.name: study for study in (_MULTI30K, _TATOEBA)}


def find_study(name: str) -> Study:
    """Return a study by name.

    Raises:
        UnknownNameError: there is none; names those there are.
    """
    return find_named("study", name, STUDIES)
