"""SavedModels: what is written is what the network does, and a damaged one is refused."""

import dataclasses
import gc
import shutil

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.beam import Beam, Greedy
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.decoding.parallel import OnePass
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.capabilities import ExportedScorer, HintGiver
from t2t_hint_nart.exports.metadata import GIVES_HINTS, METADATA_FILE, SCORES, TRANSLATES
from t2t_hint_nart.exports.runtime import open_export
from t2t_hint_nart.exports.saved_model import SavedModelRuntime
from t2t_hint_nart.exports.signatures import compared_probes
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.losses.likelihood import token_log_probs
from t2t_hint_nart.text.lines import AROUND_SENTENCES
from t2t_hint_nart.text.token import TokenTextEncoder
from tests.exports.table_exports import INPUTS, METADATA, TARGETS, TableTeacher, write_saved_model
from tests.exports.verified_decodings import decodings_agree
from tests.models.tiny_networks import COMPARED, VOCAB, tiny_network

SOURCES = tf.constant([[5, 6, 7, 1], [4, 1, 0, 0]])
WORDS = ["<unk>", *(str(number) for number in range(VOCAB - 3))]


@pytest.fixture(scope="module")
def network():
    return tiny_network("transformer", "transformer_base_v2", seed=4, dtype="float32")


@pytest.fixture(scope="module")
def encoder():
    return TokenTextEncoder(vocab_list=WORDS, replace_oov="<unk>")


LIMIT = 6


def search(kind=Beam):
    settings = f"beam_size=2,extra_length=2,max_input_size={LIMIT}"
    return kind(decode_hparams(settings), HParams())


def written(network, strategy, encoder, capabilities, directory):
    encoders = {"inputs": encoder, "targets": encoder}
    SavedModelRuntime().write(network, strategy, encoders, capabilities, directory)
    dataclasses.replace(METADATA, max_input_size=LIMIT).write(directory)
    found = open_export(directory)
    gc.collect()  # whatever isn't kept alive is gone
    return found


@pytest.fixture(scope="module")
def opened(network, encoder, tmp_path_factory):
    capabilities = (TRANSLATES, SCORES, GIVES_HINTS)
    directory = tmp_path_factory.mktemp("written")
    return written(network, search(), encoder, capabilities, directory)


@pytest.fixture(scope="module")
def student(encoder, tmp_path_factory):
    settings = decode_hparams(f"length_bias=1,max_input_size={LIMIT}", "one_pass")
    network = tiny_network("transformer_nat", "transformer_nat_base_v2", seed=4, dtype="float32")
    directory = tmp_path_factory.mktemp("student")
    strategy = OnePass(settings, HParams())
    return written(network, strategy, encoder, (TRANSLATES, GIVES_HINTS), directory)


@pytest.fixture
def either(request):
    return request.getfixturevalue(request.param)


TRANSLATING = ("serving_default", "serving_example", "decode")
OF_TEACHER = (*TRANSLATING, "greedy", "score", "encode", "score_encoded", "choose", "hints")
SIGNATURES = [
    *(("opened", name) for name in OF_TEACHER),
    *(("student", name) for name in (*TRANSLATING, "candidates", "hints")),
]
every_signature = pytest.mark.parametrize(
    ("either", "signature"), SIGNATURES, indirect=["either"], ids=map(" ".join, SIGNATURES)
)


def test_these_are_all_signatures(opened, student):
    there = {(name, each) for name, export in (("opened", opened), ("student", student))
             for each in export._loaded.signatures}  # fmt: skip
    assert there == set(SIGNATURES)


@every_signature
def test_zero_in_zero_out(either, signature):
    """Of any width."""
    for width in (0, 3):
        found = either.call(
            signature,
            **{
                name: tf.zeros([size or width for size in spec.shape], spec.dtype)[:0]
                if spec.shape.rank
                else tf.constant(1)
                for name, spec in inputs_of(either, signature).items()
            },
        )
        assert found and all(tensor.shape[0] == 0 for tensor in found.values())


def inputs_of(export, signature):
    return export._loaded.signatures[signature].structured_input_signature[1]


def example(ids):
    feature = {"inputs": tf.train.Feature(int64_list=tf.train.Int64List(value=ids))}
    return tf.train.Example(features=tf.train.Features(feature=feature)).SerializeToString()


def asked(export, signature, rows):
    """What a signature that takes sources gives for rows of ids, padded; of texts: words."""
    width = max(map(len, rows))
    ids = tf.constant([[*row, *[0] * (width - len(row))] for row in rows], tf.int32)
    words = [" ".join(WORDS[i - 2] for i in row if i > 1) for row in rows]
    known = {
        "inputs": ids,
        "targets": tf.constant([[3, 1]] * len(rows)),
        "halfwidth": tf.constant(1),
        "text": tf.constant(words),
        "input": tf.constant([example(row) for row in rows]),
    }
    return export.call(signature, **{name: known[name] for name in inputs_of(export, signature)})


@every_signature
def test_a_source_without_a_word_has_the_empty_translation(either, signature):
    if signature in ("score", "encode", "score_encoded", "choose", "hints"):
        pytest.skip("translates nothing")
    found = asked(either, signature, [[1], [4, 5, 1], [0]])
    alone = asked(either, signature, [[4, 5, 1]])
    for name, expected in alone.items():
        np.testing.assert_allclose(found[name][1], expected[0], rtol=1e-5) if (
            name != "outputs"
        ) else np.testing.assert_array_equal(found[name][1], expected[0])
    scores = found["log_prob" if signature == "candidates" else "scores"].numpy()
    for place in (0, 2):
        outputs = found["outputs"][place].numpy()
        best = outputs[0] if signature == "candidates" else outputs
        assert best == b"" if signature == "serving_default" else best.tolist()[:2] == [1, 0]
        assert np.ravel(scores[place])[0] == 0.0


def test_a_teacher_verifies_drafts(opened, network):
    decodings_agree(ExportedScorer(opened), network)


@every_signature
@pytest.mark.parametrize("length", [1000, 3000])
def test_a_source_is_cut_to_the_limit(either, signature, length):
    """Whatever its length, what is computed has the size of the limit; hints refuse."""
    if signature in ("score_encoded", "choose"):
        pytest.skip("takes sources that are cut already")
    long = [2 + i % (VOCAB - 2) for i in range(length)] + [1]
    rows = [[*long[: LIMIT - 1], 1], [4, 1]]
    if signature == "hints":
        with pytest.raises(InputError, match=f"at most {LIMIT} tokens, not {length + 1}: train"):
            asked(either, signature, [long, rows[1]])
        raw = either._loaded.signatures["hints"]
        with pytest.raises(tf.errors.InvalidArgumentError, match=f"may have {LIMIT} tokens"):
            raw(inputs=tf.constant([long]), targets=tf.constant([[3, 1]]))
        return
    found, expected = (asked(either, signature, each) for each in ([long, rows[1]], rows))
    assert found.keys() == expected.keys()
    for name, tensor in expected.items():
        np.testing.assert_array_equal(found[name], tensor)


@pytest.mark.parametrize("signature", ["score", "score_encoded", "choose", "hints"])
def test_targets_that_no_source_has_are_refused(opened, signature):
    targets = tf.fill([1, LIMIT + 1025], 3)
    given = {"inputs": SOURCES[:1]}
    if signature in ("score_encoded", "choose"):
        given = opened.call("encode", **given)
    with pytest.raises(tf.errors.InvalidArgumentError, match=r"max_input_size \+ 1024"):
        opened._loaded.signatures[signature](**given, targets=targets)


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
