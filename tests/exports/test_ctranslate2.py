"""CTranslate2's models: the weights compute there what they compute here."""

import dataclasses
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.beam import Beam, Greedy
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.decoding.parallel import OnePass
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.ctranslate2 import (
    CTranslate2Int8Runtime,
    CTranslate2Runtime,
    _lacks_exact_products,
)
from t2t_hint_nart.exports.metadata import SCORES, TRANSLATES
from t2t_hint_nart.losses.likelihood import token_log_probs
from t2t_hint_nart.models.network import forward
from t2t_hint_nart.models.variables import named_variables
from t2t_hint_nart.text.token import TokenTextEncoder
from tests.exports.table_exports import METADATA
from tests.models.tiny_networks import VOCAB, WIDTH, tiny_hparams, tiny_network

SOURCES = np.array([[5, 6, 7, 1, 0], [4, 1, 0, 0, 0], [2, 3, 9, 10, 1], [8, 8, 1, 0, 0]], np.int32)
TARGETS = np.array([[5, 1, 0], [4, 9, 1], [1, 0, 0], [2, 3, 1]], np.int32)
ENCODER = TokenTextEncoder(
    vocab_list=["<unk>", *(str(number) for number in range(VOCAB - 3))], replace_oov="<unk>"
)
# n/da and none/dan, fused and separate projections, the source's table apart.
ARCHITECTURES = {
    "pre_norm": {},
    "post_norm": {"layer_preprocess_sequence": "none", "layer_postprocess_sequence": "dan"},
    "separate": {"attention_projection": "separate"},
    "blind_to_order": {"pos": None},
    "own_tables": {"shared_embedding_and_softmax_weights": False},
}


def made(changes, kind=Beam, options="beam_size=3,alpha=0.6"):
    arguments = ("transformer", "transformer_base_v2")
    network = tiny_network(*arguments, seed=4, dtype="float32", **changes)
    # Sentences end, and nobody expects PAD, which CTranslate2 leaves out of its softmax.
    weights = named_variables(network)
    last = "final" if "final/norm/beta" in weights else "layer_1/ffn_post"
    weights[f"{last}/norm/beta"].assign(np.full(WIDTH, 0.5))
    table = weights["softmax/table"].numpy()
    table[:2] = [[-3.0], [0.8]]
    weights["softmax/table"].assign(table)
    hparams = tiny_hparams("transformer_base_v2", **changes)
    settings = decode_hparams(f"{options},extra_length=3", "beam")
    return network, kind(settings, hparams)


def written(network, strategy, directory, runtime=CTranslate2Runtime):
    encoders = dict.fromkeys(("inputs", "targets"), ENCODER)
    runtime().write(network, strategy, encoders, (TRANSLATES, SCORES), directory)
    facts = dataclasses.replace(
        METADATA, runtime="ctranslate2", decode_hparams=strategy.settings.values()
    )
    return runtime().open(directory, facts)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_it_scores_as_the_network_does(tmp_path, name):
    network, strategy = made(ARCHITECTURES[name])
    found = written(network, strategy, tmp_path).call("score", inputs=SOURCES, targets=TARGETS)
    tokens = token_log_probs(forward(network, SOURCES, TARGETS).logits, TARGETS)
    np.testing.assert_allclose(found["token_log_prob"], tokens, rtol=1e-3, atol=1e-4)
    np.testing.assert_allclose(found["log_prob"], np.sum(tokens, axis=1), rtol=1e-3)


@pytest.fixture(scope="module")
def opened(tmp_path_factory):
    network, strategy = made({})
    return network, strategy, written(network, strategy, tmp_path_factory.mktemp("ctranslate2"))


def test_greedy_search_is_the_same(opened):
    network, strategy, export = opened
    expected = Greedy(strategy.settings, strategy.hparams)(network, tf.constant(SOURCES))
    found = export.call("greedy", inputs=SOURCES)
    width = found["outputs"].shape[1]
    np.testing.assert_array_equal(found["outputs"], expected.ids.numpy()[:, 0, :width])
    np.testing.assert_allclose(found["scores"], expected.scores[:, 0], rtol=1e-3)


def test_a_sentence_alone_is_the_same(opened):
    export = opened[2]
    together = export.call("decode", inputs=SOURCES)["outputs"]
    for row, source in zip(together, SOURCES, strict=True):
        alone = export.call("decode", inputs=source[None])["outputs"][0]
        np.testing.assert_array_equal(np.trim_zeros(row), np.trim_zeros(alone))


def test_scores_are_those_of_t2t(opened):
    """The beam's score is the sentence's log probability over T2T's length penalty."""
    network, _, export = opened
    found = export.call("decode", inputs=SOURCES)
    targets = found["outputs"]
    log_prob = np.sum(token_log_probs(forward(network, SOURCES, targets).logits, targets), axis=1)
    lengths = np.count_nonzero(targets, axis=1)
    np.testing.assert_allclose(found["scores"], log_prob / ((5 + lengths) / 6) ** 0.6, rtol=1e-3)


