"""Sets of the latent Transformer: those of T2T 1.15's `transformer_ae` for translation.

The values are those of its models/research/transformer_vae.py, on 1.15's transformer_small. In
1.2.9 `transformer_ae` is another model, with sets of its own.
"""

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparam_bounds import BELOW_1
from t2t_hint_nart.hparams.basic import add_fixed, changed
from t2t_hint_nart.hparams.transformer_corpora import transformer_multi30k
from t2t_hint_nart.hparams.transformer_t2t115 import transformer_small_t2t115
from t2t_hint_nart.hparams.transformer_t2t129 import transformer_deep_small
from t2t_hint_nart.registry import register_hparams

# As in basic.py: T2T's names whose other values are not implemented.
_FIXED = {
    "approximate_gs_entropy": False,
    "bit_vae": True,
    "causal": True,
    "decode_autoregressive": True,
    "do_ae": True,
    "do_attend_compress": False,
    "do_hard_gumbel_softmax": False,
    "do_mask": True,
    "do_refine": False,
    "do_residual_compress": False,
    "do_vae": True,
    "drop_inputs": False,
    "ema": True,
    "entropy_scale": 0.0,
    "force_full_predict": True,
    "inv_temp": 1.0,
    "is_2d": 0,
    "max_context_length": 64,
    "num_flows": 0,
    "num_residuals": 1,
    "num_samples": 10,
    "random_top_k": 1,
    "reshape_method": "slice",
    "soft_em": False,
    "softmax_k": 0,
    "sum_over_latents": False,
    "task": "translate",
    "temperature_warmup_steps": 150000,
    "trainable_projections": False,
    "v_size": 1024 * 64,
    "word_dropout": 0.0,
    "z_dropout": 0.1,
}


def add_ae_hparams(hparams: HParams) -> HParams:
    """Add what the latent Transformer has, with T2T's values, to a set of a Transformer.

    Returns:
        The same set.
    """
    # Of residual convolutions.
    hparams.restrict("dropout", BELOW_1)
    # A latent stands for 2^num_compress_steps positions, of a vector of hidden_size.
    hparams.add_hparam("num_compress_steps", 3)
    # Whether decompression attends to the source.
    hparams.add_hparam("do_attend_decompress", True)
    # Training moves tokens by so much of a position at most, before they are compressed.
    hparams.add_hparam("word_shuffle", 0.5)
    _add_bottleneck(hparams)
    # Softmaxes of the prior, each over 2^(z_size/num_decode_blocks).
    hparams.add_hparam("num_decode_blocks", 1)
    hparams.add_hparam("logit_normalization", True)
    # Weight of the prior's cross-entropy, which counts after mask_startup_steps.
    hparams.add_hparam("prior_scale", 1.0)
    hparams.add_hparam("mask_startup_steps", 50000)
    # The decoder reads what was decompressed from the first step on. False: in the first
    # mask_startup_steps true targets in place of some, and unmasked_percentage at most after it.
    hparams.add_hparam("use_predict_mask", True)
    hparams.add_hparam("unmasked_percentage", 0.1)
    add_fixed(hparams, _FIXED)
    return hparams


def _add_bottleneck(hparams: HParams) -> None:
    """Add what makes a latent of z_size bits of a vector."""
    # semhash: bits; dvq: the nearest codeword for each of num_blocks slices.
    hparams.add_hparam("bottleneck_kind", "semhash")
    hparams.add_hparam("z_size", 14)
    hparams.add_hparam("compress_filter_size", 4096)
    # Latents are discrete with a probability that rises over so many steps; of semhash to d_mix,
    # over twice as many.
    hparams.add_hparam("startup_steps", 10000)
    hparams.add_hparam("d_mix", 0.5)
    hparams.add_hparam("noise_dev", 0.5)
    hparams.add_hparam("num_blocks", 1)
    # Of codewords: weight of the distance to them, and how their averages move.
    hparams.add_hparam("beta", 0.25)
    hparams.add_hparam("decay", 0.999)
    hparams.add_hparam("epsilon", 1e-5)
    # How often each counts as used at first; 0 is T2T's, with which nearly all are lost at once.
    # Not a name of T2T.
    hparams.add_hparam("ema_count_start", 1.0)


