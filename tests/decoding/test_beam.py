"""Search as a strategy: its settings, its caches, and what it finds with a Transformer."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding import beam
from t2t_hint_nart.decoding.beam import GREEDY, Beam, Greedy
from t2t_hint_nart.decoding.beam_search import beam_search
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.decoding.search import repeat_sentences
from t2t_hint_nart.decoding.strategy import IDS
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from tests.decoding.fake_models import HistoryModel, HistoryNetwork, RecurrentNetwork
from tests.models.tiny_networks import tiny_network

KEYS = [11, 12, 13]
# A key, other tokens and EOS; limits are the lengths + extra_length.
SOURCES = tf.constant([[11, 1, 0, 0], [12, 5, 1, 0], [13, 5, 6, 1]])
LIMITS = [5, 6, 7]


def strategy(overrides="", kind=Beam):
    return kind(decode_hparams(overrides), HParams())


def assert_same(got, expected):
    np.testing.assert_array_equal(got[0], expected[0])
    np.testing.assert_allclose(got[1], expected[1], rtol=1e-5)


@pytest.mark.parametrize(
    ("overrides", "beam_size", "alpha", "stopping"),
    [
        ("", 4, 0.6, "1.2.9"),
        ("beam_size=2,alpha=1.5,stopping=best_finished", 2, 1.5, "best_finished"),
        ("beam_size=3,return_beams=True", 3, 0.6, "full_beam"),
    ],
)
def test_the_search_has_the_settings_and_limits(overrides, beam_size, alpha, stopping):
    model = HistoryModel(6, eos_bias=-1.0)
    expected = beam_search(
        model,
        tf.zeros([3], tf.int32),
        beam_size,
        np.array(LIMITS),
        6,
        alpha,
        model.states(KEYS),
        stopping=stopping,
    )
    found = strategy(f"extra_length=3,{overrides}")(HistoryNetwork(6, eos_bias=-1.0), SOURCES)
    assert_same(found, expected)


@pytest.mark.parametrize("overrides", ["beam_size=3", "beam_size=1"])
def test_it_finds_the_same_while_the_cache_grows(monkeypatch, overrides):
    networks = [HistoryNetwork(6, eos_bias=-1.0) for _ in range(2)]
    search = strategy(f"extra_length=4,{overrides}")
    fixed = search(networks[0], SOURCES)
    monkeypatch.setattr(beam, "BLOCK", 3)
    assert_same(search(networks[1], SOURCES), fixed)
    assert [set(network.rooms) for network in networks] == [{8}, {3, 6, 9}]


def test_a_state_without_time_needs_no_room(monkeypatch):
    monkeypatch.setattr(beam, "BLOCK", 3)
    search = strategy("extra_length=4")
    assert_same(
        search(RecurrentNetwork(6, eos_bias=-1.0), SOURCES),
        search(HistoryNetwork(6, eos_bias=-1.0), SOURCES),
    )


def test_growing_in_a_graph_of_unknown_shapes_and_in_a_saved_model(monkeypatch, tmp_path):
    monkeypatch.setattr(beam, "BLOCK", 2)
    search, network = strategy("beam_size=3,extra_length=4"), HistoryNetwork(6, eos_bias=1.0)
    # One function serves both, as tracing is what takes the time.
    module = tf.Module()
    module.search = tf.function(
        lambda inputs: tuple(search(network, inputs)), input_signature=[IDS], autograph=False
    )
    assert_same(module.search(SOURCES), search(network, SOURCES))
    tf.saved_model.save(module, str(tmp_path))
    loaded = tf.saved_model.load(str(tmp_path))
    assert_same(loaded.search(SOURCES[:2]), search(network, SOURCES[:2]))


def test_a_sentence_does_not_depend_on_the_batch_or_its_padding():
    search, network = strategy("extra_length=3"), HistoryNetwork(6)
    together = search(network, SOURCES)
    for row, length in enumerate([2, 3, 4]):
        alone = search(network, SOURCES[row : row + 1, :length])
        width = alone.ids.shape[2]
        np.testing.assert_array_equal(together.ids[row, :, :width], alone.ids[0])
        assert not together.ids[row, :, width:].numpy().any()
        np.testing.assert_allclose(together.scores[row], alone.scores[0], rtol=1e-5)


def test_greedy_is_a_beam_of_one_whatever_is_said():
    network = HistoryNetwork(6, eos_bias=-1.0)
    found = strategy("beam_size=4,extra_length=3", Greedy)(network, SOURCES)
    assert found.ids.shape[1] == 1
    assert_same(found, strategy("beam_size=1,extra_length=3")(network, SOURCES))


def test_an_export_searches_for_one_and_has_greedy_search_beside():
    network = HistoryNetwork(6, eos_bias=-1.0)
    search = strategy("beam_size=4,extra_length=3,return_beams=True")
    exported = search.exported()
    assert exported.settings.return_beams is False and search.settings.return_beams is True
    assert exported.settings.beam_size == 4 and exported.settings.extra_length == 3
    assert list(search.signatures(network)) == [GREEDY]
    function, inputs = search.signatures(network)[GREEDY]
    assert inputs == (IDS,)
    greedy = strategy("extra_length=3", Greedy)(network, SOURCES)
    found = function(SOURCES)
    assert_same((found["outputs"], found["scores"]), (greedy.ids[:, 0], greedy.scores[:, 0]))


def test_what_comes_out_needs_no_scorer_and_is_read_back_as_it_is():
    search = strategy()
    assert search.needs_scorer == ""
    np.testing.assert_array_equal(search.canvas(SOURCES, SOURCES[:, 1:]), SOURCES[:, 1:])


class OnePassNetwork:
    vocab_size = 6

    def encode(self, inputs):
        return inputs


def test_a_model_without_steps_is_refused():
    with pytest.raises(InputError) as caught:
        strategy()(OnePassNetwork(), SOURCES)
    assert str(caught.value) == (
        "Model 'OnePassNetwork' has no start and no step, which a search needs "
        "(models.protocol, Stepwise)."
    )


class Hasty:
    """A teacher that would end every sentence at once: p(EOS) = 0.9 after any prefix."""

    vocab_size = 4
    probabilities = np.array([[1e-9, 0.9, 0.06, 0.04]], np.float32)

    def encode(self, inputs):
        return tf.cast(inputs, tf.float32)

    def start(self, source, room):
        return source, {"said": source[:, :1]}

    def step(self, ids, position, memory, state):
        return tf.repeat(tf.math.log(self.probabilities), tf.shape(ids)[0], axis=0), state


def searched(overrides, inputs=((5, 1),)):
    ids, scores = strategy(f"alpha=0.0,{overrides}")(Hasty(), tf.constant(inputs))
    return ids.numpy(), scores.numpy()


@pytest.mark.parametrize("stopping", ["1.2.9", "best_finished"])
def test_all_beams_are_found_where_all_are_asked_for(stopping):
    given = f"beam_size=4,extra_length=3,stopping={stopping}"
    ids, scores = searched(f"{given},return_beams=True")
    expected = [0.9, 0.06 * 0.9, 0.04 * 0.9, 0.06 * 0.06 * 0.9]
    np.testing.assert_allclose(scores, np.log([expected]), rtol=1e-5)
    assert ids[0, :, :3].tolist() == [[1, 0, 0], [2, 1, 0], [3, 1, 0], [2, 2, 1]]
    # The search for one translation ends as it did, and finds the same one.
    one, score = searched(given)
    assert one[0, 0, 0] == 1 and score[0, 0] == scores[0, 0]
    assert score[0, 1] == np.float32(-1e7)


def test_a_beam_that_the_limit_leaves_empty():
    """One token at most: there is no second sentence."""
    ids, scores = searched("beam_size=2,extra_length=0,return_beams=True", inputs=((1,),))
    assert ids.tolist() == [[[1], [0]]]
    np.testing.assert_allclose(scores, [[np.log(0.9), -1e7]], rtol=1e-5)


# With a Transformer: cached steps find what is found when every step computes all positions anew.

INPUTS = np.array([[5, 6, 7, 8, 1], [3, 1, 0, 0, 0], [4, 5, 6, 1, 0]], np.int32)
SETTINGS = "beam_size=3,extra_length=4"
RELATIVE = {"self_attention_type": "dot_product_relative", "max_relative_position": 3}


def decode_without_cache(model, settings):
    """The state is what was said so far; a step is a full pass over it."""
    tokens = tf.reduce_sum(tf.cast(INPUTS != 0, tf.int32), axis=1) + settings.extra_length
    room = int(tf.reduce_max(tokens))
    inputs = repeat_sentences(tf.constant(INPUTS), settings.beam_size)

    def symbols_to_logits(last_ids, step, said):
        before = tf.equal(tf.range(room), step - 1)[None]
        said = tf.where(before, last_ids[:, None], said)
        return tf.gather(model(inputs, said).logits, step, axis=1), said

    return beam_search(
        symbols_to_logits,
        tf.zeros([len(INPUTS)], tf.int32),
        settings.beam_size,
        tokens,
        model.vocab_size,
        settings.alpha,
        tf.zeros([len(INPUTS), room], tf.int32),
        stopping=settings.stopping,
    )


@pytest.mark.parametrize(
    ("set_name", "changes"),
    [
        ("transformer_base_v2", {}),
        ("transformer_base_v2", {"attention_key_channels": 4, "attention_value_channels": 6}),
        ("transformer_relative", RELATIVE),
        ("transformer_base_v3", {**RELATIVE, "pos": None}),
    ],
)
def test_the_cache_changes_nothing(monkeypatch, set_name, changes):
    monkeypatch.setattr(beam, "BLOCK", 3)
    model = tiny_network("transformer", set_name, seed=4, **changes)
    got = strategy(SETTINGS)(model, tf.constant(INPUTS))
    expected = decode_without_cache(model, decode_hparams(SETTINGS))
    assert_same(got, expected)
    # Long enough for the cache to have grown twice, and not one token over and over.
    assert np.max(np.sum(got.ids != 0, axis=-1)) > 6
    assert len(np.unique(got.ids)) > 2


def test_relative_positions_in_a_graph(monkeypatch):
    monkeypatch.setattr(beam, "BLOCK", 3)
    model = tiny_network("transformer", "transformer_relative", seed=4, **RELATIVE)
    graph = tf.function(
        lambda inputs: strategy(SETTINGS)(model, inputs), input_signature=[IDS], autograph=False
    )
    assert_same(graph(tf.constant(INPUTS)), strategy(SETTINGS)(model, tf.constant(INPUTS)))
