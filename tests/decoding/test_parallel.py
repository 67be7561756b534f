"""One pass and refinement as strategies, over networks whose every answer is known."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.decoding.one_pass import candidate_lengths, one_pass
from t2t_hint_nart.decoding.parallel import CANDIDATES, OnePass, Refinement
from t2t_hint_nart.decoding.reading import dedup, read_collapsed
from t2t_hint_nart.decoding.strategy import IDS
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.losses.likelihood import token_log_probs
from t2t_hint_nart.models.network import Canvas, Output
from tests.models.tiny_networks import tiny_network

EOS = 1
VOCAB = 12
# A key, other tokens and EOS, of lengths 3, 5, 2 and 4.
INPUTS = tf.constant([[5, 2, 1, 0, 0], [3, 4, 6, 7, 1], [9, 1, 0, 0, 0], [2, 2, 8, 1, 0]], tf.int32)
LENGTHS = [3, 5, 2, 4]


def strategy(overrides="length_bias=1", kind=OnePass, name="one_pass", **hparams):
    return kind(decode_hparams(overrides, name), HParams(**hparams))


def refinement(overrides=""):
    return strategy(f"length_bias=1,{overrides}", Refinement, "refinement")


class Spreading:
    """Passes that converge at different times: a token becomes the larger of itself and its left.

    The first pass says what key and position make; a key of 9 never stays the same. Logits depend
    on what is read, so that a pass more or less shows in the scores. Padding is garbage.
    """

    vocab_size = VOCAB

    def __init__(self):
        self.calls = 0

    def encode(self, inputs):
        return {"key": inputs[:, 0]}

    @staticmethod
    def first(key, position):
        return (key * 7 + position * 5) % 9 + 2

    @staticmethod
    def next(key, own, left):
        if own == EOS:
            return EOS
        return (own - 1) % 9 + 2 if key == 9 else max(own, left)

    @staticmethod
    def sharpness(own):
        return 3.0 + 0.25 * own

    def decode(self, source, canvas):
        self.calls += 1
        key = source["key"][:, None]
        positions = tf.range(tf.shape(canvas.mask)[1])[None]
        if canvas.tokens is None:
            own = tf.zeros_like(key + positions)
            ids = (key * 7 + positions * 5) % 9 + 2
        else:
            own = canvas.tokens
            left = tf.pad(own[:, :-1], [[0, 0], [1, 0]])
            spread = tf.where(key == 9, (own - 1) % 9 + 2, tf.maximum(own, left))
            ids = tf.where(own == EOS, EOS, spread)
        ids = tf.where(canvas.mask, ids, 7)
        sharp = 3.0 + 0.25 * tf.cast(own, tf.float32)
        return Output(sharp[:, :, None] * tf.one_hot(ids, VOCAB), canvas.mask)


def refined_by_hand(key, length, iterations):
    """One sentence: (ids, log probability of the last pass, passes after the first)."""
    net = Spreading

    def score(owns):
        sharp = np.array([net.sharpness(own) for own in owns])
        return np.sum(sharp - np.log(np.exp(sharp) + VOCAB - 1))

    ids, total, passes = [net.first(key, t) for t in range(length)], score([0] * length), 0
    while passes < iterations:
        passes += 1
        total = score(ids)
        new = [net.next(key, own, left) for own, left in zip(ids, [0, *ids], strict=False)]
        if new == ids:
            break
        ids = new
    return ids, total, passes


@pytest.mark.parametrize("iterations", [0, 1, 2, 3, 9])
@pytest.mark.parametrize("halfwidth", [0, 2])
def test_refinement_equals_refining_every_sentence_by_hand(iterations, halfwidth):
    network = Spreading()
    search = refinement(f"iterations={iterations},length_halfwidth={halfwidth}")
    found = search(network, INPUTS)
    lengths = candidate_lengths(tf.constant(LENGTHS), 1, halfwidth).numpy()
    passes = []
    for b, key in enumerate(INPUTS[:, 0].numpy().tolist()):
        for c, length in enumerate(lengths[b].tolist()):
            ids, total, needed = refined_by_hand(key, length, iterations)
            passes.append(needed)
            assert found.ids[b, c].numpy().tolist() == ids + [0] * (lengths.max() - length)
            np.testing.assert_allclose(found.scores[b, c], total, rtol=1e-5)
    assert network.calls == 1 + max(passes)
    # The cases differ in when they end, and one doesn't.
    if iterations == 9:
        assert max(passes) == 9 and len(set(passes)) > 2


def test_refinement_of_a_sentence_does_not_depend_on_the_batch():
    search = refinement("iterations=6,length_halfwidth=1")
    together = search(Spreading(), INPUTS)
    for row, length in enumerate(LENGTHS):
        alone = search(Spreading(), INPUTS[row : row + 1, :length])
        width = alone.ids.shape[2]
        np.testing.assert_array_equal(together.ids[row, :, :width], alone.ids[0])
        assert not together.ids[row, :, width:].numpy().any()
        np.testing.assert_allclose(together.scores[row], alone.scores[0], rtol=1e-6)


class Scripted:
    """Says what it is told to say at each pass, whatever the canvas."""

    vocab_size = VOCAB

    def __init__(self, *passes):
        self.passes, self.canvases = passes, []

    def encode(self, inputs):
        return inputs

    def decode(self, source, canvas):
        said = self.passes[len(self.canvases)]
        self.canvases.append(canvas)
        return Output(5.0 * tf.one_hot(said, VOCAB), canvas.mask)


def test_a_sentence_that_stays_the_same_is_final():
    """Even if a later pass, made for another sentence, would change it."""
    network = Scripted(
        [[7, 8, 1], [3, 3, 3]],
        [[7, 8, 1], [4, 3, 3]],
        [[9, 9, 9], [5, 1, 3]],
        [[9, 9, 9], [5, 1, 3]],
        [[9, 9, 9], [6, 6, 6]],
    )
    search = strategy("length_bias=0,iterations=8", Refinement, "refinement")
    found = search(network, tf.constant([[5, 6, 1], [5, 6, 1]]))
    assert found.ids.numpy().tolist() == [[[7, 8, 1]], [[5, 1, 0]]]
    # What was cut at its end isn't asked for again.
    assert network.canvases[3].mask.numpy().tolist() == [[True] * 3, [True, True, False]]
    assert network.canvases[3].tokens.numpy().tolist() == [[7, 8, 1], [5, 1, 0]]
    assert len(network.canvases) == 4


def test_repeats_are_merged_after_the_last_pass():
    network = Scripted([[3, 3, 4]], [[6, 5, 5]], [[6, 5, 5]], [[6, 5, 5]])
    search = strategy("length_bias=0,dedup=True", Refinement, "refinement")
    assert search(network, tf.constant([[5, 6, 1]])).ids.numpy().tolist() == [[[6, 5, 0]]]
    assert network.canvases[1].tokens.numpy().tolist() == [[3, 3, 4]]
    assert network.canvases[3].tokens.numpy().tolist() == [[6, 5, 0]]


@pytest.mark.parametrize("search", [strategy("length_bias=1"), refinement("iterations=3")])
def test_in_a_graph_of_unknown_shapes(search):
    network = Spreading()
    graph = tf.function(
        lambda inputs: tuple(search(network, inputs)), input_signature=[IDS], autograph=False
    )
    for got, expected in zip(graph(INPUTS), search(Spreading(), INPUTS), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-5)


@pytest.mark.parametrize("halfwidth", [0, 2])
def test_one_pass_asks_for_the_lengths_around_the_sources(halfwidth):
    network = Spreading()
    found = strategy(f"length_bias=-1,length_halfwidth={halfwidth}")(network, INPUTS)
    lengths = candidate_lengths(tf.constant(LENGTHS), -1, halfwidth)
    expected = one_pass(
        lambda source, mask: network.decode(source, Canvas(mask)).logits,
        network.encode(INPUTS),
        lengths,
    )
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_array_equal(found.scores, expected.scores)


def test_dedup():
    network = Scripted([[3, 3, 4]], [[3, 9, 9]])
    search = strategy("length_bias=0,dedup=True")
    found = search.candidates(network, tf.constant([[5, 6, 1]]), 0)
    assert found.ids.numpy().tolist() == [[[3, 4, 0]]]
    # The score is that of 3 4 at two positions, where the model says 3 9.
    assert network.canvases[1].mask.numpy().tolist() == [[True, True, False]]
    assert network.canvases[1].tokens is None
    total = np.log(np.exp(5.0) + VOCAB - 1)
    np.testing.assert_allclose(found.scores, [[5.0 - 2 * total]], rtol=1e-5)


@pytest.mark.parametrize("halfwidth", [0, 1])
@pytest.mark.parametrize(("kind", "name"), [(OnePass, "one_pass"), (Refinement, "refinement")])
def test_scores_are_those_of_what_is_left_after_merging(kind, name, halfwidth):
    """Each merged sentence has the probability that the model gives it by itself."""
    overrides = f"length_bias=1,dedup=True,length_halfwidth={halfwidth}"
    network = Spreading()
    found = strategy(overrides, kind, name)(network, INPUTS)
    for row, candidates, scores in zip(INPUTS, found.ids, found.scores, strict=True):
        for ids, score in zip(candidates, scores, strict=True):
            alone = ids[None, : tf.math.count_nonzero(ids)]
            canvas = Canvas(alone != 0, alone if kind is Refinement else None)
            logits = network.decode(network.encode(row[None]), canvas).logits
            expected = tf.reduce_sum(token_log_probs(logits, alone))
            np.testing.assert_allclose(score, expected, rtol=1e-5)


@pytest.mark.parametrize(
    ("overrides", "measured", "expected"),
    [("", 2, 2), ("length_bias=-1", 2, -1), ("use_inputs_length=True", 2, 0)],
)
def test_the_length_bias_is_what_is_said_or_was_measured(overrides, measured, expected):
    search = strategy(overrides, length_bias=measured)
    assert search.length_bias() == expected
    assert search.lengths(INPUTS, 0).numpy().tolist() == [[n + expected] for n in LENGTHS]


@pytest.mark.parametrize("hparams", [{}, {"length_bias": None}])
def test_an_unknown_length_bias_is_refused(hparams):
    with pytest.raises(InputError, match=r"^length_bias \(C\) isn't known.*length_bias=<int>\.$"):
        strategy("", **hparams)(Spreading(), INPUTS)


def test_a_negative_halfwidth_is_refused():
    with pytest.raises(InputError, match=r"^length_halfwidth is -1; it must be at least 0\.$"):
        strategy("length_halfwidth=-1")


def test_several_lengths_need_a_scorer():
    assert strategy("length_bias=1").needs_scorer == ""
    for overrides in ("beam_size=3", "length_halfwidth=2"):
        assert strategy(overrides).needs_scorer == (
            "length_halfwidth=2 (a student's beam_size - 1) gives 5 candidates a sentence, "
            "which a teacher must rank"
        )


def test_drafts_need_one_too_and_are_of_one_length():
    drafts = strategy("length_bias=1,verified=True,verified_tolerance=0.5,extra_length=7")
    assert drafts.needs_scorer == "verified=True makes drafts, which a teacher must check"
    several = strategy("length_bias=1,verified=True,beam_size=3")
    for got, expected in zip(
        several(Spreading(), INPUTS), drafts(Spreading(), INPUTS), strict=True
    ):
        np.testing.assert_array_equal(got, expected)


def test_the_canvas_of_a_decode_has_the_length_that_was_asked_for():
    canvas = strategy("length_bias=1,length_halfwidth=2").canvas(INPUTS, INPUTS)
    assert canvas.dtype == INPUTS.dtype
    assert tf.reduce_sum(canvas, axis=1).numpy().tolist() == [4, 6, 3, 5]


def test_an_export_has_one_length_and_the_candidates_beside():
    search, network = strategy("length_halfwidth=2", length_bias=1), Spreading()
    exported = search.exported()
    assert (exported.settings.length_halfwidth, exported.settings.length_bias) == (0, 1)
    assert exported.needs_scorer == "" and search.settings.length_halfwidth == 2
    function, inputs = exported.signatures(network)[CANDIDATES]
    assert inputs == (IDS, tf.TensorSpec([], tf.int32))
    found = function(INPUTS, tf.constant(2))
    expected = search(network, INPUTS)
    np.testing.assert_array_equal(found["outputs"], expected.ids)
    np.testing.assert_array_equal(found["log_prob"], expected.scores)


def test_an_exported_refinement_refines():
    search = refinement("iterations=3")
    exported = search.exported()
    assert isinstance(exported, Refinement) and exported.settings.iterations == 3
    function, _ = exported.signatures(Spreading())[CANDIDATES]
    found = function(INPUTS, tf.constant(0))
    np.testing.assert_array_equal(found["outputs"], search(Spreading(), INPUTS).ids)


class Collapsed(OnePass):
    """A student of variable length: twice the source's positions, blanks and repeats go."""

    reading = staticmethod(read_collapsed)

    def lengths(self, inputs, halfwidth):
        return super().lengths(inputs, halfwidth) * 2


