"""What a checkpoint's hparams.json and its layout change in a set."""

import json
from pathlib import Path

import pytest

from t2t_hint_nart.errors import InputError
from t2t_hint_nart.interchange.layout import T2T_1_2_9, T2T_1_15
from t2t_hint_nart.interchange.t2t_checkpoint import T2TCheckpoint, imported_hparams


def checkpoint(directory, layout=T2T_1_15, stored=None):
    if stored is not None:
        Path(directory, "hparams.json").write_text(json.dumps(stored))
    return T2TCheckpoint(str(directory / "model.ckpt-1"), layout, {}, 1)


def test_the_layout_decides_the_attention(tmp_path):
    said = []
    hparams = imported_hparams(checkpoint(tmp_path), "transformer_base", say=said.append)
    assert hparams.attention_projection == "separate"
    assert said == [
        "attention_projection = 'separate', as in tensor2tensor 1.15 "
        "(set transformer_base: 'fused_bias')"
    ]
    said.clear()
    old = checkpoint(tmp_path, T2T_1_2_9)
    hparams = imported_hparams(old, "transformer_base", "num_heads=4", say=said.append)
    assert (hparams.attention_projection, hparams.num_heads, said) == ("fused_bias", 4, [])


def test_stored_values_between_set_and_overrides(tmp_path):
    stored = {"num_heads": 4, "filter_size": 64, "daisy_chain_variables": True, "bottom": {}}
    said = []
    hparams = imported_hparams(
        checkpoint(tmp_path, stored=stored),
        "transformer_base_t2t115",
        "filter_size=32",
        said.append,
    )
    assert (hparams.num_heads, hparams.filter_size) == (4, 32)
    assert [line.split(": ", 1)[1] for line in said] == [
        "filter_size = 64 (set transformer_base_t2t115: 2048)",
        "num_heads = 4 (set transformer_base_t2t115: 8)",
    ]


@pytest.mark.parametrize(
    ("stored", "told"),
    [
        ({"unidirectional_encoder": True}, "unidirectional_encoder = True isn't implemented"),
        ({"num_area_layers": 2}, "num_area_layers = 2 isn't implemented, only 0"),
        ({"pos": "emb"}, "hparam 'pos' accepts only 'timing', None, got 'emb'"),
    ],
)
def test_networks_that_are_not_implemented(tmp_path, stored, told):
    # T2T writes them all; the values of the network that there is are accepted.
    fine = {"unidirectional_encoder": False, "num_area_layers": 0, "hard_attention_k": 0}
    imported_hparams(checkpoint(tmp_path, stored=fine), "transformer_base_t2t115")
    with pytest.raises(InputError, match=told.replace("(", r"\(")):
        imported_hparams(checkpoint(tmp_path, stored={**fine, **stored}), "transformer_base")
