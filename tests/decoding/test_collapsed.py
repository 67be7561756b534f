"""Searches for the best sentences of a collapsed output, as a strategy."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.collapsed import Collapsed
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.decoding.n_gram_model import NGramModel
from t2t_hint_nart.decoding.prefix_beam import prefix_beam_search
from t2t_hint_nart.decoding.strategy import IDS, Rescored, rank_candidates
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.models.network import Output

VOCAB = 9
INPUTS = tf.constant([[5, 2, 1, 0, 0], [3, 4, 6, 7, 1], [8, 1, 0, 0, 0]], tf.int32)
LENGTHS = [6, 10, 4]


class Said:
    """Logits that depend on the source's first token and the position; padding is garbage."""

    vocab_size = VOCAB

    def encode(self, inputs):
        return inputs[:, 0]

    def decode(self, source, canvas):
        keys = tf.cast(source[:, None, None] + 1, tf.float32)
        positions = tf.range(1.0, 1.0 + tf.cast(tf.shape(canvas.mask)[1], tf.float32))
        ids = tf.range(VOCAB, dtype=tf.float32)
        logits = 2.5 * tf.sin(keys * positions[None, :, None] * (ids + 1.0) * 0.731 + ids)
        return Output(tf.where(canvas.mask[:, :, None], logits, 50.0), canvas.mask)


def strategy(overrides=""):
    return Collapsed(decode_hparams(overrides, "collapsed"), HParams(upsampling=2))


def alone(row, **options):
    """What the search itself finds for a sentence."""
    network, mask = Said(), tf.ones([1, LENGTHS[row]], tf.bool)
    logits = network.decode(network.encode(INPUTS[row : row + 1]), Output(None, mask)).logits
    return prefix_beam_search(tf.nn.log_softmax(logits)[0].numpy(), **options)


@pytest.fixture
def n_grams(tmp_path):
    model = NGramModel.of([[2, 3, 4], [3, 4, 8], [7, 7, 2]], 3, VOCAB)
    model.write(tmp_path / "3grams.npz")
    return model, tmp_path / "3grams.npz"


def check(found, **options):
    """All sentences are there, in order, and nothing behind them."""
    for row in range(len(LENGTHS)):
        expected = alone(row, **options)
        width = found.ids.shape[2]
        for place, (ids, score) in enumerate(expected):
            assert found.ids[row, place].numpy().tolist() == [*ids, *[0] * (width - len(ids))]
            assert float(found.scores[row, place]) == pytest.approx(score, rel=1e-5)
        assert not found.ids[row, len(expected) :].numpy().any()
        assert (found.scores[row, len(expected) :].numpy() == -1e7).all()


def test_in_a_graph_of_unknown_shapes_every_sentence_is_searched_by_itself(n_grams):
    model, path = n_grams
    overrides = f"prefix_beam=5,prefix_tokens=3,n_gram_model={path},n_gram_weight=0.7"
    search = strategy(f"{overrides},length_bonus=0.5")
    graph = tf.function(lambda inputs: search(Said(), inputs), input_signature=[IDS])
    found = graph(INPUTS)
    assert found.ids.shape[:2] == (3, 5)
    check(found, beam_size=5, tokens=3, model=model, weight=0.7, bonus=0.5)


def test_without_an_n_gram_model_and_with_more_room_than_sentences():
    check(strategy("beam_size=4")(Said(), INPUTS), beam_size=4, tokens=20)
    check(strategy("prefix_beam=20,prefix_tokens=1")(Said(), INPUTS), beam_size=20, tokens=1)


def test_no_sentence():
    found = strategy("beam_size=4")(Said(), INPUTS[:0])
    assert found.ids.shape[:2] == (0, 4) and found.scores.shape == (0, 4)


def test_an_export_reads_the_best_path(n_grams):
    exported = strategy(f"beam_size=4,n_gram_model={n_grams[1]},rescored=True").exported()
    assert exported.needs_scorer == ""
    found, plain = exported(Said(), INPUTS), strategy()(Said(), INPUTS)
    for got, expected in zip(found, plain, strict=True):
        np.testing.assert_array_equal(got, expected)
    assert found.ids.shape[1] == 1


def test_an_n_gram_model_of_other_ids(tmp_path):
    NGramModel.of([[2, 3]], 2, VOCAB + 1).write(tmp_path / "2grams.npz")
    search = strategy(f"beam_size=4,n_gram_model={tmp_path}/2grams.npz")
    with pytest.raises(InputError, match="2grams.npz is of 10 ids, the model of 9; make one"):
        search(Said(), INPUTS)
    with pytest.raises(InputError, match="^There is no n-gram model"):
        strategy("beam_size=4,n_gram_model=missing")(Said(), INPUTS)
    np.save(tmp_path / "array.npy", np.zeros(2))
    with pytest.raises(InputError, match="array.npy is no n-gram model"):
        strategy(f"beam_size=4,n_gram_model={tmp_path}/array.npy")(Said(), INPUTS)


class Shortest:
    """A teacher to whom every token is as improbable as any other."""

    def encode(self, inputs):
        return inputs

    def score_encoded(self, source, targets):
        del source
        return -tf.reduce_sum(tf.cast(targets != 0, tf.float32), axis=1)


def test_a_teacher_ranks_what_was_found():
    assert strategy("beam_size=4").needs_scorer == ""
    search, teacher = strategy("beam_size=4,rescored=True,alpha=0.3"), Shortest()
    assert search.needs_scorer == "rescored=True gives sentences that a teacher must rank"
    ranked = Rescored(search, teacher, search.settings.rescoring_alpha)(Said(), INPUTS)
    found = strategy("beam_size=4")(Said(), INPUTS)
    expected = rank_candidates(INPUTS, found.ids, teacher.score_encoded, 0.3)
    for got, wanted in zip(ranked, expected, strict=True):
        np.testing.assert_array_equal(got, wanted)
    assert (ranked.ids[:, 0, :-1] != found.ids[:, 0]).numpy().any()
    # A draft needs its own kind of judgement.
    drafts = strategy("beam_size=4,rescored=True,verified=True")
    assert drafts.needs_scorer.startswith("verified=True")