def test_a_subclass_may_ask_for_other_lengths_and_read_otherwise():
    said = [[3, 3, 0, 3, 4, 4], [0, 2, 2, 0, 9, 9]]
    found = strategy("length_bias=0", Collapsed)(
        Scripted(said), tf.constant([[5, 6, 1], [7, 1, 0]])
    )
    # Of the second there are four positions.
    assert found.ids.numpy().tolist() == [[[3, 3, 4, 0, 0, 0]], [[2, 0, 0, 0, 0, 0]]]


class StepwiseNetwork:
    vocab_size = VOCAB

    def encode(self, inputs):
        return inputs


@pytest.mark.parametrize("kind", ["one_pass", "refinement"])
def test_a_model_without_a_canvas_is_refused(kind):
    search = {"one_pass": strategy, "refinement": refinement}[kind]()
    with pytest.raises(InputError) as caught:
        search(StepwiseNetwork(), INPUTS)
    assert str(caught.value) == (
        "Model 'StepwiseNetwork' has no decode, which decoding in one pass needs "
        "(models.protocol, Parallel)."
    )


def test_the_student_of_a_sentence_does_not_depend_on_the_batch():
    model = tiny_network("transformer_nat", "transformer_nat_base_v2", seed=3)
    search = strategy("length_bias=1,length_halfwidth=1")
    together = search(model, INPUTS)
    for row, length in enumerate(LENGTHS):
        alone = search(model, INPUTS[row : row + 1, :length])
        width = alone.ids.shape[2]
        np.testing.assert_array_equal(together.ids[row, :, :width], alone.ids[0])
        assert not together.ids[row, :, width:].numpy().any()
        np.testing.assert_allclose(together.scores[row], alone.scores[0], rtol=1e-5)
    merged = strategy("length_bias=1,length_halfwidth=1,dedup=True")(model, INPUTS)
    np.testing.assert_array_equal(merged.ids, dedup(together.ids))
