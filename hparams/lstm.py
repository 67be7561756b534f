"""T2T's sets of recurrent models, those of its `models/lstm.py`."""

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparam_bounds import BELOW_1
from t2t_hint_nart.hparams.basic import basic_params1, changed
from t2t_hint_nart.registry import register_hparams


def _free(hparams: HParams) -> HParams:
    """Accept other values of what other models don't read, and add what T2T has in its code."""
    hparams.restrict("dropout", BELOW_1)
    # "lstm" or "gru". Not a name of T2T, whose cells are LSTMs.
    hparams.add_hparam("cell", "lstm")
    return hparams


@register_hparams
def lstm_seq2seq() -> HParams:
    """2 layers of 128, for lstm_seq2seq and lstm_seq2seq_bidirectional_encoder (T2T 1.2.9, 1.15).

    `dropout` is on the inputs of cells. T2T's models refuse initializer=orthogonal; these don't.
    """
    return changed(
        _free(basic_params1()),
        batch_size=1024,
        hidden_size=128,
        num_hidden_layers=2,
        initializer="uniform_unit_scaling",
        initializer_gain=1.0,
        weight_decay=0.0,
    )


def add_attention(hparams: HParams, mechanism: str) -> HParams:
    """Add the hyperparameters of any attention of recurrent decoders; returns the same set."""
    # bahdanau, luong, or normed_bahdanau, which T2T hasn't.
    hparams.add_hparam("attention_mechanism", mechanism)
    # Whether padding of the source is attended to, as by T2T, which gives no length to attention.
    hparams.add_hparam("attend_to_padding", False)
    return hparams


def _wrapped(hparams: HParams, mechanism: str) -> HParams:
    """What T2T's lstm_attention_base adds."""
    # Of each head; 0 for hidden_size. In T2T it stays 128, whatever hidden_size becomes.
    hparams.add_hparam("attention_layer_size", 0)
    # Whether attention comes out of the decoder, or what asked for it.
    hparams.add_hparam("output_attention", True)
    hparams.add_hparam("num_heads", 1)
    return add_attention(hparams, mechanism)


@register_hparams
def lstm_bahdanau_attention() -> HParams:
    """lstm_seq2seq with additive attention, of lstm_seq2seq_attention (T2T 1.2.9, 1.15)."""
    return _wrapped(lstm_seq2seq(), "bahdanau")


@register_hparams
def lstm_luong_attention() -> HParams:
    """lstm_seq2seq with dot-product attention, of lstm_seq2seq_attention (T2T 1.2.9, 1.15)."""
    return _wrapped(lstm_seq2seq(), "luong")


@register_hparams
def lstm_attention() -> HParams:
    """lstm_bahdanau_attention by its old name (T2T 1.2.9, 1.15)."""
    return lstm_bahdanau_attention()


@register_hparams
def lstm_bahdanau_attention_multi() -> HParams:
    """lstm_bahdanau_attention with 4 heads (T2T 1.2.9, 1.15)."""
    return changed(lstm_bahdanau_attention(), num_heads=4)


@register_hparams
def lstm_luong_attention_multi() -> HParams:
    """lstm_luong_attention with 4 heads (T2T 1.2.9, 1.15), which are all the same, as there."""
    return changed(lstm_luong_attention(), num_heads=4)
