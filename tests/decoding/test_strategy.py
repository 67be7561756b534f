"""What all strategies have, and how they compose with a scorer."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.decoding.rescoring import rank_candidates
from t2t_hint_nart.decoding.strategy import Rescored, Strategy
from t2t_hint_nart.hparam import HParams
from tests.decoding.fake_models import HistoryNetwork
from tests.decoding.test_parallel import Spreading

INPUTS = tf.constant([[5, 2, 1, 0], [3, 4, 6, 1], [8, 1, 0, 0]])


class Scorer:
    """Prefers rows whose tokens' sum is near the source's first id; notes what it is asked."""

    def __init__(self):
        self.encoded, self.scored = [], []

    def encode(self, inputs):
        self.encoded.append(inputs.numpy().tolist())
        return {"key": inputs[:, 0]}

    def score_encoded(self, source, targets):
        self.scored.append(tuple(targets.shape))
        total = tf.reduce_sum(targets, axis=1)
        return -tf.abs(tf.cast(4 * source["key"] - total, tf.float32)) - 0.5


def inner(name, overrides):
    return registry.strategy(name)(decode_hparams(overrides, name), HParams(length_bias=1))


@pytest.mark.parametrize(
    ("name", "overrides", "network", "count"),
    [
        ("beam", "beam_size=3,extra_length=4,return_beams=True", HistoryNetwork(6, -1.0), 3),
        ("one_pass", "length_halfwidth=2", Spreading(), 5),
        ("refinement", "length_halfwidth=1,iterations=2", Spreading(), 3),
    ],
)
@pytest.mark.parametrize("alpha", [0.0, 0.6])
def test_a_scorer_ranks_the_hypotheses_of_any_strategy(name, overrides, network, count, alpha):
    search, scorer = inner(name, overrides), Scorer()
    found = Rescored(search, scorer, alpha)(network, INPUTS)
    # The source is encoded once, whatever the number of hypotheses.
    assert scorer.encoded == [INPUTS.numpy().tolist()]
    assert [shape[0] for shape in scorer.scored] == [3 * count]
    again = Scorer()
    ids = search(network, INPUTS).ids
    expected = rank_candidates(again.encode(INPUTS), ids, again.score_encoded, alpha)
    np.testing.assert_array_equal(found.ids, expected.ids)
    np.testing.assert_array_equal(found.scores, expected.scores)
    assert np.all(np.diff(found.scores.numpy(), axis=1) <= 0)


def test_the_scorers_order_is_another_than_the_models():
    search = inner("one_pass", "length_halfwidth=2")
    network = Spreading()
    first = search(network, INPUTS).ids[:, 0]
    best = Rescored(search, Scorer())(network, INPUTS).ids[:, 0]
    assert not np.array_equal(best[:, : first.shape[1]], first)


def test_rescored_hypotheses_are_rescored_again():
    """What is ranked by one scorer may be ranked by another."""
    once = Rescored(inner("one_pass", "length_halfwidth=2"), Scorer())
    twice = Rescored(once, Scorer(), 0.6)(Spreading(), INPUTS)
    assert twice.ids.shape[1] == 5 and np.all(np.diff(twice.scores.numpy(), axis=1) <= 0)


def test_what_a_strategy_has_unless_it_says_otherwise():
    settings = decode_hparams()
    strategy = Strategy(settings, HParams())
    assert strategy.needs_scorer == ""
    assert strategy.exported() is strategy
    assert strategy.signatures(None) == {}
    assert strategy.canvas(INPUTS, INPUTS) is INPUTS
    before = settings.values()
    Strategy.add_hparams(settings)
    Strategy.settle(settings, settings)
    assert settings.values() == before
    with pytest.raises(NotImplementedError):
        strategy(None, INPUTS)
