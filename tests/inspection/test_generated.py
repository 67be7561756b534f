"""What a model decodes, and that what is shown of it belongs to the tokens that came out."""

import copy
import dataclasses

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.exports.metadata import GIVES_HINTS, TRANSLATES, HeldTeacher, read_metadata
from t2t_hint_nart.exports.runtime import open_export
from t2t_hint_nart.inspection.generated import inside_export, inside_network, labels
from t2t_hint_nart.models.network import Network
from t2t_hint_nart.serving import export
from t2t_hint_nart.serving.trained_model import TrainedModel
from t2t_hint_nart.text.byte import ByteTextEncoder
from t2t_hint_nart.text.token import TokenTextEncoder
from tests.inspection.sentence_views import inside, probes
from tests.models.tiny_networks import (
    DECODER_LAYERS,
    HEADS,
    WIDTH,
    tiny_hparams,
    tiny_network,
)

SETS = {"transformer": "transformer_small", "transformer_nat": "transformer_nat_small"}
# Decoding that ends after a few tokens even without training.
SETTINGS = {"transformer": "beam_size=2,extra_length=2", "transformer_nat": "length_bias=1"}
SOURCE = [5, 3, 7, 1]
HINTS = ["hidden", "hidden_normed", "attention"]


def trained(model):
    network = tiny_network(model, SETS[model], dtype="float32")
    encoder = TokenTextEncoder(vocab_list=list("?abcdefgh"), replace_oov="?")
    encoders = {"inputs": encoder, "targets": encoder}
    problem = registry.problem("text2text_tmpdir")
    return TrainedModel(network, model, problem, encoders, tiny_hparams(SETS[model]), 7)


