"""Ranges in which to search for the Transformer's hyperparameters (`--hparams_range`)."""

from t2t_hint_nart.ranged_hparam import RangedHParams
from t2t_hint_nart.registry import register_ranged_hparams


@register_ranged_hparams("transformer_base")
def transformer_base_range_v2(ranges: RangedHParams) -> None:
    """Ranges around transformer_base (T2T 1.2.9)."""
    ranges.set_float("learning_rate", 0.3, 3.0, scale=ranges.LOG_SCALE)
    ranges.set_discrete("learning_rate_warmup_steps", [1000, 2000, 4000, 8000, 16000])
    ranges.set_float("initializer_gain", 0.5, 2.0)
    ranges.set_float("optimizer_adam_beta1", 0.85, 0.95)
    ranges.set_float("optimizer_adam_beta2", 0.97, 0.99)
    ranges.set_float("weight_decay", 0.0, 2.0)


@register_ranged_hparams
def transformer_base_range(ranges: RangedHParams) -> None:
    """Ranges around transformer_base as in T2T 1.15, with less weight decay."""
    transformer_base_range_v2(ranges)
    ranges.set_float("weight_decay", 0.0, 1e-4)
