"""A recipe of one update after another, for tests that look at what is around the training."""

from t2t_hint_nart.reproduce.recipe import NO_HINTS, Recipe, Student

TINY_RECIPE = Recipe(
    name="tiny",
    doc="for a test",
    problem="algorithmic_reverse_tiny",
    teacher_set="transformer_test",
    student_set="transformer_nat_quickstart_hints",
    teacher_steps=3,
    student_steps=2,
    students=(Student("student_nll", NO_HINTS), Student("student_align", "hint_hidden_weight=0")),
    teacher_checkpoint_steps=1,
    student_checkpoint_steps=1,
    average=2,
    data_statement="Digits.",
)
