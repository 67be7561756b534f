"""Sets that change one thing of another (T2T 1.2.9 `models/transformer.py`).

Of T2T's, `transformer_prepend*` is left out. It makes a language model of a translation problem:
the targets become [inputs, 0, targets], T2T's `transformer` encodes the inputs besides, the loss
counts the inputs too, and decoding continues the given part. Here 0 is padding and never a token
between others: lengths, masks and weights of the loss are read from it. Also left out are the sets
whose point is missing here: `transformer_parameter_attention_*` (another feed-forward layer),
`transformer_parsing_*` (no parsing problem) and `transformer_*tpu`.
"""

from collections.abc import Callable
from typing import Any

from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.hparams.basic import changed
from t2t_hint_nart.hparams.transformer_t2t129 import (
    transformer_base,
    transformer_big,
    transformer_n_da,
    transformer_tiny,
)
from t2t_hint_nart.registry import register_hparams


def _varied(
    name: str, base: Callable[[], HParams] = transformer_base, **changes: Any
) -> Callable[[], HParams]:
    """Register a set that differs from another in the given values, and return its function."""

    def hparams_set() -> HParams:
        return changed(base(), **changes)

    hparams_set.__name__ = name
    listed = ", ".join(f"{name} {value}" for name, value in changes.items())
    hparams_set.__doc__ = f"{base.__name__} with {listed} (T2T 1.2.9)."
    return register_hparams(hparams_set)


# Relative positions in place of the timing signal (Shaw et al. 2018).
_RELATIVE: dict[str, Any] = {
    "pos": None,
    "self_attention_type": "dot_product_relative",
    "max_relative_position": 20,
}

transformer_l2 = _varied("transformer_l2", num_hidden_layers=2)
transformer_l4 = _varied("transformer_l4", num_hidden_layers=4)
transformer_l8 = _varied("transformer_l8", num_hidden_layers=8)
transformer_l10 = _varied("transformer_l10", num_hidden_layers=10)
transformer_h1 = _varied("transformer_h1", num_heads=1)
transformer_h4 = _varied("transformer_h4", num_heads=4)
transformer_h16 = _varied("transformer_h16", num_heads=16)
transformer_h32 = _varied("transformer_h32", num_heads=32)
transformer_k128 = _varied("transformer_k128", attention_key_channels=128)
transformer_k256 = _varied("transformer_k256", attention_key_channels=256)
transformer_ff1024 = _varied("transformer_ff1024", filter_size=1024)
transformer_ff4096 = _varied("transformer_ff4096", filter_size=4096)
transformer_hs256 = _varied("transformer_hs256", hidden_size=256)
transformer_hs1024 = _varied("transformer_hs1024", hidden_size=1024)
transformer_ls0 = _varied("transformer_ls0", label_smoothing=0.0)
transformer_ls2 = _varied("transformer_ls2", label_smoothing=0.2)
transformer_dr0 = _varied("transformer_dr0", layer_prepostprocess_dropout=0.0)
transformer_dr2 = _varied("transformer_dr2", layer_prepostprocess_dropout=0.2)
transformer_big_dr1 = _varied(
    "transformer_big_dr1", transformer_big, layer_prepostprocess_dropout=0.1
)
transformer_big_dr2 = _varied(
    "transformer_big_dr2", transformer_big, layer_prepostprocess_dropout=0.2
)
transformer_big_enfr = _varied(
    "transformer_big_enfr",
    transformer_big_dr1,
    filter_size=8192,
    shared_embedding_and_softmax_weights=False,
)
transformer_n_da_l10 = _varied("transformer_n_da_l10", transformer_n_da, num_hidden_layers=10)
transformer_relative = _varied("transformer_relative", **_RELATIVE)
transformer_relative_tiny = _varied("transformer_relative_tiny", transformer_tiny, **_RELATIVE)
transformer_relative_big = _varied("transformer_relative_big", transformer_big, **_RELATIVE)