def settings(model, overrides):
    return decode_hparams(overrides, registry.strategy_of(model))


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Exports by model, without scores: they take time, and nothing here looks at them."""
    directory, shown = tmp_path_factory.mktemp("exports"), (TRANSLATES, GIVES_HINTS)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(export, "capabilities_of", lambda network: shown)
        return {
            model: open_export(
                export.export(trained(model), settings(model, overrides), directory / model)
            )
            for model, overrides in SETTINGS.items()
        }


def in_memory(model, overrides):
    subject = trained(model)
    strategy = subject.strategy(settings(model, overrides))
    return subject.model, inside_network(subject.model, strategy, "x")


@pytest.mark.parametrize("model", SETS)
def test_a_network_and_its_export_show_the_same(model, exported):
    there = inside_export(exported[model])
    assert there.name == f"{model} on text2text_tmpdir, step 7"
    from_export = there.generate(SOURCE)
    assert sorted(from_export.probes) == sorted(HINTS)
    tokens, seen = in_memory(model, SETTINGS[model])[1].generate(SOURCE)
    assert from_export.tokens == tokens and tokens and 0 not in tokens
    for name in HINTS:
        np.testing.assert_allclose(from_export.probes[name], seen[name], atol=1e-5)
    length, own = len(tokens), ["encoder_attention", "decoder_attention"]
    own += ["positional_attention"] * (model == "transformer_nat")
    assert [name for name in seen if name not in HINTS] == own
    assert seen["hidden"].shape == (DECODER_LAYERS, length, WIDTH)
    assert seen["attention"].shape == (DECODER_LAYERS, HEADS, length, len(SOURCE))
    assert seen["decoder_attention"].shape == (DECODER_LAYERS, HEADS, length, length)
    assert seen["encoder_attention"].shape[1:] == (HEADS, len(SOURCE), len(SOURCE))


def test_a_stepwise_model_reads_its_own_translation():
    network, subject = in_memory("transformer", SETTINGS["transformer"])
    tokens, seen = subject.generate(SOURCE)
    output = network(tf.constant([SOURCE]), tf.constant([tokens]), probes=("hidden",))
    np.testing.assert_array_equal(seen["hidden"], output.probes["hidden"][0])


@pytest.mark.parametrize("halfwidth", [0, 2])
def test_a_parallel_model_is_asked_for_one_length(halfwidth):
    overrides = f"length_bias=2,length_halfwidth={halfwidth}"
    network, subject = in_memory("transformer_nat", overrides)
    tokens, seen = subject.generate(SOURCE)
    output = network(tf.constant([SOURCE]), tf.ones([1, 6], tf.int32), probes=("hidden",))
    best = np.asarray(output.logits)[0, :, 1:].argmax(-1) + 1
    assert tokens == best[: len(tokens)].tolist()
    assert len(tokens) == 6 or tokens[-1] == 1
    np.testing.assert_array_equal(seen["hidden"], output.probes["hidden"][0][:, : len(tokens)])


def test_positions_behind_the_tokens_are_cut():
    tokens, seen = inside([4, 1, 0], 5).generate(SOURCE)
    assert tokens == [4, 1]
    np.testing.assert_array_equal(seen["hidden"], probes(5)["hidden"][0, :, :2])
    np.testing.assert_array_equal(seen["attention"], probes(5)["attention"][0, :, :, :2])
    rows = probes(5)["decoder_attention"][0, :, :, :2, :2]
    np.testing.assert_array_equal(seen["decoder_attention"], rows)
    np.testing.assert_array_equal(seen["encoder_attention"], probes(5)["encoder_attention"][0])


@pytest.mark.parametrize(
    ("ids", "best", "positions"),
    [
        ([4, 5, 1], [4, 4, 5, 5, 1], [0, 2, 4]),  # adjacent repeats are merged
        ([4, 4, 5], [0, 4, 0, 4, 5], [1, 3, 4]),  # blanks are left out
        ([4, 4, 1], [4, 4, 1, 4, 4], [0, 1, 2]),  # position by position
        ([6, 7, 1], [4, 4, 5, 5, 1], [0, 1, 2]),  # a search's, of other tokens than the best
    ],
)
def test_where_the_tokens_stand(ids, best, positions):
    _, seen = inside(ids, 5, best=best).generate(SOURCE)
    np.testing.assert_array_equal(seen["hidden"], probes(5)["hidden"][0][:, positions])


def test_nothing_comes_out():
    tokens, seen = inside([0, 0], 1).generate(SOURCE)
    assert tokens == [] and seen["hidden"].shape[1] == 0


class Closed(Network):
    """A network without anything to look at but what it is told to have."""

    def __init__(self, *there):
        super().__init__()
        self.there = there

    def probe_sizes(self):
        return {name: {"layers": 1} for name in self.there}


@pytest.mark.parametrize(
    ("there", "told"),
    [
        ((), "it has no probe hidden and no probe attention; its probes: none."),
        (("hidden", "gates"), "it has no probe attention; its probes: hidden, gates."),
    ],
)
def test_a_network_without_probes_is_refused(there, told):
    strategy = registry.strategy("one_pass")(decode_hparams("", "one_pass"), None)
    with pytest.raises(InputError) as refused:
        inside_network(Closed(*there), strategy, "lstm on x, step 3")
    assert str(refused.value) == f"Nothing to show of lstm on x, step 3: {told}"


@pytest.mark.parametrize(
    ("lacks", "told"),
    [
        ({"capabilities": ("translates", "scores")}, "gives no hints: it has translates, scores."),
        ({"probes": {"hidden": {"layers": 1}}}, "no probe attention; its probes: hidden."),
    ],
)
def test_an_export_without_probes_is_refused(exported, lacks, told):
    opened = copy.copy(exported["transformer"])
    opened.metadata = dataclasses.replace(opened.metadata, **lacks)
    with pytest.raises(InputError) as refused:
        inside_export(opened)
    assert str(refused.value).endswith(told)


def test_an_export_in_which_a_teacher_chooses_is_refused(exported):
    opened = copy.copy(exported["transformer_nat"])
    held = HeldTeacher("transformer", "text2text_tmpdir", 7, "a" * 64, 5)
    opened.metadata = dataclasses.replace(opened.metadata, rescored_by=held)
    with pytest.raises(InputError, match=r"^\S+ holds the teacher that chooses among its candi"):
        inside_export(opened)


def test_names_of_other_versions_in_an_exports_metadata(exported):
    opened = copy.copy(exported["transformer_nat"])
    facts = read_metadata(opened.export_dir)
    assert facts.decode_hparams["length_bias"] == 1
    changed = {**facts.decode_hparams, "length_bias": 3, "no_longer_known": 1}
    del changed["dedup"]
    hparams = {**facts.hparams, "untyped": []}
    opened.metadata = dataclasses.replace(facts, decode_hparams=changed, hparams=hparams)
    targets = inside_export(opened).canvas(tf.constant([SOURCE]), tf.constant([[1]]))
    assert targets.numpy().tolist() == [[1] * 7]


@pytest.mark.parametrize(
    ("text", "expected"), [("Hi!", ["H", "i", "!"]), ("ä", ["\\xc3", "\\xa4"]), ("", [])]
)
def test_a_byte_is_its_character_or_its_number(text, expected):
    encoder = ByteTextEncoder()
    assert labels(encoder, [*encoder.encode(text), 1]) == [*expected, "<EOS>"]
