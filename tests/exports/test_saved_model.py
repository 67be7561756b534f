"""SavedModels: what is written is what the network does, and a damaged one is refused."""

import dataclasses
import gc
import shutil

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.beam import Beam, Greedy
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.capabilities import ExportedScorer, HintGiver
from t2t_hint_nart.exports.metadata import GIVES_HINTS, METADATA_FILE, SCORES, TRANSLATES
from t2t_hint_nart.exports.runtime import open_export
from t2t_hint_nart.exports.saved_model import SavedModelRuntime, compared_probes
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.losses.likelihood import token_log_probs
from t2t_hint_nart.text.lines import AROUND_SENTENCES
from t2t_hint_nart.text.token import TokenTextEncoder
from tests.exports.table_exports import INPUTS, METADATA, TARGETS, TableTeacher, write_saved_model
from tests.models.tiny_networks import COMPARED, VOCAB, tiny_network

SOURCES = tf.constant([[5, 6, 7, 1], [4, 1, 0, 0]])
WORDS = ["<unk>", *(str(number) for number in range(VOCAB - 3))]


@pytest.fixture(scope="module")
def network():
    return tiny_network("transformer", "transformer_base_v2", seed=4, dtype="float32")


@pytest.fixture(scope="module")
def encoder():
    return TokenTextEncoder(vocab_list=WORDS, replace_oov="<unk>")


def search(kind=Beam):
    return kind(decode_hparams("beam_size=2,extra_length=2"), HParams())


@pytest.fixture(scope="module")
def opened(network, encoder, tmp_path_factory):
    directory = tmp_path_factory.mktemp("written")
    encoders = {"inputs": encoder, "targets": encoder}
    capabilities = (TRANSLATES, SCORES, GIVES_HINTS)
    SavedModelRuntime().write(network, search(), encoders, capabilities, directory)
    METADATA.write(directory)
    found = open_export(directory)
    gc.collect()  # whatever isn't kept alive is gone
    return found


@pytest.mark.parametrize(("signature", "kind"), [("decode", Beam), ("greedy", Greedy)])
def test_it_decodes_as_the_strategy_does(network, opened, signature, kind):
    found = opened.call(signature, inputs=SOURCES)
    expected = search(kind)(network, SOURCES)
    np.testing.assert_array_equal(found["outputs"], expected.ids[:, 0])
    np.testing.assert_allclose(found["scores"], expected.scores[:, 0], rtol=1e-5)


def test_it_translates_text(opened, encoder):
    lines = ["1 2 3", "7 unheard 0"]
    ids = tf.ragged.constant([[*encoder.encode(line), 1] for line in lines], tf.int32).to_tensor()
    rows = opened.call("decode", inputs=ids)["outputs"].numpy()
    expected = [encoder.decode(row, strip_extraneous=True) for row in rows]
    assert opened.translate(lines) == expected and any(expected)


@pytest.mark.parametrize("around", [*AROUND_SENTENCES, "\ufeff \r\n"])
def test_text_is_read_as_files_are(opened, around):
    expected = opened.call("serving_default", text=["1 2 3"])
    text = f"{around}1 2 3{around}"
    found = opened.call("serving_default", text=[text])
    np.testing.assert_array_equal(found["outputs"], expected["outputs"])
    assert opened.translate([text]) == opened.translate(["1 2 3"])


def test_it_translates_examples(opened):
    feature = {"inputs": tf.train.Feature(int64_list=tf.train.Int64List(value=SOURCES[0].numpy()))}
    example = tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()
    found = opened.call("serving_example", input=tf.constant([example]))["outputs"]
    np.testing.assert_array_equal(found, opened.call("decode", inputs=SOURCES[:1])["outputs"])


def test_it_scores_with_the_source_encoded_once_or_along(network, opened):
    targets = tf.constant([[3, 4, 1], [2, 1, 0]])
    expected = token_log_probs(network(SOURCES, targets).logits, targets).numpy()
    found = opened.call("score", inputs=SOURCES, targets=targets)
    np.testing.assert_allclose(found["token_log_prob"], expected, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found["log_prob"], expected.sum(1), rtol=1e-5)
    scorer = ExportedScorer(opened)
    source = scorer.encode(SOURCES)
    np.testing.assert_allclose(scorer.score_encoded(source, targets), expected.sum(1), rtol=1e-5)
    swapped = {name: tensor[::-1] for name, tensor in source.items()}
    np.testing.assert_allclose(
        scorer.score_encoded(swapped, targets[::-1]), expected.sum(1)[::-1], rtol=1e-5
    )


def test_it_gives_the_probes_that_terms_compare(network, opened):
    targets = tf.constant([[3, 4, 1], [2, 1, 0]])
    output = HintGiver(opened).hints(SOURCES, targets)
    expected = network(SOURCES, targets, probes=COMPARED)
    assert set(output.probes) == set(compared_probes(network)) == set(COMPARED)
    for name in COMPARED:
        np.testing.assert_allclose(output.probes[name], expected.probes[name], 1e-4, 1e-5)
    np.testing.assert_allclose(output.logits, expected.logits, 1e-4, 1e-5)


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    directory = tmp_path_factory.mktemp("table") / "teacher"
    write_saved_model(directory, TableTeacher())
    METADATA.write(directory)
    return directory


def test_a_signature_that_is_not_there(exported):
    with pytest.raises(InputError) as caught:
        open_export(exported).require("decoed")
    assert str(caught.value) == (
        f"SavedModel {exported}, a 'transformer', has no signature 'decoed'; it has decode, "
        "encode, greedy, hints, score, score_encoded. Did you mean 'decode' or 'encode'?"
    )
    with pytest.raises(InputError, match="has no signature 'candidates'"):
        open_export(exported).call("candidates", inputs=INPUTS)
    assert open_export(exported).call("score", inputs=INPUTS, targets=TARGETS)


def garble(name):
    def damage(directory):
        (directory / name).write_bytes(b"\x00garbled\xff" * 9)

    return damage


def cut_variables(directory):
    data = directory / "variables" / "variables.data-00000-of-00001"
    data.write_bytes(data.read_bytes()[:10])


def remove_variables(directory):
    shutil.rmtree(directory / "variables")


def remove_graph(directory):
    (directory / "saved_model.pb").unlink()


def remove_metadata(directory):
    (directory / METADATA_FILE).unlink()


def metadata_of_another_format(directory):
    dataclasses.replace(METADATA, format=99).write(directory)


def incomplete_metadata(directory):
    (directory / METADATA_FILE).write_text('{"model": "transformer"}')


@pytest.mark.parametrize(
    "damage",
    [
        garble("saved_model.pb"),
        garble(METADATA_FILE),
        cut_variables,
        remove_variables,
        remove_graph,
        remove_metadata,
        metadata_of_another_format,
        incomplete_metadata,
    ],
)
def test_a_damaged_export(exported, tmp_path, damage):
    copy = shutil.copytree(exported, tmp_path / "copy")
    damage(copy)
    with pytest.raises(InputError) as raised:
        open_export(copy)
    assert "\n" not in str(raised.value) and str(copy) in str(raised.value)


def test_no_export(tmp_path):
    for directory in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match=f"^No export in {directory}; make one"):
            open_export(directory)
