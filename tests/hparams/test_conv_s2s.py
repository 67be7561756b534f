"""The convolutional model's sets: sizes and training."""

import math

import pytest

from t2t_hint_nart import registry
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.training.learning_rate import LearningRate
from tests.models.tiny_networks import shapes_only

# Parameters in millions, with the vocabularies of fairseq's examples.
SIZES = {
    "conv_s2s_iwslt_de_en": (6632, 8848, 9.6),
    "conv_s2s_wmt_en_de": (40_000, 40_000, 210),
}


@pytest.mark.parametrize("name", SIZES)
def test_number_of_parameters(name):
    vocab_size, source_vocab_size, millions = SIZES[name]
    with shapes_only():
        model = registry.model("conv_s2s")(
            registry.hparams(name), vocab_size, source_vocab_size=source_vocab_size
        )
        count = sum(math.prod(v.shape) for v in model.trainable_variables)
    assert count / 1e6 == pytest.approx(millions, rel=0.01)


def test_the_rate_falls_by_epochs_at_last():
    hparams = registry.hparams("conv_s2s_iwslt_de_en")
    epochs = (0, 198, 199, 200, 201)
    rates = LearningRate(hparams).at([1000 * epoch for epoch in epochs])
    assert rates == pytest.approx([0.25, 0.25, 0.025, 0.0025, 0.00025])
    half = LearningRate(registry.hparams("conv_s2s_wmt_en_de"))
    assert half.at([0, 49 * 33_000 - 1, 49 * 33_000]) == pytest.approx([0.5, 0.5, 0.05])


@pytest.mark.parametrize("value", ["encoder_widths=[8,0]", "decoder_kernels=[0]", "dropout=1.0"])
def test_sizes_that_are_none(value):
    with pytest.raises(InputError, match="must be"):
        registry.hparams("conv_s2s_multi30k").parse(value)
