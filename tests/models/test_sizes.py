import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.models.build import build_model
from t2t_hint_nart.models.build import check_sizes


def refused(hparams):
    with pytest.raises(InputError) as caught:
        check_sizes(hparams)
    return str(caught.value)


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ("hidden_size=0", "hidden_size is 0; it must be at least 1."),
        ("hidden_size=-8", "hidden_size is -8; it must be at least 1."),
        ("filter_size=0", "filter_size is 0; it must be at least 1."),
        ("num_heads=0", "num_heads is 0; it must be at least 1."),
        ("num_heads=-4", "num_heads is -4; it must be at least 1."),
        (
            "num_encoder_layers=-1",
            "num_encoder_layers is -1; it must be at least 0, where 0 means num_hidden_layers.",
        ),
        (
            "num_decoder_layers=-2",
            "num_decoder_layers is -2; it must be at least 0, where 0 means num_hidden_layers.",
        ),
        (
            "num_hidden_layers=0",
            "num_hidden_layers is 0; with num_encoder_layers=0 it must be at least 1.",
        ),
        (
            "num_hidden_layers=-1,num_encoder_layers=2",
            "num_hidden_layers is -1; with num_decoder_layers=0 it must be at least 1.",
        ),
        ("initializer_gain=0", "initializer_gain is 0.0; it must be above 0 and finite."),
        ("initializer_gain=-1", "initializer_gain is -1.0; it must be above 0 and finite."),
        ("initializer_gain=inf", "initializer_gain is inf; it must be above 0 and finite."),
        ("attention_dropout=1.5", "attention_dropout is 1.5; it must be at least 0 and below 1."),
        ("relu_dropout=-0.1", "relu_dropout is -0.1; it must be at least 0 and below 1."),
        (
            "layer_prepostprocess_dropout=1",
            "layer_prepostprocess_dropout is 1.0; it must be at least 0 and below 1.",
        ),
        ("relu_dropout=nan", "relu_dropout is nan; it must be at least 0 and below 1."),
    ],
)
@pytest.mark.parametrize("set_name", ["transformer_test", "transformer_nat_small"])
def test_out_of_range(set_name, changes, told):
    assert refused(registry.hparams(set_name).parse(changes)) == told


def test_num_hidden_layers_is_free_where_it_is_not_read():
    hparams = registry.hparams("transformer_test")
    check_sizes(hparams.parse("num_hidden_layers=0,num_encoder_layers=1,num_decoder_layers=2"))


def test_no_dropout_and_the_smallest_sizes():
    smallest = "hidden_size=1,filter_size=1,num_heads=1,num_hidden_layers=1"
    rates = "attention_dropout=0,relu_dropout=0,layer_prepostprocess_dropout=0"
    check_sizes(registry.hparams("transformer_test").parse(f"{smallest},{rates}"))


def test_every_registered_set_passes():
    names = registry.list_hparams()
    assert len(names) > 60
    for name in names:
        check_sizes(registry.hparams(name))


def test_another_models_set_is_checked_for_what_it_has():
    check_sizes(HParams(num_hidden_layers=0, use_dropout=True, layer_dropout=[2.0, 3.0]))
    assert refused(HParams(embedding_dropout=2.0)).startswith("embedding_dropout is 2.0; ")


def test_nothing_is_built_of_refused_sizes(monkeypatch):
    monkeypatch.setattr(registry, "model", lambda name: pytest.fail("built"))
    hparams = registry.hparams("transformer_test").parse("num_encoder_layers=-1")
    with pytest.raises(InputError, match="num_encoder_layers is -1"):
        build_model("transformer", hparams, None, {})
