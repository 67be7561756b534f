"""A user's own directory: an experiment on reversed digits that takes seconds.

Given to the commands as --t2t_usr_dir, never imported by the tests.
"""

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparams.transformer import transformer_base
from t2t_hint_nart.hparams.transformer_nat import add_nat_hparams, add_paper_hints
from t2t_hint_nart.registry import register_hparams, register_recipe
from t2t_hint_nart.reproduce.recipe import Decoding, Recipe, System


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


@register_recipe
def miniature() -> Recipe:
    """Digits in reverse order, half a minute on one core."""
    search = "alpha=0.6,extra_length=4"
    return Recipe(
        name="miniature",
        doc="digits in reverse order, half a minute on one core",
        problem="algorithmic_reverse_tiny",
        systems=(
            System("teacher", "transformer", "transformer_miniature", 480, 80),
            System(
                "student_align_hid",
                "transformer_nat",
                "transformer_nat_miniature",
                steps=200,
                checkpoint_steps=80,
                distilled=True,
                hints_from="teacher",
            ),
        ),
        decodings=(
            Decoding("greedy", f"beam_size=1,{search}", systems=("teacher",)),
            Decoding("beam4", f"beam_size=4,{search}", systems=("teacher",)),
            Decoding(
                "beam4_ctranslate2",
                f"beam_size=4,{search}",
                systems=("teacher",),
                runtime="ctranslate2",
            ),
            Decoding("one_pass", systems=("student_align_hid",)),
            Decoding("rescored_9", "length_halfwidth=4", "teacher", ("student_align_hid",)),
        ),
        average=2,
        data_statement="Random digits.",
        distilled_by="teacher",
        baseline=("teacher", "beam4"),
        quotes_text=True,
        latency_sentences=4,
    )
