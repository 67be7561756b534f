"""LiteRT files: what they compute is what the network computes, whatever the length."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.beam import Beam
from t2t_hint_nart.decoding.collapsed import Collapsed
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.decoding.parallel import OnePass
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports import litert
from t2t_hint_nart.exports.capabilities import ExportedScorer
from t2t_hint_nart.exports.litert import MODEL_FILE, LiteRtInt8Runtime, LiteRtRuntime
from t2t_hint_nart.exports.metadata import SCORES, TRANSLATES
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.losses.likelihood import token_log_probs
from t2t_hint_nart.models.network import forward
from t2t_hint_nart.text.token import TokenTextEncoder
from tests.exports.table_exports import METADATA
from tests.exports.verified_decodings import decodings_agree
from tests.models.tiny_networks import VOCAB, tiny_network

SOURCES = np.array([[5, 6, 7, 1, 0, 0], [4, 1, 0, 0, 0, 0], [2, 3, 9, 9, 10, 1]], np.int32)
WORDS = ["<unk>", *(str(number) for number in range(VOCAB - 3))]
ENCODER = TokenTextEncoder(vocab_list=WORDS, replace_oov="<unk>")
FACTS = dataclasses.replace(METADATA, runtime="litert")


def one_pass(options="length_bias=2"):
    return OnePass(decode_hparams(options, "one_pass"), HParams()).exported()


def written(network, strategy, directory, runtime=LiteRtRuntime, capabilities=(TRANSLATES,)):
    encoders = dict.fromkeys(("inputs", "targets"), ENCODER)
    offered = runtime().offers(strategy, capabilities)
    runtime().write(network, strategy, encoders, offered, directory)
    return runtime().open(directory, FACTS)


@pytest.fixture(scope="module")
def network():
    return tiny_network("transformer_nat", "transformer_nat_base_v2", seed=4, dtype="float32")


@pytest.fixture(scope="module")
def opened(network, tmp_path_factory):
    return written(network, one_pass(), tmp_path_factory.mktemp("student"))


def test_it_decodes_as_the_strategy_does(network, opened):
    found = opened.call("decode", inputs=SOURCES)
    expected = one_pass()(network, tf.constant(SOURCES))
    np.testing.assert_array_equal(found["outputs"], expected.ids[:, 0])
    np.testing.assert_allclose(found["scores"], expected.scores[:, 0], rtol=1e-5)


def test_sentences_of_one_length_are_translated_together(opened, monkeypatch):
    """Each as it is alone, in the place where it came; at most so many tokens in a call."""
    monkeypatch.setattr(litert, "TOGETHER", 9)
    lengths = np.array([4, 3, 4, 6, 3, 3, 12, 4])
    ids = np.random.default_rng(1).integers(2, VOCAB, (8, 12)).astype(np.int32)
    sources = np.where(np.arange(12) < lengths[:, None], ids, 0)
    sources[np.arange(8), lengths - 1] = 1
    calls = []
    one_by_one = [opened.call("decode", inputs=source[None]) for source in sources]
    decode = opened._runners["decode"]
    monkeypatch.setitem(
        opened._runners, "decode", lambda inputs: calls.append(inputs) or decode(inputs=inputs)
    )
    found = opened.call("decode", inputs=sources)
    assert [inputs.shape for inputs in calls] == [(3, 3), (2, 4), (1, 4), (1, 6), (1, 12)]
    for row, expected in enumerate(one_by_one):
        (ids,) = expected["outputs"]
        np.testing.assert_array_equal(found["outputs"][row, : len(ids)], ids)
        assert not found["outputs"][row, len(ids) :].any()
        np.testing.assert_allclose(found["scores"][row], expected["scores"][0], rtol=1e-5)


def test_it_gives_candidates_of_any_number(network, opened):
    for halfwidth in (1, 3):
        found = opened.call("candidates", inputs=SOURCES, halfwidth=np.int32(halfwidth))
        expected = one_pass().candidates(network, tf.constant(SOURCES), halfwidth)
        np.testing.assert_array_equal(found["outputs"], expected.ids)
        np.testing.assert_allclose(found["log_prob"], expected.scores, rtol=1e-5)


def test_it_translates_text_with_the_vocabulary_beside_it(network, opened):
    lines = ["1 2 3", " 7 unheard 0\r"]
    expected = []
    for line in ("1 2 3", "7 <unk> 0"):
        ids = one_pass()(network, tf.constant([[*ENCODER.encode(line), 1]])).ids[0, 0]
        expected.append(ENCODER.decode(ids.numpy(), strip_extraneous=True))
    assert opened.translate(lines) == expected and any(expected)


def test_no_sentence_has_no_translation_and_a_long_one_is_cut(opened):
    for signature, others in (("decode", {}), ("candidates", {"halfwidth": np.int32(1)})):
        found = opened.call(signature, inputs=np.zeros((0, 3), np.int32), **others)
        assert all(len(values) == 0 for values in found.values())
    limited = LiteRtRuntime().open(
        Path(opened.export_dir), dataclasses.replace(FACTS, max_input_size=3)
    )
    expected = opened.call("decode", inputs=[[2, 3, 1]])["outputs"]
    np.testing.assert_array_equal(limited.call("decode", inputs=SOURCES[2:])["outputs"], expected)


def test_a_source_without_a_word(opened):
    found = opened.call("decode", inputs=[[1, 0], [5, 1]])
    assert found["outputs"][0].tolist()[:2] == [1, 0] and found["scores"][0] == 0.0


def test_an_output_that_is_collapsed(tmp_path):
    network = tiny_network(
        "transformer_nat_ctc", "transformer_nat_ctc_multi30k", seed=4, dtype="float32"
    )
    search = Collapsed(decode_hparams("", "collapsed"), HParams(upsampling=2)).exported()
    rng = np.random.default_rng(0)
    sources = np.zeros((50, 12), np.int32)
    for row, length in zip(sources, rng.integers(1, 12, 50), strict=True):
        row[: length + 1] = [*rng.integers(2, VOCAB, length), 1]
    found = written(network, search, tmp_path).call("decode", inputs=sources)
    expected = search(network, tf.constant(sources))
    np.testing.assert_array_equal(found["outputs"], expected.ids[:, 0])
    np.testing.assert_allclose(found["scores"], expected.scores[:, 0], rtol=1e-5)
    assert len(np.unique(found["outputs"], axis=0)) > 25


@pytest.fixture(scope="module")
def teacher():
    return tiny_network("transformer", "transformer_base_v2", seed=4, dtype="float32")


@pytest.fixture(scope="module")
def scorer(teacher, tmp_path_factory):
    beam = Beam(decode_hparams("beam_size=2", "beam"), HParams())
    directory = tmp_path_factory.mktemp("teacher")
    return written(teacher, beam, directory, capabilities=(TRANSLATES, SCORES))


def test_a_teacher_scores_candidates(teacher, scorer):
    opened = scorer
    targets = np.array([[5, 1, 0, 0], [4, 4, 9, 1]], np.int32)
    source = SOURCES[:1, :4]
    found = opened.call("score", inputs=source, targets=targets)
    rows = tf.constant(np.repeat(source, 2, axis=0))
    tokens = token_log_probs(forward(teacher, rows, tf.constant(targets)).logits, targets)
    np.testing.assert_allclose(found["token_log_prob"], tokens, rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(found["log_prob"], np.sum(tokens, 1), rtol=1e-5)
    with pytest.raises(InputError, match="no signature 'decode'; it has choose"):
        opened.require("decode")


def test_a_teacher_verifies_drafts(teacher, scorer):
    decodings_agree(ExportedScorer(scorer), teacher)


def test_a_teacher_chooses_for_several_sentences_or_none(teacher, scorer):
    targets = np.array([[5, 9, 1], [4, 0, 0], [3, 3, 3]], np.int32)
    source = scorer.call("encode", inputs=SOURCES)
    found = scorer.call("choose", **source, targets=targets)
    logits = forward(teacher, tf.constant(SOURCES), tf.constant(targets)).logits
    np.testing.assert_array_equal(found["ids"], np.argmax(logits, axis=2))
    log_probs = tf.nn.log_softmax(logits).numpy()
    np.testing.assert_allclose(found["log_probs"], log_probs.max(axis=2), rtol=1e-4, atol=1e-5)
    gaps = log_probs.max(axis=2) - np.take_along_axis(log_probs, targets[..., None], 2)[..., 0]
    is_token = targets != 0
    np.testing.assert_allclose(found["gaps"][is_token], gaps[is_token], rtol=1e-4, atol=1e-5)
    none = {name: values[:0] for name, values in source.items()}
    for values in scorer.call("choose", **none, targets=targets[:0]).values():
        assert values.shape[0] == 0


def test_eight_bits_are_near(tmp_path):
    # Of narrower layers the weights stay as they are.
    network = tiny_network(
        "transformer_nat",
        "transformer_nat_base_v2",
        seed=4,
        dtype="float32",
        hidden_size=128,
        filter_size=128,
    )
    opened = written(network, one_pass(), tmp_path, LiteRtInt8Runtime)
    expected = one_pass()(network, tf.constant(SOURCES)).scores[:, 0]
    found = opened.call("decode", inputs=SOURCES)["scores"]
    np.testing.assert_allclose(found, expected, rtol=0.05)
    assert not np.allclose(found, expected, rtol=1e-3)
    weights = sum(variable.numpy().nbytes for variable in network.variables)
    assert (tmp_path / MODEL_FILE).stat().st_size < weights / 2


def test_a_damaged_file_is_one_line(tmp_path):
    (tmp_path / MODEL_FILE).write_bytes(b"no model")
    with pytest.raises(InputError, match="can't be loaded"):
        LiteRtRuntime().open(tmp_path, FACTS)
