"""What kinds of vocabulary a SavedModel holds; the signatures themselves are tests/e2e's."""

import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.serving.export import export
from t2t_hint_nart.serving.trained_model import TrainedModel
from t2t_hint_nart.text.byte import ByteTextEncoder
from t2t_hint_nart.text.token import TokenTextEncoder
from tests.models.tiny_networks import VOCAB, tiny_hparams, tiny_network

NUMBERS = ["<unk>", *(str(number) for number in range(VOCAB - 3))]


def trained(encoder):
    name = "transformer_nat_base_v2"
    model = tiny_network("transformer_nat", name, dtype="float32", num_decoder_layers=1)
    encoders = dict.fromkeys(("inputs", "targets"), encoder)
    return TrainedModel(model, "transformer_nat", "text", encoders, tiny_hparams(name), 1)


def test_words(tmp_path):
    encoder = TokenTextEncoder(vocab_list=NUMBERS, replace_oov="<unk>")
    assert encoder.vocab_size == VOCAB
    export(trained(encoder), decode_hparams("length_bias=1"), tmp_path / "export")
    signatures = tf.saved_model.load(str(tmp_path / "export")).signatures
    text = signatures["serving_default"](text=tf.constant(["1 2 3", "7 unheard 0"]))
    ids = [[*encoder.encode(line), 1] for line in ("1 2 3", "7 <unk> 0")]
    decoded = signatures["decode"](inputs=tf.constant(ids, tf.int32))["outputs"].numpy()
    expected = [encoder.decode(row, strip_extraneous=True) for row in decoded]
    assert [line.decode() for line in text["outputs"].numpy()] == expected
    assert any(expected)


def test_bytes_are_refused(tmp_path):
    with pytest.raises(InputError, match="subwords or words .* not a ByteTextEncoder"):
        export(trained(ByteTextEncoder()), decode_hparams("length_bias=0"), tmp_path / "export")
    assert not list(tmp_path.iterdir())
