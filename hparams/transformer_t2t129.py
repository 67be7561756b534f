"""The Transformer's hyperparameter sets with the values of T2T 1.2.9, the paper's version.

Those of T2T 1.15 are in `transformer_t2t115.py`; `transformer.py` has all that T2T's module has.
Ranges to search in are at the end.
"""

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparams.basic import add_fixed, basic_params1, changed
from t2t_hint_nart.ranged_hparam import RangedHParams
from t2t_hint_nart.registry import register_hparams, register_ranged_hparams

# As in basic.py: T2T's names whose other values are not implemented.
_FIXED = {
    "nbr_decoder_problems": 1,
    "parameter_attention_key_channels": 0,
    "parameter_attention_value_channels": 0,
    "proximity_bias": False,
}


@register_hparams
def transformer_base_v1() -> HParams:
    """Base model of Vaswani et al. 2017: norm after each sublayer (T2T 1.2.9)."""
    hparams = basic_params1()
    hparams.hidden_size = 512
    hparams.batch_size = 4096
    hparams.max_length = 256
    hparams.clip_grad_norm = 0.0  # no clipping
    hparams.optimizer_adam_epsilon = 1e-9
    hparams.optimizer_adam_beta1 = 0.9
    hparams.optimizer_adam_beta2 = 0.98
    hparams.learning_rate_decay_scheme = "noam"
    hparams.learning_rate = 0.1
    hparams.learning_rate_warmup_steps = 4000
    hparams.initializer_gain = 1.0
    hparams.initializer = "uniform_unit_scaling"
    hparams.restrict("initializer", ("uniform_unit_scaling",), "the only one implemented")
    hparams.num_hidden_layers = 6
    hparams.weight_decay = 0.0
    hparams.label_smoothing = 0.1
    hparams.shared_embedding_and_softmax_weights = True
    hparams.add_hparam("filter_size", 2048)
    # Where 0, num_hidden_layers holds.
    hparams.add_hparam("num_encoder_layers", 0)
    hparams.add_hparam("num_decoder_layers", 0)
    hparams.add_hparam("num_heads", 8)
    # Width of all heads' keys, and of their values; where 0, hidden_size holds.
    hparams.add_hparam("attention_key_channels", 0)
    hparams.add_hparam("attention_value_channels", 0)
    _add_positions(hparams)
    # "fused_bias": one kernel for query, key and value, and biases (1.2.9); "separate": a kernel
    # each, no biases (1.15). Not a name of T2T, whose versions differ here in their code.
    hparams.add_hparam("attention_projection", "fused_bias")
    hparams.add_hparam("attention_dropout", 0.0)
    hparams.add_hparam("relu_dropout", 0.0)
    # Two names, in 1.2.9 and in 1.15, of the same layer.
    hparams.add_hparam("ffn_layer", "conv_hidden_relu")
    hparams.restrict("ffn_layer", ("conv_hidden_relu", "dense_relu_dense"), "the same layer")
    # T2T leaves padding out of the encoder's feed-forward layers; the output is the same.
    hparams.add_hparam("use_pad_remover", True)
    add_fixed(hparams, _FIXED)
    return hparams


@register_hparams
def transformer_base_v2() -> HParams:
    """Base model with the norm before each sublayer and more dropout (T2T 1.2.9)."""
    return changed(
        transformer_base_v1(),
        layer_preprocess_sequence="n",
        layer_postprocess_sequence="da",
        layer_prepostprocess_dropout=0.1,
        attention_dropout=0.1,
        relu_dropout=0.1,
        learning_rate_warmup_steps=8000,
        learning_rate=0.2,
    )


@register_hparams
def transformer_base() -> HParams:
    """Base model: transformer_base_v2, as in T2T 1.2.9 (in 1.15 the name means _v3)."""
    return transformer_base_v2()


@register_hparams
def transformer_n_da() -> HParams:
    """Base model with twice the learning rate (T2T 1.2.9)."""
    return changed(transformer_base(), learning_rate=0.4)


@register_hparams
def transformer_big() -> HParams:
    """Big model for WMT (T2T 1.2.9: batches of 4096 tokens)."""
    return changed(
        transformer_base(),
        hidden_size=1024,
        filter_size=4096,
        num_heads=16,
        layer_prepostprocess_dropout=0.3,
    )


@register_hparams
def transformer_big_single_gpu() -> HParams:
    """Big model for one GPU (T2T 1.2.9)."""
    return changed(
        transformer_big(),
        layer_prepostprocess_dropout=0.1,
        learning_rate_warmup_steps=16000,
        optimizer_adam_beta2=0.998,
    )


@register_hparams
def transformer_base_single_gpu() -> HParams:
    """Base model for one GPU (T2T 1.2.9: batches of 2048 tokens)."""
    return changed(transformer_base(), batch_size=2048, learning_rate_warmup_steps=16000)


@register_hparams
def transformer_base_multistep8() -> HParams:
    """Base model, gradients of 8 steps in one update: 8 GPUs on one (a set of T2T 1.15)."""
    return as_multistep8(transformer_base())


@register_hparams
def transformer_small() -> HParams:
    """2 layers of width 256 (T2T 1.2.9)."""
    return changed(
        transformer_base(), num_hidden_layers=2, hidden_size=256, filter_size=1024, num_heads=4
    )


@register_hparams
def transformer_deep_small() -> HParams:
    """5 layers of width 256, the authors' model for IWSLT14 (from their code, not in T2T)."""
    return changed(
        transformer_base(), num_hidden_layers=5, hidden_size=256, filter_size=512, num_heads=4
    )


@register_hparams
def transformer_tiny() -> HParams:
    """2 layers of width 128 (T2T 1.2.9)."""
    return changed(
        transformer_base(), num_hidden_layers=2, hidden_size=128, filter_size=512, num_heads=4
    )


@register_hparams
def transformer_test() -> HParams:
    """2 layers of width 16, for tests (a set of T2T 1.15, on the base of 1.2.9)."""
    return changed(
        transformer_base(), num_hidden_layers=2, hidden_size=16, filter_size=8, num_heads=2
    )


@register_hparams
def transformer_clean() -> HParams:
    """Base model without dropout, label smoothing and limit of length (T2T 1.2.9)."""
    return changed(
        transformer_base_v2(),
        label_smoothing=0.0,
        layer_prepostprocess_dropout=0.0,
        attention_dropout=0.0,
        relu_dropout=0.0,
        max_length=0,
    )


@register_hparams
def transformer_clean_big() -> HParams:
    """transformer_clean at twice the width (T2T 1.2.9)."""
    return changed(transformer_clean(), hidden_size=1024, filter_size=4096)


def _add_positions(hparams: HParams) -> None:
    """Add what tells the network the order of tokens."""
    # A timing signal added to both stacks' inputs, or None.
    hparams.add_hparam("pos", None, str)
    hparams.pos = "timing"
    hparams.restrict("pos", ("timing", None), "other values are not implemented")
    # dot_product_relative: keys and values know how far they are from the query, up to
    # max_relative_position, which is not used otherwise.
    hparams.add_hparam("self_attention_type", "dot_product")
    hparams.restrict(
        "self_attention_type",
        ("dot_product", "dot_product_relative"),
        "other values are not implemented",
    )
    hparams.add_hparam("max_relative_position", 0)


def as_multistep8(hparams: HParams) -> HParams:
    """Add up the gradients of 8 steps; returns the same set."""
    return changed(hparams, optimizer="multistep_adam", optimizer_multistep_accumulate_steps=8)


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
