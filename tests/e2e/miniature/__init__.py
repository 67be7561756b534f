"""A user's own directory: an experiment on reversed digits that takes seconds.

Given to the commands as --t2t_usr_dir, never imported by the tests.
"""

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparams.transformer import transformer_base
from t2t_hint_nart.hparams.transformer_nat import add_nat_hparams, add_paper_hints
from t2t_hint_nart.registry import register_hparams
from t2t_hint_nart.reproduce.recipe import RECIPES, Recipe, Student


@register_hparams
def transformer_miniature() -> HParams:
    """One layer of width 32, hardly any dropout: reverses digits after a few hundred steps."""
    hparams = transformer_base()
    hparams.num_hidden_layers = 1
    hparams.hidden_size = 32
    hparams.filter_size = 64
    hparams.num_heads = 4
    hparams.layer_prepostprocess_dropout = 0.03
    hparams.attention_dropout = 0.0
    hparams.relu_dropout = 0.0
    hparams.label_smoothing = 0.0
    hparams.batch_size = 512
    hparams.learning_rate = 0.05
    hparams.learning_rate_warmup_steps = 60
    return hparams


@register_hparams
def transformer_nat_miniature() -> HParams:
    """The student of transformer_miniature, with both hints."""
    return add_paper_hints(add_nat_hparams(transformer_miniature()))


RECIPES["miniature"] = Recipe(
    name="miniature",
    doc="digits in reverse order, half a minute on one core",
    problem="algorithmic_reverse_tiny",
    teacher_set="transformer_miniature",
    student_set="transformer_nat_miniature",
    teacher_steps=480,
    student_steps=200,
    students=(Student("student_align_hid", ""),),
    teacher_checkpoint_steps=80,
    student_checkpoint_steps=80,
    average=2,
    data_statement="Random digits.",
    quotes_text=True,
    extra_length=4,
    distill_batch=256,
    latency_sentences=4,
)
