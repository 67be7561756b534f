"""Sets and an experiment with the two models."""

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparams.transformer import transformer_base
from t2t_hint_nart.registry import register_hparams, register_recipe, register_score
from t2t_hint_nart.reproduce.recipe import Decoding, Recipe, System


@register_hparams
def toy_recurrent_tiny() -> HParams:
    """Width 32, of a transformer's set what training reads."""
    hparams = transformer_base()
    hparams.hidden_size = 32
    hparams.label_smoothing = 0.0
    hparams.batch_size = 512
    hparams.learning_rate = 0.1
    hparams.learning_rate_warmup_steps = 20
    return hparams


@register_hparams
def toy_upsampled_tiny() -> HParams:
    """The same."""
    return toy_recurrent_tiny()


@register_score
def as_long(sources: list[str], translations: list[str], references: list[str]) -> float:
    """Translations of as many words as the reference, in percent."""
    assert len(sources) == len(references)
    lengths = [
        len(ours.split()) == len(theirs.split())
        for ours, theirs in zip(translations, references, strict=True)
    ]
    return 100.0 * sum(lengths) / len(lengths)


@register_recipe
def toys() -> Recipe:
    """Both models copy digits; the second also learns what the first made of them."""
    second = {"model": "toy_upsampled", "hparams_set": "toy_upsampled_tiny"}
    return Recipe(
        name="toys",
        doc="digits as they are, by two models that the package doesn't know",
        problem="algorithmic_copy_tiny",
        systems=(
            System("first", "toy_recurrent", "toy_recurrent_tiny", 40, 20),
            System("second", **second, steps=120, checkpoint_steps=60),
            System("pupil", **second, steps=30, checkpoint_steps=30, distilled=True),
        ),
        decodings=(
            Decoding("beam2", "beam_size=2,extra_length=4", systems=("first",)),
            Decoding("greedy", "beam_size=1,extra_length=4", systems=("first",)),
            Decoding("collapsed", systems=("second", "pupil")),
        ),
        average=1,
        data_statement="Random digits.",
        distilled_by="first",
        baseline=("first", "beam2"),
        latency_sentences=2,
        sentences=64,
    )