@register_hparams
def transformer_ae_small() -> HParams:
    """3 layers of width 384, semantic hashing of 14 bits (T2T 1.15); not yet run.

    1.15's schedule has no learning_rate in it: it is kept as the number that T2T writes there.
    """
    return changed(
        add_ae_hparams(transformer_small_t2t115()),
        batch_size=2048,
        learning_rate=0.2,
        learning_rate_warmup_steps=4000,
        num_hidden_layers=3,
        hidden_size=384,
        filter_size=2048,
        label_smoothing=0.0,
        optimizer="Adam",
        optimizer_adam_epsilon=1e-9,
        optimizer_adam_beta1=0.9,
        optimizer_adam_beta2=0.997,
    )


@register_hparams
def transformer_ae_base() -> HParams:
    """6 layers of width 512, semantic hashing of 14 bits (T2T 1.15); not yet run."""
    return changed(transformer_ae_small(), hidden_size=512, filter_size=4096, num_hidden_layers=6)


@register_hparams
def transformer_ae_a3() -> HParams:
    """The base with more dropout and Adafactor (T2T 1.15); not yet run."""
    return changed(
        transformer_ae_base(),
        batch_size=4096,
        layer_prepostprocess_dropout=0.3,
        optimizer="Adafactor",
        learning_rate=0.25,
        learning_rate_warmup_steps=10000,
    )


@register_hparams
def transformer_ae_a6() -> HParams:
    """The best for semantic hashing, as T2T 1.15 says of it, with Adam; not yet run."""
    return changed(transformer_ae_a3(), optimizer="Adam")


@register_hparams
def transformer_ae_a8() -> HParams:
    """With Adafactor, the same as transformer_ae_a3 in T2T 1.15; not yet run."""
    return changed(transformer_ae_a3(), optimizer="Adafactor")


@register_hparams
def transformer_ae_base_noatt() -> HParams:
    """The base with 4,096 codewords, decompressed without attention (T2T 1.15); not yet run."""
    return changed(
        transformer_ae_base(), bottleneck_kind="dvq", z_size=12, do_attend_decompress=False
    )


@register_hparams
def transformer_ae_paper() -> HParams:
    """The base with two codebooks of 128 (Kaiser et al. 2018); recalled, unverified; not yet run.

    Of 2^14 codes in two blocks, β 0.25 and λ 0.999, and true targets in place of what was
    decompressed in the first 10,000 steps.
    """
    return changed(
        transformer_ae_base(),
        bottleneck_kind="dvq",
        num_blocks=2,
        num_decode_blocks=2,
        use_predict_mask=False,
        mask_startup_steps=10000,
    )


@register_hparams
def transformer_ae_iwslt14() -> HParams:
    """5 layers of 256, a student's sizes on IWSLT14, where nothing is published; not yet run."""
    return changed(
        add_ae_hparams(transformer_deep_small()),
        z_size=10,
        compress_filter_size=1024,
        startup_steps=4000,
        mask_startup_steps=0,
        logit_normalization=False,
        word_shuffle=0.0,
    )


@register_hparams
def transformer_ae_multi30k() -> HParams:
    """3 layers of width 128 for Multi30k, semantic hashing of 8 bits.

    Encoder and decoder have the weights of transformer_multi30k, a teacher to start from, and
    batches are half of its. Batch and rate aren't tuned. Test set, one pass, 2,500 steps, one seed
    (recipe table1_multi30k): 31.60 BLEU.
    """
    return changed(
        add_ae_hparams(transformer_multi30k()),
        batch_size=2048,
        learning_rate=0.1,
        z_size=8,
        compress_filter_size=512,
        startup_steps=500,
        mask_startup_steps=0,
        logit_normalization=False,
        word_shuffle=0.0,
        dropout=0.1,
    )
