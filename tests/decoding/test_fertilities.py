"""Decoding by fertilities: whose they are, how many candidates, and which a teacher picks."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding import CANDIDATES
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.decoding.fertilities import Fertilities
from t2t_hint_nart.decoding.strategy import Rescored
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.models.network import Output
from t2t_hint_nart.text import EOS_ID

VOCAB = 12
INPUTS = tf.constant([[5, 6, 7, 1, 0], [8, 1, 0, 0, 0], [9, 3, 4, 5, 1]], tf.int32)


class Repeating:
    """Says each source token as often as its fertility, whose logits depend on the token."""

    vocab_size = VOCAB

    def __init__(self, classes=4, scale=1.0, seed=1):
        rng = np.random.default_rng(seed)
        self.table = tf.constant(rng.normal(size=(VOCAB, classes)) * scale, tf.float32)

    def encode(self, inputs):
        return inputs, tf.gather(self.table, inputs)

    def fertility_logits(self, source):
        return source[1]

    def with_fertilities(self, source, fertilities):
        inputs, _ = source
        chosen = tf.where(inputs > 1, fertilities, tf.cast(inputs == 1, tf.int32))
        return (inputs, chosen), tf.reduce_sum(chosen, axis=1)

    def decode(self, source, canvas):
        inputs, fertilities = source
        rows = [
            np.repeat(*row) for row in zip(np.array(inputs), np.array(fertilities), strict=True)
        ]
        ids = np.zeros(canvas.mask.shape, np.int32)
        for row, tokens in enumerate(rows):
            ids[row, : len(tokens)] = tokens[: ids.shape[1]]
        return Output(5.0 * tf.one_hot(ids, VOCAB), canvas.mask)


def strategy(overrides=""):
    return Fertilities(decode_hparams(overrides, "fertilities"), HParams())


def repeated(fertilities):
    """What Repeating says, sentence by sentence."""
    return [
        np.repeat(row, np.where(row > 1, times, row == 1)).tolist()
        for row, times in zip(INPUTS.numpy(), fertilities, strict=True)
    ]


def sentences(ids):
    return [[token for token in row if token] for row in np.array(ids).tolist()]


def test_the_models_own_fertilities_are_the_most_probable():
    network = Repeating()
    best = network.table.numpy().argmax(axis=1)[INPUTS.numpy()]
    found = strategy()(network, INPUTS)
    assert found.ids.shape[1] == 1
    assert sentences(found.ids[:, 0]) == repeated(best)


def test_or_their_mean_rounded():
    network = Repeating()
    weights = np.exp(network.table.numpy())
    mean = weights @ np.arange(4) / weights.sum(axis=1)
    expected = repeated(np.rint(mean).astype(int)[INPUTS.numpy()])
    found = strategy("fertilities=average")(network, INPUTS)
    assert sentences(found.ids[:, 0]) == expected
    assert expected != repeated(network.table.numpy().argmax(axis=1)[INPUTS.numpy()])
    with pytest.raises(InputError, match="fertilities"):
        decode_hparams("fertilities=median", "fertilities")


def test_the_first_candidate_is_the_models_own_and_others_are_drawn():
    network = Repeating()
    own = sentences(strategy()(network, INPUTS).ids[:, 0])
    found = strategy("num_candidates=8")(network, INPUTS)
    assert sentences(found.ids[:, 0]) == own
    drawn = {tuple(sentence) for sentence in sentences(found.ids[2])}
    assert len(drawn) > 4


def test_without_temperature_all_are_the_most_probable():
    network = Repeating()
    own = sentences(strategy()(network, INPUTS).ids[:, 0])
    found = strategy("num_candidates=3,sampling_temp=0.0")(network, INPUTS)
    cold = strategy("num_candidates=3,sampling_temp=0.0001")(network, INPUTS)
    for candidate in range(3):
        assert sentences(found.ids[:, candidate]) == own
        assert sentences(cold.ids[:, candidate]) == own


def test_candidates_are_the_sentences_own():
    network, chosen = Repeating(), strategy("num_candidates=5")
    together = chosen(network, INPUTS).ids
    for row, length in enumerate([4, 2, 5]):
        alone = chosen(network, INPUTS[row : row + 1, :length]).ids
        assert sentences(alone[0]) == sentences(together[row])
    # More candidates begin with the same.
    more = strategy("num_candidates=9")(network, INPUTS).ids[:, :5]
    assert [sentences(row) for row in more] == [sentences(row) for row in together]


def test_repeated_tokens_may_be_merged():
    network = Repeating()
    plain, merged = strategy()(network, INPUTS), strategy("dedup=True")(network, INPUTS)
    expected = [
        [token for token, before in zip(row, [0, *row], strict=False) if token != before]
        for row in sentences(plain.ids[:, 0])
    ]
    assert sentences(merged.ids[:, 0]) == expected != sentences(plain.ids[:, 0])


def test_samples_follow_their_distribution():
    """Fertilities of a single word, of 400 draws."""
    network = Repeating()
    found = strategy("num_candidates=401")(network, INPUTS[1:2, :2]).ids[0, 1:]
    counts = np.bincount([len(row) - 1 for row in sentences(found)], minlength=4) / 400
    expected = tf.nn.softmax(network.table[8]).numpy()
    np.testing.assert_allclose(counts, expected, atol=0.08)


class LikesReference:
    """Gives each sentence's reference 0, and everything else -100."""

    def __init__(self, reference):
        self.reference = reference

    def encode(self, inputs):
        return inputs

    def score_encoded(self, source, targets):
        wanted = [self.reference[tuple(ids_of(row))] for row in source.numpy()]
        scores = [
            0.0 if ids_of(row) == want else -100.0
            for row, want in zip(targets.numpy(), wanted, strict=True)
        ]
        return tf.constant(scores, tf.float32)


