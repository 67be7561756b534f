"""The hyperparameters that every set starts from (T2T 1.2.9 `layers/common_hparams.py`)."""

from collections.abc import Mapping
from typing import Any

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.registry import register_hparams

# Of T2T's hyperparameters, those whose other values are not implemented here. They are kept, so
# that T2T's names are known, and refuse what would otherwise be ignored in silence.
_FIXED = {
    "compress_steps": 0,
    "dropout": 0.2,
    "factored_logits": False,
    "grad_noise_scale": 0.0,
    "input_modalities": "default",
    "kernel_height": 3,
    "kernel_width": 1,
    "learning_rate_cosine_cycle_steps": 250000,
    "moe_hidden_sizes": "2048",
    "moe_k": 2,
    "moe_loss_coef": 1e-2,
    "moe_num_experts": 64,
    "multiply_embedding_mode": "sqrt_depth",
    "norm_epsilon": 1e-6,
    "norm_type": "layer",
    "prepend_mode": "none",
    "problem_choice": "adaptive",
    "sampling_method": "argmax",
    "sampling_temp": 1.0,
    "scheduled_sampling_gold_mixin_prob": 0.5,
    "scheduled_sampling_prob": 0.0,
    "scheduled_sampling_warmup_steps": 50000,
    "summarize_grads": False,
    "symbol_modality_skip_top": False,
    "target_modality": "default",
    "tpu_batch_size_per_shard": 24,
    "weight_noise": 0.0,
}


@register_hparams("basic_1")
def basic_params1() -> HParams:
    """The values every set starts from (T2T 1.2.9); not a model by themselves."""
    hparams = HParams(
        # Tokens, padding included, in a batch of each device.
        batch_size=4096,
        # One bucket, and batch_size sentences in a batch.
        use_fixed_batch_size=False,
        num_hidden_layers=4,
        hidden_size=64,
        clip_grad_norm=2.0,
        initializer="orthogonal",
        initializer_gain=1.5,
        label_smoothing=0.1,
        optimizer="Adam",
        optimizer_adam_epsilon=1e-6,
        optimizer_adam_beta1=0.85,
        optimizer_adam_beta2=0.997,
        optimizer_momentum_momentum=0.9,
        weight_decay=0.1,
        # "mean": a variable counts by its mean square (1.2.9); "sum": by its sum of squares (1.15).
        # Not a name of T2T, whose versions differ here in their code.
        weight_decay_reduction="mean",
        # Multiply the loss by target tokens over the most that a batch has had so far; 1.2.9 always
        # does, 1.15 never. Not a name of T2T.
        small_batch_multiplier=False,
        # "noam", or "none" for a constant rate; not used where learning_rate_schedule is set.
        learning_rate_decay_scheme="none",
        learning_rate_warmup_steps=100,
        learning_rate=0.1,
        # Operations around a sublayer: d dropout, n layer norm, a add the sublayer's input.
        layer_preprocess_sequence="none",
        layer_postprocess_sequence="dan",
        # Whatever ends in "dropout" is 0 outside training.
        layer_prepostprocess_dropout=0.1,
        # T2T stores the embedding table in this many pieces; here only weight decay knows of them.
        symbol_modality_num_shards=16,
        # Shorter and longer sentences are not trained on; a max_length of 0 means batch_size.
        min_length=0,
        max_length=0,
        # The first length bucket, and the factor from each bucket to the next.
        min_length_bucket=8,
        length_bucket_step=1.1,
        eval_drop_long_sequences=False,
        shared_embedding_and_softmax_weights=False,
        # Sentences are cut after so many tokens; 0 for never.
        max_input_seq_length=0,
        max_target_seq_length=0,
    )
    hparams.restrict("weight_decay_reduction", ("mean", "sum"), "those of T2T 1.2.9 and 1.15")
    _add_t2t115(hparams)
    add_fixed(hparams, _FIXED)
    return hparams


def _add_t2t115(hparams: HParams) -> None:
    """Add what T2T 1.15 knows beyond 1.2.9, with values that leave 1.2.9 as it is."""
    # A product such as "constant*linear_warmup*rsqrt_decay"; empty for 1.2.9's scheme.
    hparams.add_hparam("learning_rate_schedule", "")
    hparams.add_hparam("learning_rate_constant", 1.0)
    hparams.add_hparam("learning_rate_decay_steps", 5000)
    hparams.add_hparam("learning_rate_decay_staircase", False)
    hparams.add_hparam("learning_rate_decay_rate", 1.0)
    # Steps of whose gradients the mean makes one update, by any optimizer; 0, as 1, for none.
    hparams.add_hparam("optimizer_multistep_accumulate_steps", 0)
    # Of what networks compute in training; variables, losses and sums are float32 whatever it is.
    hparams.add_hparam("activation_dtype", "float32")
    hparams.restrict("activation_dtype", ("float32", "bfloat16", "float16"), "types of numbers")


def add_fixed(hparams: HParams, values: Mapping[str, Any]) -> None:
    """Add hyperparameters of T2T of which no other value is implemented."""
    for name, value in values.items():
        hparams.add_hparam(name, value)
        hparams.restrict(name, (value,), "other values are not implemented")


def changed(hparams: HParams, **values: Any) -> HParams:
    """Give a set other values; returns the same set."""
    return hparams.override_from_dict(values)