def test_no_sentence_no_word_and_too_many(opened):
    export = opened[2]
    assert len(export.call("decode", inputs=np.zeros((0, 3), np.int32))["scores"]) == 0
    found = export.call("decode", inputs=[[1, 0], [5, 1]])
    assert found["outputs"][0].tolist()[:1] == [1] and found["scores"][0] == 0.0
    facts = dataclasses.replace(export.metadata, max_input_size=3)
    limited = CTranslate2Runtime().open(Path(export.export_dir), facts)
    expected = export.call("greedy", inputs=[[2, 3, 1]])["outputs"]
    np.testing.assert_array_equal(limited.call("greedy", inputs=SOURCES[2:3])["outputs"], expected)


@pytest.mark.parametrize(
    ("hypotheses", "scores", "best", "score"),
    [
        # Without its end the longest would have the best score by far.
        ([["5", "1"], ["6", "7", "1"], ["5"] * 50], [-6.0, -6.1, -6.2], [6, 7, 1], -6.1 / (8 / 6)),
        ([["5"] * 3, ["6"] * 3], [-3.0, -2.0], [6, 6, 6], -2.0),
    ],
)
def test_what_has_no_end_is_the_last_choice(opened, monkeypatch, hypotheses, scores, best, score):
    export = opened[2]
    found = SimpleNamespace(hypotheses=hypotheses, scores=scores)
    stub = SimpleNamespace(translate_batch=lambda *_, **__: [found])
    monkeypatch.setattr(export, "_translator", stub)
    monkeypatch.setitem(export._settings, "alpha", 1.0)
    result = export.call("decode", inputs=SOURCES[:1])
    assert result["outputs"].tolist() == [best]
    np.testing.assert_allclose(result["scores"], [score], rtol=1e-6)


def test_several_targets_a_source(opened):
    export = opened[2]
    twice = np.repeat(SOURCES, 2, axis=0)
    targets = np.concatenate([TARGETS, TARGETS[::-1]])
    expected = export.call("score", inputs=twice, targets=targets)["log_prob"]
    found = export.call("score", inputs=SOURCES, targets=targets)["log_prob"]
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_text(opened):
    export = opened[2]
    outputs = export.call("decode", inputs=[[*ENCODER.encode("1 2 3"), 1]])["outputs"]
    expected = ENCODER.decode(outputs[0], strip_extraneous=True)
    assert export.translate(["1 2 3 ", ""]) == [expected, ""]


def test_eight_bits_are_near(opened, tmp_path):
    network, strategy, export = opened
    small = written(network, strategy, tmp_path, CTranslate2Int8Runtime)
    scores = [one.call("score", inputs=SOURCES, targets=TARGETS) for one in (export, small)]
    np.testing.assert_allclose(*(found["log_prob"] for found in scores), rtol=0.1)


@pytest.mark.parametrize(
    ("cpuinfo", "lacking"),
    [
        ("processor: 0\nflags\t\t: fpu sse avx2 fma\n", True),
        ("flags\t\t: fpu avx2 avx512f avx512_vnni\n", False),
        ("flags: avx2 avx_vnni", False),
        # Of another architecture, whose library is another one.
        ("Features\t: fp asimd\n", False),
        (None, False),
    ],
)
def test_where_products_of_eight_bits_would_overflow(tmp_path, cpuinfo, lacking):
    path = tmp_path / "cpuinfo"
    if cpuinfo is not None:
        path.write_text(cpuinfo)
    assert _lacks_exact_products(path) is lacking


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"layer_preprocess_sequence": "dn"}, "processing sequences dn/da"),
        ({"attention_key_channels": 4}, "attention_key_channels"),
        (
            {"self_attention_type": "dot_product_relative", "max_relative_position": 2},
            "self_attention_type=dot_product_relative",
        ),
    ],
)
def test_other_architectures_are_refused(tmp_path, changes, told):
    network, strategy = made(changes)
    with pytest.raises(InputError, match=f"{told}.*--format=saved_model"):
        written(network, strategy, tmp_path)


def test_students_are_refused(tmp_path):
    network = tiny_network("transformer_nat", "transformer_nat_base_v2", dtype="float32")
    hparams = tiny_hparams("transformer_nat_base_v2")
    strategy = OnePass(decode_hparams("length_bias=0", "one_pass"), hparams)
    with pytest.raises(InputError, match="isn't a Transformer decoded by a search"):
        written(network, strategy, tmp_path)


def test_damaged_files_are_one_line(opened, tmp_path):
    with pytest.raises(InputError, match="can't be loaded"):
        CTranslate2Runtime().open(tmp_path, opened[2].metadata)