def ids_of(row):
    return [int(token) for token in row if token]


def test_a_teacher_that_likes_the_reference_picks_it():
    network = Repeating(scale=0.3)
    chosen = strategy("num_candidates=12")
    found = chosen(network, INPUTS).ids.numpy()
    # The reference is the last candidate that isn't the first.
    reference = {}
    for source, candidates in zip(INPUTS.numpy(), found, strict=True):
        others = [ids_of(row) for row in candidates if ids_of(row) != ids_of(candidates[0])]
        reference[tuple(ids_of(source))] = others[-1]
    ranked = Rescored(chosen, LikesReference(reference), chosen.settings.rescoring_alpha)(
        network, INPUTS
    )
    assert [ids_of(row) for row in ranked.ids[:, 0].numpy()] == list(reference.values())


def test_the_teachers_score_counts_a_token_unless_alpha_says_otherwise():
    assert strategy("num_candidates=2").settings.rescoring_alpha == 1.0
    assert strategy("alpha=0.0").settings.rescoring_alpha == 0.0
    assert strategy("alpha=0.6,rescoring_alpha=0.3").settings.rescoring_alpha == 0.3
    assert strategy("num_candidates=10").needs_scorer.startswith("num_candidates=10")
    assert strategy().needs_scorer == ""


def test_an_export_has_the_candidates_beside_its_best():
    network = Repeating()
    function, _ = strategy("num_candidates=3").exported().signatures(network)[CANDIDATES]
    found = function(INPUTS, tf.constant(3))
    assert found["outputs"].shape[:2] == (3, 3)
    expected = strategy("num_candidates=3")(network, INPUTS)
    np.testing.assert_array_equal(found["outputs"], expected.ids)
    assert EOS_ID in found["outputs"][0, 0].numpy()


def test_a_model_without_fertilities_is_refused():
    class Plain:
        vocab_size, name = VOCAB, "plain"
        encode = decode = None

    with pytest.raises(InputError, match="'plain' has no fertility_logits and no with_fertilities"):
        strategy()(Plain(), INPUTS)
