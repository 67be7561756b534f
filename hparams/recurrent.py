"""Sets of recurrent models that T2T hasn't: GNMT, RNNsearch, and small ones for Multi30k."""

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparams.basic import changed
from t2t_hint_nart.hparams.lstm import add_attention, lstm_luong_attention, lstm_seq2seq
from t2t_hint_nart.registry import register_hparams


def _gnmt(hparams: HParams) -> HParams:
    """Add what the model gnmt has besides T2T's."""
    add_attention(hparams, "normed_bahdanau")
    # What the bottom layer asks with: its output of this step (current: tensorflow/nmt's gnmt_v2)
    # or of the one before (previous: the papers).
    hparams.add_hparam("attention_query", "current")
    # Whether the softmax reads a projection of output and context, or the output.
    hparams.add_hparam("attention_readout", False)
    return hparams


@register_hparams
def gnmt_wmt() -> HParams:
    """GNMT, 8 and 8 layers of 1024, its first 60,000 steps; not yet run.

    Wu et al. 2016, recalled, unverified: U(±0.04), 128 sentences a batch, Adam at 2e-4, gradients
    clipped at 5, dropout 0.2. Then `gnmt_wmt_sgd` with --warm_start_from. Embeddings are drawn as
    everywhere here. Their refinement by reinforcement learning (GLEU) is left out.
    """
    return changed(
        _gnmt(lstm_seq2seq()),
        num_hidden_layers=8,
        hidden_size=1024,
        use_fixed_batch_size=True,
        batch_size=128,
        max_length=100,
        initializer="uniform",
        initializer_gain=0.4,
        clip_grad_norm=5.0,
        label_smoothing=0.0,
        optimizer_adam_beta1=0.9,
        optimizer_adam_beta2=0.999,
        optimizer_adam_epsilon=1e-8,
        learning_rate_schedule="constant",
        learning_rate_constant=2e-4,
        attention_mechanism="bahdanau",
        attention_query="previous",
    )


def _halving(hparams: HParams, rate: float, begin: int, every: int) -> HParams:
    """Train by gradient descent whose rate is halved again and again from a step on."""
    return changed(
        hparams,
        optimizer="sgd",
        learning_rate_schedule="constant*exp_decay",
        learning_rate_constant=rate,
        learning_rate_warmup_steps=begin,
        learning_rate_decay_steps=every,
        learning_rate_decay_rate=0.5,
        learning_rate_decay_staircase=True,
    )


@register_hparams
def gnmt_wmt_sgd() -> HParams:
    """GNMT after `gnmt_wmt`: gradient descent at 0.5, halved at last; not yet run.

    Wu et al. 2016, recalled, unverified: after 1,200,000 steps the rate is halved every 200,000,
    for 800,000 more. The first halving is at the end of such a period, 1,400,000.
    """
    return _halving(gnmt_wmt(), 0.5, 1_200_000, 200_000)


@register_hparams
def gnmt_nmt() -> HParams:
    """GNMT's 8 layers as tensorflow/nmt trains them for WMT14; not yet run.

    Its wmt16_gnmt_8_layer.json: normed_bahdanau, gnmt_v2, dropout 0.2, gradient descent at 1.0,
    U(±0.1), 340,000 steps, beam 10, length penalty 1.0; newstest2014 24.4 BLEU by its own account.
    The halving of the rate, every 17,000 steps from 170,000 on, is recalled, unverified.
    """
    return changed(
        _halving(gnmt_wmt(), 1.0, 170_000, 17_000),
        initializer_gain=1.0,
        attention_mechanism="normed_bahdanau",
        attention_query="current",
    )


def _rnnsearch(hparams: HParams) -> HParams:
    """One layer of gated recurrent units, asked as by Bahdanau et al. 2015."""
    return changed(
        _gnmt(hparams),
        cell="gru",
        num_hidden_layers=1,
        attention_mechanism="bahdanau",
        attention_query="previous",
        attention_readout=True,
    )


@register_hparams
def rnnsearch_iwslt14() -> HParams:
    """Bahdanau et al. 2017's likelihood training for IWSLT14: GRUs of 256; not yet run.

    From the authors' configurations (rizar/actor-critic-public, exp/ted): embeddings and units of
    256, Adam at 1e-3 with ε 1e-6, 32 sentences a batch, weights in U(±0.05), no clipping to speak
    of. Which of them gave the published number is recalled, unverified; its actor-critic training
    is left out. Sentences of 50 tokens at most (recalled). The softmax reads a projection of output
    and context as wide as embeddings; theirs reads both without one.
    """
    return changed(
        _rnnsearch(lstm_seq2seq()),
        hidden_size=256,
        use_fixed_batch_size=True,
        batch_size=32,
        max_length=50,
        dropout=0.0,
        initializer="uniform",
        initializer_gain=0.5,
        label_smoothing=0.0,
        clip_grad_norm=100.0,
        optimizer_adam_beta1=0.9,
        optimizer_adam_beta2=0.999,
        optimizer_adam_epsilon=1e-6,
        learning_rate_schedule="constant",
        learning_rate_constant=1e-3,
    )


def _multi30k(hparams: HParams) -> HParams:
    """What suits Multi30k's 29,000 captions on a CPU core."""
    return changed(
        hparams,
        hidden_size=128,
        batch_size=4096,
        max_length=256,
        dropout=0.3,
        shared_embedding_and_softmax_weights=True,
        optimizer_adam_beta1=0.9,
        optimizer_adam_beta2=0.98,
        optimizer_adam_epsilon=1e-9,
        learning_rate_schedule="constant*linear_warmup*rsqrt_normalized_decay",
        learning_rate_constant=0.004,
        learning_rate_warmup_steps=400,
    )


@register_hparams
def lstm_multi30k() -> HParams:
    """2 layers of 128 without attention for Multi30k, for lstm_seq2seq."""
    return _multi30k(lstm_seq2seq())


@register_hparams
def lstm_attention_multi30k() -> HParams:
    """2 layers of 128 for Multi30k, for lstm_seq2seq_attention_bidirectional_encoder.

    Test set, beam 4, 2,500 steps, one seed (recipe table1_multi30k): 35.53 BLEU.
    """
    return _multi30k(lstm_luong_attention())


@register_hparams
def gnmt_multi30k() -> HParams:
    """3 layers of 128 for Multi30k, for gnmt; not yet run."""
    return changed(_multi30k(_gnmt(lstm_seq2seq())), num_hidden_layers=3)


@register_hparams
def rnnsearch_multi30k() -> HParams:
    """A layer of 128 gated recurrent units for Multi30k, for rnnsearch; not yet run."""
    return _multi30k(_rnnsearch(lstm_seq2seq()))
