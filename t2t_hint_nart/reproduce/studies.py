"""Studies of this library: short runs, one setting changed at a time, and long ones."""

import dataclasses
from collections.abc import Iterator

from t2t_hint_nart.registry import register_recipe
from t2t_hint_nart.reproduce.recipe import Decoding, Question, Recipe, System
from t2t_hint_nart.reproduce.recipes import (
    NO_HINTS,
    STUDENT,
    multi30k,
    one_pass,
    systems_of,
    tatoeba,
)


def _variant(name: str, hparams: str = "", **changes) -> System:
    """A run that starts from the teacher's weights, as the recipes' students do."""
    hints = "" if NO_HINTS in hparams else "teacher"
    fields = {"warm_start_from": "teacher", **changes}
    return dataclasses.replace(STUDENT, name=name, hparams=hparams, hints_from=hints, **fields)


_SHORT = (
    _variant("nll", NO_HINTS),
    _variant("hints"),
    _variant("real", NO_HINTS, distilled=False),
)
_LONGER = tuple(
    dataclasses.replace(variant, name=f"{variant.name}_{steps}", steps=steps)
    for steps in (1200, 2400)
    for variant in _SHORT
)
_OTHER_SETTINGS = (
    _variant("lambda_1", "hint_hidden_weight=1.0"),
    _variant("lambda_20", "hint_hidden_weight=20.0"),
    _variant("mu_0.3", "hint_align_weight=0.3"),
    _variant("mu_3", "hint_align_weight=3.0"),
    _variant("gamma_st_0.5", "hint_gamma_st=0.5"),
    _variant("gamma_tr_0.5", "hint_gamma_tr=0.5"),
    _variant("neighbor", "hint_hidden_pairs=neighbor"),
    _variant("normed", "hint_hidden_reading=normed"),
    _variant("average_head", "hint_align_average=head"),
    _variant("average_layer_head", "hint_align_average=layer_head"),
    _variant("average_all", "hint_align_average=all"),
)
_VARIANTS = (
    *_SHORT,
    *_LONGER,
    _variant("align", "hint_hidden_weight=0"),
    _variant("hid", "hint_align_weight=0"),
    _variant("real_hints", distilled=False),
    _variant("cold_nll", NO_HINTS, warm_start_from=""),
    _variant("cold_hints", warm_start_from=""),
    *_OTHER_SETTINGS,
    _variant("soft_copy", "decoder_input_type=soft_uniform"),
    _variant("soft_copy_nll", f"decoder_input_type=soft_uniform,{NO_HINTS}"),
    *(
        _variant(f"{name}_nll_1200", f"{hparams},{NO_HINTS}", steps=1200)
        for name, hparams in (
            ("soft_copy", "decoder_input_type=soft_uniform"),
            ("dropout_0.1", "layer_prepostprocess_dropout=0.1"),
        )
    ),
    _variant("batch_1024_nll_2400", f"batch_size=1024,{NO_HINTS}", steps=2400),
)
_WHICH_HINT = Question("hints", "Which hint helps?", ("nll", "align", "hid", "hints"))
_MORE_STEPS = Question(
    "steps",
    "More steps?",
    ("nll", "hints", "nll_1200", "hints_1200", "nll_2400", "hints_2400"),
)


def _study(recipe: Recipe, *questions: Question) -> Recipe:
    """Short runs from the recipe's teacher that answer the questions on development data."""
    asked = {name for question in questions for name in question.systems}
    variants = tuple(variant for variant in _VARIANTS if variant.name in asked)
    sizes = recipe.problem.removeprefix("translate_deen_")
    teacher, first = recipe.systems[:2]
    steps, every = (teacher.steps, 600), (teacher.checkpoint_steps, first.checkpoint_steps)
    return dataclasses.replace(
        recipe,
        name=f"{recipe.name}_study",
        doc=f"{len(variants)} short runs of {recipe.name}'s students, on development data",
        systems=systems_of(sizes, steps, every, variants),
        decodings=(recipe.decoding("beam4"), one_pass(variants)),
        baseline=None,
        split="dev",
        latency_sentences=0,
        questions=questions,
    )


