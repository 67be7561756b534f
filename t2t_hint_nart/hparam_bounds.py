"""Which numbers a hyperparameter may be, by its name.

One table for every set, a user's own included: `registry.hparams` restricts what it returns by it,
so that every command refuses another number before it begins. Decode hparams have theirs where
they are defined (`decoding/decode_hparams.py` and a strategy's `add_hparams`). What a word may be
is known where the word is read, and which values go together where they meet.
"""

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparam_syntax import Interval

POSITIVE = Interval(low=0, is_low_open=True)
AT_LEAST_0 = Interval(low=0)
AT_LEAST_1 = Interval(low=1)
BELOW_1 = Interval(low=0, high=1, is_high_open=True)
SHARE = Interval(low=0, high=1)
COSINE = Interval(low=-1, high=1)

# Where 0 is allowed of a size or a number, it means that there is none, or another hyperparameter
# holds in its place: the sets say which.
BOUNDS = {
    "attention_coverage_alpha": AT_LEAST_0,
    "attention_key_channels": AT_LEAST_0,
    "attention_layer_size": AT_LEAST_0,
    "attention_value_channels": AT_LEAST_0,
    "batch_size": AT_LEAST_1,
    "beta": AT_LEAST_0,
    "clip_grad_norm": AT_LEAST_0,
    "compress_filter_size": AT_LEAST_1,
    "corruption_first": SHARE,
    "corruption_last": SHARE,
    "ctc_weight": AT_LEAST_0,
    "d_mix": SHARE,
    "decay": SHARE,
    "denoising_prob": SHARE,
    "ema_count_start": AT_LEAST_0,
    "epsilon": POSITIVE,
    "fertility_classes": AT_LEAST_1,
    "fertility_reward_weight": AT_LEAST_0,
    "fertility_weight": AT_LEAST_0,
    "filter_size": AT_LEAST_1,
    "glancing_ratio": SHARE,
    "glancing_ratio_end": SHARE,
    "glancing_steps": AT_LEAST_0,
    "hidden_size": AT_LEAST_1,
    "hint_align_weight": AT_LEAST_0,
    "hint_gamma_st": COSINE,
    "hint_gamma_tr": COSINE,
    "hint_hidden_weight": AT_LEAST_0,
    "hint_ramp_steps": AT_LEAST_0,
    "initializer_gain": POSITIVE,
    "label_smoothing": BELOW_1,
    "learning_rate": AT_LEAST_0,
    "learning_rate_constant": AT_LEAST_0,
    "learning_rate_decay_rate": POSITIVE,
    "learning_rate_decay_steps": AT_LEAST_1,
    "learning_rate_warmup_steps": AT_LEAST_0,
    "length_bucket_step": Interval(low=1, is_low_open=True),
    "length_weight": AT_LEAST_0,
    "mask_startup_steps": AT_LEAST_0,
    "max_input_seq_length": AT_LEAST_0,
    "max_length": AT_LEAST_0,
    "max_length_offset": AT_LEAST_0,
    "max_positions": AT_LEAST_1,
    "max_relative_position": AT_LEAST_0,
    "max_target_seq_length": AT_LEAST_0,
    "min_length": AT_LEAST_0,
    "min_length_bucket": AT_LEAST_1,
    "nll_weight": AT_LEAST_0,
    "nmla_weight": AT_LEAST_0,
    "noise_dev": AT_LEAST_0,
    "num_blocks": AT_LEAST_1,
    "num_compress_steps": AT_LEAST_1,
    "num_decode_blocks": AT_LEAST_1,
    "num_decoder_layers": AT_LEAST_0,
    "num_encoder_layers": AT_LEAST_0,
    "num_heads": AT_LEAST_1,
    "num_hidden_layers": AT_LEAST_0,
    "optimizer_adam_beta1": BELOW_1,
    "optimizer_adam_beta2": BELOW_1,
    "optimizer_adam_epsilon": POSITIVE,
    "optimizer_momentum_momentum": BELOW_1,
    "optimizer_multistep_accumulate_steps": AT_LEAST_0,
    "prior_scale": AT_LEAST_0,
    "risk_candidates": AT_LEAST_1,
    "reverse_kl_weight": AT_LEAST_0,
    "risk_weight": AT_LEAST_0,
    "softmax_width": AT_LEAST_1,
    "startup_steps": AT_LEAST_0,
    "symbol_modality_num_shards": AT_LEAST_1,
    # Of one alone the second decoder would learn nothing.
    "training_iterations": Interval(low=2),
    "unmasked_percentage": SHARE,
    "upsampling": AT_LEAST_1,
    "weight_decay": AT_LEAST_0,
    "word_shuffle": AT_LEAST_0,
    "z_size": AT_LEAST_1,
}
# Every rate of dropout, in a user's set too.
_DROPOUT = "dropout"


def restrict_numbers(hparams: HParams) -> HParams:
    """Accept from now on only the numbers of the table, where a set has nothing stricter.

    Returns:
        The same set.

    Raises:
        InputError: a number of the set isn't allowed itself.

    Example:
        >>> restrict_numbers(HParams(num_heads=8)).parse("num_heads=0")
        Traceback (most recent call last):
        ...
        t2t_hint_nart.errors.InputError: num_heads is 0; it must be at least 1.
    """
    for name, value in hparams.values().items():
        bounds = BOUNDS.get(name, BELOW_1 if name.endswith(_DROPOUT) else None)
        # Neither a switch nor a list, as another model's set may have under such a name.
        if bounds and type(value) in (int, float) and hparams.allowed(name) is None:
            hparams.restrict(name, bounds)
    return hparams
