"""A recipe of one update after another, for tests that look at what is around the training."""

from t2t_hint_nart.reproduce.recipe import Decoding, Recipe, System

STUDENTS = ("student_nll", "student_align")
_STUDENT = {"steps": 2, "checkpoint_steps": 1, "distilled": True}
TINY_RECIPE = Recipe(
    name="tiny",
    doc="for a test",
    problem="algorithmic_reverse_tiny",
    systems=(
        System("teacher", "transformer", "transformer_test", 3, 1),
        System(
            "student_nll",
            "transformer_nat",
            "transformer_nat_quickstart_hints",
            hparams="hint_hidden_weight=0,hint_align_weight=0",
            label="nll",
            **_STUDENT,
        ),
        System(
            "student_align",
            "transformer_nat",
            "transformer_nat_quickstart_hints",
            hparams="hint_hidden_weight=0",
            hints_from="teacher",
            label="+align",
            **_STUDENT,
        ),
    ),
    decodings=(
        Decoding("greedy", "beam_size=1", systems=("teacher",)),
        Decoding("beam4", "beam_size=4", systems=("teacher",), label="beam 4"),
        Decoding("one_pass", systems=STUDENTS, label="one pass"),
        Decoding("rescored_5", "length_halfwidth=2", scorer="teacher", systems=STUDENTS),
    ),
    average=2,
    data_statement="Digits.",
    distilled_by="teacher",
    baseline=("teacher", "beam4"),
)