@register_recipe
def multi30k_study() -> Recipe:
    """What matters for a student on Multi30k: one setting changed at a time."""
    settings = ("hints", *(variant.name for variant in _OTHER_SETTINGS))
    return _study(
        multi30k(),
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
        Question("settings", "Another λ, μ, γ, pairs of states, reading or average?", settings),
        Question(
            "copy",
            "Hard or soft copy of the source?",
            ("nll", "soft_copy_nll", "hints", "soft_copy"),
        ),
        Question(
            "long",
            "Copy, dropout, batch of a student that is to train long?",
            ("nll_1200", "soft_copy_nll_1200", "dropout_0.1_nll_1200", "batch_1024_nll_2400"),
        ),
    )


@register_recipe
def tatoeba_study() -> Recipe:
    """Why hints help less on Tatoeba: too few steps, or states pushed apart too hard?"""
    milder = Question("settings", "A milder hint?", ("hints", "lambda_1", "gamma_st_0.5"))
    return _study(tatoeba(), _WHICH_HINT, _MORE_STEPS, milder)


def _milestones(system: System, *steps: int) -> Iterator[System]:
    """A run as it is after so many steps: each system goes on with the one before."""
    before = ""
    for count in steps:
        name, label = f"{system.name}_{count}", f"{system.label}, {count:,} steps"
        yield dataclasses.replace(system, name=name, label=label, steps=count, continues=before)
        before = name


_OF_LONG_TRAINING = (
    "batch_size=1024,decoder_input_type=soft_uniform,layer_prepostprocess_dropout=0.1"
)
# Merging shortens: C is 4 more than the training data's.
_MERGED, _TITLE_OF_MERGED = "dedup=True,length_bias=2", "repetitions merged, C = 2"


@register_recipe
def multi30k_long() -> Recipe:
    """Do the hints help a student that has learnt what it can? From nothing as the paper's, or not.

    --systems chooses among the runs, of which the longest are student_nll_12000,
    student_nll_warm_12000 and the same of align and align_hid. Batch, copy, dropout and the C of
    what is merged are those that were best on the development set without hints
    (reports/multi30k_long/development.json).
    """
    recipe, longest = multi30k(), 12_000
    teacher = recipe.systems[0]
    hinted = [recipe.system(name) for name in ("student_nll", "student_align", "student_align_hid")]
    hinted = [
        dataclasses.replace(
            system,
            checkpoint_steps=250,
            hparams=",".join(filter(None, [system.hparams, _OF_LONG_TRAINING])),
        )
        for system in hinted
    ]
    started = [dataclasses.replace(system, warm_start_from="") for system in hinted] + [
        dataclasses.replace(system, name=f"{system.name}_warm", label=f"{system.label}, warm")
        for system in hinted
    ]
    students = [
        milestone
        for student in started
        for milestone in _milestones(student, 2000, 4000, 8000, longest)
    ]
    trained = tuple(student.name for student in students if student.steps == longest)
    candidates = "length_halfwidth=4,rescoring_alpha=0"
    label = "9 candidates rescored"
    return dataclasses.replace(
        recipe,
        name="multi30k_long",
        doc=f"29,000 captions of Multi30k, students of {longest:,} steps, two days on 2 cores",
        systems=(teacher, *students),
        decodings=(
            recipe.decoding("beam4"),
            one_pass(students),
            Decoding("rescored_9", candidates, "teacher", trained, label),
            Decoding(
                "reference_length",
                systems=trained,
                label="one pass, the reference's length",
                reference_lengths=True,
            ),
            Decoding(
                "dedup",
                _MERGED,
                systems=trained,
                label=f"one pass, {_TITLE_OF_MERGED}",
                own_export=True,
            ),
            Decoding(
                "rescored_9_dedup",
                f"{candidates},{_MERGED}",
                "teacher",
                trained,
                f"{label}, {_TITLE_OF_MERGED}",
                own_export=True,
            ),
        ),
        baseline=None,
        latency_sentences=0,
    )
