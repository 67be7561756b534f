"""Iterative refinement as a strategy, over a network whose answers are known, and a real one."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding import CANDIDATES
from t2t_hint_nart.decoding.decode_hparams import decode_hparams, exported_names
from t2t_hint_nart.decoding.iterative_refinement import IterativeRefinement
from t2t_hint_nart.decoding.strategy import IDS
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.models.network import Output
from tests.models.tiny_networks import tiny_network
from tests.oracles.convergence import last_pass

NAME = "iterative_refinement"
EOS, VOCAB, KEYS, PASSES, LENGTH = 1, 8, 10, 20, 8
# What position t of a sentence with such a key says in such a pass: few tokens, so that bags are
# said again at all times; key 9 never stops, key 8 always says the same, key 7 ends early.
SAID = np.random.default_rng(5).integers(2, 6, size=(KEYS, PASSES, LENGTH)).astype(np.int32)
SAID[9] = np.where(np.arange(LENGTH) < np.arange(PASSES)[:, None] % 5, 7, 2)
SAID[8] = [3, 3, 4, 4, 4, 1, 5, 5]
SAID[7, :, 2] = EOS
# The logit of PAD, which no sentence has inside.
RATHER = 9.0
# Keys, sources of lengths 3 to 5; targets are as long as the source and key % 3 − 1 more.
INPUTS = tf.constant(
    [[key, 5, 6, 7, 1] if key % 2 else [key, 5, 1, 0, 0] for key in range(2, KEYS)], tf.int32
)


def strategy(overrides="", **hparams):
    return IterativeRefinement(decode_hparams(overrides, NAME), HParams(**hparams))


class Telling:
    """Says SAID, and would rather say PAD; the states count the passes; it notes what it is shown.

    What it says of padding is garbage.
    """

    vocab_size = VOCAB

    def __init__(self):
        self.shown = []

    def encode(self, inputs):
        return {"key": inputs[:, 0]}

    def length_logits(self, source):
        return tf.one_hot(source["key"] % 3 + 1, 5)

    def refine(self, source, canvas, states=None):
        self.shown.append(canvas.tokens)
        shape = tf.shape(canvas.mask)
        if states is None:
            states = tf.zeros([shape[0], shape[1], 1])
        step = tf.cast(states[:, 0, 0], tf.int32)
        ids = tf.gather_nd(tf.constant(SAID), tf.stack([source["key"], step], axis=1))
        ids = tf.where(canvas.mask, ids[:, : shape[1]], 6)
        sharp = 3.0 + 0.25 * states
        logits = sharp * tf.one_hot(ids, VOCAB) + RATHER * tf.one_hot(0, VOCAB)
        return Output(logits, canvas.mask), states + 1.0


def by_hand(key, length, rule, iterations=PASSES, window=5):
    """One sentence: ids, the log probability of its last pass, and how many there were."""
    outputs = SAID[key, :iterations, :length].tolist()
    passes = iterations if rule == "none" else last_pass(rule, outputs, window)
    ids = outputs[passes - 1]
    ids = ids[: ids.index(EOS) + 1] if EOS in ids else ids
    sharp = 3.0 + 0.25 * (passes - 1)
    return ids, len(ids) * (sharp - np.log(np.exp(sharp) + np.exp(RATHER) + VOCAB - 2)), passes


def lengths():
    """Of the targets: 2 to 6 tokens."""
    return [(5 if key % 2 else 3) + key % 3 - 1 for key in range(2, KEYS)]


@pytest.mark.parametrize("rule", ["jaccard", "equality", "none"])
@pytest.mark.parametrize("limits", [{}, {"iterations": 7}, {"iterations": 20, "window": 3}])
def test_equals_refining_every_sentence_by_hand(rule, limits):
    network = Telling()
    overrides = f"convergence={rule},iterations={limits.get('iterations', PASSES)}"
    overrides += f",convergence_window={limits.get('window', 5)}"
    found = strategy(overrides)(network, INPUTS)
    done = []
    for row, length in enumerate(lengths()):
        ids, score, passes = by_hand(row + 2, length, rule, **limits)
        done.append(passes)
        assert found.ids[row, 0].numpy().tolist() == ids + [0] * (max(lengths()) - len(ids))
        np.testing.assert_allclose(found.scores[row, 0], score, rtol=1e-4)
    # No pass more than the slowest sentence needs.
    assert len(network.shown) == max(done) and network.shown[0] is None
    if rule == "jaccard" and not limits:
        assert len(set(done)) > 3 and min(done) == 5 and max(done) == PASSES


def test_a_sentence_that_is_done_stays_as_it_is_while_others_go_on():
    network = Telling()
    found = strategy()(network, INPUTS)
    moved = set()
    for row, length in enumerate(lengths()):
        _, _, passes = by_hand(row + 2, length, "jaccard")
        final = network.shown[passes][row].numpy() if passes < PASSES else None
        for tokens in network.shown[passes:]:
            np.testing.assert_array_equal(tokens[row], final)
        for tokens in network.shown[1 : passes - 1]:
            moved.add(bool(np.any(tokens[row] != network.shown[passes - 1][row])))
    assert moved == {True, False} and found.ids.shape[0] == len(lengths())


@pytest.mark.parametrize("overrides", ["", "length_halfwidth=1,dedup=True", "convergence=equality"])
def test_a_sentence_does_not_depend_on_the_batch(overrides):
    search = strategy(overrides)
    together = search(Telling(), INPUTS)
    for row in range(INPUTS.shape[0]):
        length = np.count_nonzero(INPUTS[row])
        alone = search(Telling(), INPUTS[row : row + 1, :length])
        width = alone.ids.shape[2]
        np.testing.assert_array_equal(together.ids[row, :, :width], alone.ids[0])
        assert not together.ids[row, :, width:].numpy().any()
        np.testing.assert_allclose(together.scores[row], alone.scores[0], rtol=1e-4)


def test_lengths_are_the_most_probable_and_those_around_it():
    network = Telling()
    search = strategy()
    source = network.encode(INPUTS)
    for halfwidth in (0, 2):
        expected = [
            [max(length + delta, 1) for delta in range(-halfwidth, halfwidth + 1)]
            for length in lengths()
        ]
        assert search._lengths(network, source, INPUTS, halfwidth).numpy().tolist() == expected
    fixed = strategy("length_bias=2")._lengths(network, source, INPUTS, 0)
    assert fixed[:, 0].numpy().tolist() == [5, 7] * 4
    plain = strategy("use_inputs_length=True")._lengths(network, source, INPUTS, 0)
    assert plain[:, 0].numpy().tolist() == [3, 5] * 4


def test_repetitions_are_merged_and_only_what_is_left_is_scored():
    search = strategy("dedup=True")
    found = search(Telling(), tf.constant([[8, 5, 1]]))
    # Three source tokens and one more: 3 3 4 4, in five passes.
    assert found.ids.numpy().tolist() == [[[3, 4, 0, 0]]]
    total = np.log(np.exp(4.0) + np.exp(RATHER) + VOCAB - 2)
    np.testing.assert_allclose(found.scores, [[2 * (4.0 - total)]], rtol=1e-4)


def test_in_a_graph_of_unknown_shapes():
    for overrides in ("", "convergence=none,iterations=3", "iterations=1"):
        search = strategy(overrides)
        graph = tf.function(
            lambda inputs, search=search: tuple(search(Telling(), inputs)),
            input_signature=[IDS],
            autograph=False,
        )
        for got, expected in zip(graph(INPUTS), search(Telling(), INPUTS), strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-4)


def test_an_export_has_one_length_and_the_candidates_beside():
    search, network = strategy("length_halfwidth=1"), Telling()
    assert "3 candidates" in search.needs_scorer
    exported = search.exported()
    assert exported.settings.length_halfwidth == 0 and exported.needs_scorer == ""
    function, inputs = exported.signatures(network)[CANDIDATES]
    assert inputs == (IDS, tf.TensorSpec([], tf.int32))
    found = function(INPUTS, tf.constant(1))
    np.testing.assert_array_equal(found["outputs"], search(network, INPUTS).ids)
    names = exported_names(exported.settings, NAME)
    assert {"iterations", "convergence", "convergence_window", "dedup"} <= set(names)


@pytest.mark.parametrize(
    ("overrides", "message"),
    [
        ("iterations=0", "iterations is 0; it must be at least 1"),
        ("convergence=oracle", "convergence"),
        ("convergence_window=1", "convergence_window is 1"),
    ],
)
def test_values_that_are_refused(overrides, message):
    with pytest.raises(InputError, match=message):
        strategy(overrides)


def test_a_model_of_one_pass_is_refused():
    with pytest.raises(InputError, match="no length_logits and no refine, which iterative"):
        strategy()(tiny_network("transformer_nat", "transformer_nat_small"), INPUTS)


def test_of_a_real_network_a_sentence_does_not_depend_on_the_batch_either():
    model = tiny_network(
        "transformer_nat_refinement", "transformer_nat_refinement_small", seed=3, dtype="float32"
    )
    search = strategy("length_halfwidth=1")
    inputs = tf.constant([[5, 6, 7, 1, 0], [8, 1, 0, 0, 0], [1, 0, 0, 0, 0], [4, 5, 9, 2, 1]])
    together = search(model, inputs)
    for row in range(4):
        alone = search(model, inputs[row : row + 1, : np.count_nonzero(inputs[row])])
        width = alone.ids.shape[2]
        np.testing.assert_array_equal(together.ids[row, :, :width], alone.ids[0])
        assert not together.ids[row, :, width:].numpy().any()
        np.testing.assert_allclose(together.scores[row], alone.scores[0], rtol=1e-4)
    graph = tf.function(
        lambda inputs: tuple(strategy()(model, inputs)), input_signature=[IDS], autograph=False
    )
    ids, scores = graph(inputs)
    alone = strategy()(model, inputs)
    np.testing.assert_array_equal(ids, alone.ids)
    np.testing.assert_allclose(scores, alone.scores, rtol=1e-4)
