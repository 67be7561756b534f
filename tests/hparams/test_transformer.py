import json
from pathlib import Path

import optuna
import pytest
from optuna.distributions import CategoricalDistribution, FloatDistribution

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparams import basic, lstm, transformer, transformer_nat
from t2t_hint_nart.hparams.transformer import transformer_base
from t2t_hint_nart.hparams.transformer_t2t115 import transformer_base_v3


def test_names_without_suffix_are_pinned_to_t2t_129():
    base, later = transformer_base(), transformer_base_v3()
    assert (base.attention_projection, later.attention_projection) == ("fused_bias", "separate")
    assert base.learning_rate_schedule == ""
    assert later.learning_rate_schedule.startswith("constant*linear_warmup")


@pytest.mark.parametrize("override", ["pos=emb", "self_attention_type=local_mask_right"])
def test_other_networks_are_refused(override):
    with pytest.raises(InputError, match="other values are not implemented"):
        transformer_base().parse(override)


def test_no_timing_signal_is_written_as_none():
    assert transformer_base().parse("pos=None").pos is None
    relative = registry.hparams("transformer_relative")
    assert relative.pos is None
    assert registry.hparams("transformer_base").parse_json(relative.to_json()) == relative


def test_both_names_of_the_feed_forward_layer_are_accepted():
    for name in ("conv_hidden_relu", "dense_relu_dense"):
        assert transformer_base().parse(f"ffn_layer={name}").ffn_layer == name
    with pytest.raises(InputError, match="ffn_layer"):
        transformer_base().parse("ffn_layer=none")


@pytest.mark.parametrize(
    ("name", "most_weight_decay"), [("transformer_base", 2.0), ("transformer_base_range", 1e-4)]
)
def test_ranges(name, most_weight_decay):
    assert registry.ranged_hparams(name).ranges() == {
        "learning_rate": FloatDistribution(0.3, 3.0, log=True),
        "learning_rate_warmup_steps": CategoricalDistribution((1000, 2000, 4000, 8000, 16000)),
        "initializer_gain": FloatDistribution(0.5, 2.0),
        "optimizer_adam_beta1": FloatDistribution(0.85, 0.95),
        "optimizer_adam_beta2": FloatDistribution(0.97, 0.99),
        "weight_decay": FloatDistribution(0.0, most_weight_decay),
    }


def test_what_is_drawn_fits_the_set():
    ranges = registry.ranged_hparams("transformer_base")
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(3))
    drawn = ranges.settings(study.ask(ranges.ranges()).params)
    hparams = transformer_base().override_from_dict(drawn)
    assert {name: getattr(hparams, name) for name in drawn} == drawn


T2T = json.loads((Path(__file__).parents[1] / "contracts" / "t2t_names.json").read_text("utf-8"))


@pytest.mark.parametrize("name", [name for name in T2T["sets"] if name in registry.list_hparams()])
def test_t2ts_sets_are_where_its_module_has_them(name):
    """transformer.transformer_relative(), common_hparams.basic_params1(), the fork's module."""
    if name == "basic_1":
        made = basic.basic_params1
    else:
        module = transformer_nat if "_nat_" in name else transformer
        made = getattr(lstm if name.startswith("lstm_") else module, name)
    assert made().values() == registry.hparams(name).values()


def test_the_module_has_nothing_else():
    """What T2T's has, of both versions and the fork: also the ranges of 1.15."""
    assert set(transformer.__all__) - set(T2T["sets"]) == {"transformer_base_range"}
