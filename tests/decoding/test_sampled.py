"""Sampled candidates: how many, which is first, what an export has of them."""

import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.decoding import CANDIDATES
from t2t_hint_nart.decoding.decode_hparams import decode_hparams, exported_names
from t2t_hint_nart.decoding.sampled import Sampled
from t2t_hint_nart.decoding.search import Hypotheses
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.hparam import HParams

INPUTS = tf.constant([[5, 1, 0], [6, 7, 1], [1, 0, 0]], tf.int32)


class Counting(Sampled):
    """Candidate c of a sentence is its first token + c."""

    def candidates(self, network, inputs, count):
        ids = (inputs[:, :1] + tf.range(count))[:, :, None]
        return Hypotheses(ids, -tf.cast(ids[:, :, 0], tf.float32))


@pytest.fixture(autouse=True)
def registered(monkeypatch):
    """The strategy by any name, in this file alone."""
    monkeypatch.setattr(registry, "strategy", lambda name: Counting)


def strategy(overrides=""):
    return Counting(decode_hparams(overrides, "counting"), HParams())


def first_tokens(hypotheses):
    return hypotheses.ids[:, :, 0].numpy().tolist()


def test_without_candidates_it_gives_the_models_own_best():
    assert strategy().needs_scorer == ""
    assert first_tokens(strategy()(None, INPUTS)) == [[5], [6], [1]]


@pytest.mark.parametrize(
    "overrides", ["num_candidates=3", "beam_size=3", "beam_size=9,num_candidates=3"]
)
def test_a_number_of_candidates_needs_a_scorer(overrides):
    chosen = strategy(overrides)
    assert chosen.needs_scorer.startswith("num_candidates=3 gives 3 candidates a sentence")
    assert first_tokens(chosen(None, INPUTS)) == [[5, 6, 7], [6, 7, 8], [1, 2, 3]]


def test_alpha_is_the_scorers():
    assert strategy().settings.rescoring_alpha == 0
    assert strategy("alpha=0.6").settings.rescoring_alpha == 0.6


def test_a_draft_is_one_candidate():
    assert "verified" in strategy("verified=True,num_candidates=3").needs_scorer
    chosen = strategy("verified=True,num_candidates=3")
    assert first_tokens(chosen(None, INPUTS)) == [[5], [6], [1]]


def test_an_export_gives_the_best_and_has_candidates_beside_it():
    chosen = strategy("num_candidates=3,sampling_temp=0.5")
    exported = chosen.exported()
    assert first_tokens(exported(None, INPUTS)) == [[5], [6], [1]]
    function, _ = chosen.signatures(None)[CANDIDATES]
    found = function(INPUTS, tf.constant(2))
    # The third has no word: its translation is empty, and it has no other.
    assert found["outputs"][:, :, 0].numpy().tolist() == [[5, 6], [6, 7], [1, 0]]


def test_what_an_export_was_made_with_has_the_temperature_alone():
    settings = strategy("sampling_temp=0.5").settings
    assert exported_names(settings, "counting") == ("sampling_temp",)
    with pytest.raises(InputError, match="num_candidates=3 has no effect on an export"):
        exported_names(strategy("num_candidates=3").settings, "counting")
