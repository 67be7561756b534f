"""The Transformer's hyperparameter sets as T2T 1.15 has them, where 1.2.9 has other values.

What 1.15 calls `transformer_base` is `transformer_base_v3`; the others have its names and
`_t2t115`.
"""

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparams.basic import changed
from t2t_hint_nart.hparams.transformer_t2t129 import (
    as_multistep8,
    transformer_base_v2,
    transformer_big,
    transformer_small,
    transformer_test,
    transformer_tiny,
)
from t2t_hint_nart.registry import register_hparams


@register_hparams
def transformer_base_v3() -> HParams:
    """Base model of T2T 1.15, where `transformer_base` means this set."""
    return as_t2t115(transformer_base_v2())


@register_hparams
def transformer_base_t2t115() -> HParams:
    """What T2T 1.15 calls transformer_base: transformer_base_v3."""
    return transformer_base_v3()


@register_hparams
def transformer_big_t2t115() -> HParams:
    """Big model for WMT as in T2T 1.15: batches of 2048 tokens."""
    return changed(as_t2t115(transformer_big()), batch_size=2048)


@register_hparams
def transformer_big_single_gpu_t2t115() -> HParams:
    """Big model for one GPU as in T2T 1.15."""
    return changed(
        transformer_big_t2t115(), layer_prepostprocess_dropout=0.1, learning_rate_warmup_steps=16000
    )


@register_hparams
def transformer_base_single_gpu_t2t115() -> HParams:
    """Base model for one GPU as in T2T 1.15: 1024 tokens, a rate that ignores the width."""
    return changed(
        transformer_base_v3(),
        batch_size=1024,
        learning_rate_schedule="constant*linear_warmup*rsqrt_decay",
        learning_rate_constant=0.1,
        learning_rate_warmup_steps=16000,
    )


@register_hparams
def transformer_base_multistep8_t2t115() -> HParams:
    """The same as in T2T 1.15, on transformer_base_v3."""
    return as_multistep8(transformer_base_v3())


@register_hparams
def transformer_small_t2t115() -> HParams:
    """2 layers of width 256 as in T2T 1.15."""
    return as_t2t115(transformer_small())


@register_hparams
def transformer_tiny_t2t115() -> HParams:
    """2 layers of width 128 as in T2T 1.15."""
    return as_t2t115(transformer_tiny())


@register_hparams
def transformer_test_t2t115() -> HParams:
    """2 layers of width 16, for tests, as in T2T 1.15."""
    return as_t2t115(transformer_test())


def as_t2t115(hparams: HParams) -> HParams:
    """Change a set derived from transformer_base_v2 into what derives from _v3 in T2T 1.15.

    Returns:
        The same set.
    """
    return changed(
        hparams,
        optimizer="adam",
        optimizer_adam_beta2=0.997,
        learning_rate_schedule="constant*linear_warmup*rsqrt_decay*rsqrt_hidden_size",
        learning_rate_constant=2.0,
        attention_projection="separate",
        ffn_layer="dense_relu_dense",
        weight_decay_reduction="sum",
    )
