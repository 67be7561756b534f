"""Decoding from latents: the first candidate greedy, others a function of the sentence alone."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart import registry
from t2t_hint_nart.decoding.beam_search import beam_search
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.decoding.draws import sentence_draws
from t2t_hint_nart.decoding.latent import draw_latents
from t2t_hint_nart.decoding.reading import read_until_eos
from t2t_hint_nart.decoding.strategy import Rescored
from t2t_hint_nart.errors import InputError
from t2t_hint_nart.models.network import Canvas
from tests.models.tiny_networks import tiny_hparams, tiny_network

SMALL = {"compress_filter_size": 10, "num_decoder_layers": 1, "num_compress_steps": 1}
KINDS = {"one": {"z_size": 4}, "two": {"z_size": 6, "num_decode_blocks": 2}}
INPUTS = np.array([[5, 6, 7, 8, 1], [3, 1, 0, 0, 0], [4, 5, 6, 1, 0]], np.int32)
STEPS = 5


@pytest.fixture(scope="module", params=KINDS)
def network(request):
    # Float32, as decoding is; weights large enough that no two logits are near each other.
    return tiny_network(
        "transformer_ae",
        "transformer_ae_multi30k",
        seed=3,
        dtype="float32",
        **{**SMALL, **KINDS[request.param]},
    )


def strategy(overrides=""):
    hparams = tiny_hparams("transformer_ae_multi30k", **SMALL)
    return registry.strategy("latent")(decode_hparams(overrides, "latent"), hparams)


def draws_of(network, inputs, count, steps=STEPS):
    draws = sentence_draws(inputs, count, steps * network.latent_digits)
    return tf.reshape(draws, [len(inputs), count, steps, network.latent_digits])


def drawn(network, count, temperature=1.0):
    """Latents int32[B, N, M] of INPUTS."""
    source = network.encode(INPUTS)
    latents = draw_latents(network, source, draws_of(network, INPUTS, count), temperature)
    return latents.numpy().reshape(len(INPUTS), count, STEPS)


def test_greedy_latents_equal_a_beam_of_1_with_a_cache(network):
    """Over all values of a latent, as T2T searches: no end, a fixed number of latents."""
    source = network.encode(INPUTS)
    memory, state = network.start_latents(source, STEPS)
    digits, base = network.latent_digits, network.prior.base

    def step(ids, position, state):
        logits, state = network.step_latents(ids, position, memory, state)
        log_probs = tf.nn.log_softmax(logits)
        joint = log_probs[:, 0]
        for digit in range(1, digits):
            joint = tf.reshape(log_probs[:, digit, :, None] + joint[:, None], [3, -1])
        return joint, state

    found = beam_search(
        step, tf.zeros([3], tf.int32), 1, STEPS, base**digits, 0.0, state, eos_id=-1
    )
    assert np.array_equal(drawn(network, 1)[:, 0], found.ids[:, 0])
    assert len(np.unique(found.ids)) > 3


def test_greedy_latents_equal_a_search_without_a_cache(network):
    source = network.encode(INPUTS)
    latents = np.zeros((3, STEPS), np.int32)
    for position in range(STEPS):
        logits = np.asarray(network.prior(network.bottleneck.embed(latents), source))
        best = logits[:, position].argmax(axis=-1)
        latents[:, position] = best @ network.prior.base ** np.arange(best.shape[1])
    assert np.array_equal(drawn(network, 1)[:, 0], latents)


def test_the_first_candidate_is_greedy_and_others_are_drawn(network):
    greedy, latents = drawn(network, 1)[:, 0], drawn(network, 40)
    assert np.array_equal(latents[:, 0], greedy)
    assert len(np.unique(latents[0], axis=0)) > 10
    assert np.array_equal(drawn(network, 4, 0.0)[:, 3], greedy)
    # The more, the same: each candidate has draws of its own.
    assert np.array_equal(drawn(network, 7), latents[:, :7])


def test_samples_have_the_probabilities_of_the_prior(network):
    """Of the first latent, by the draws' inverse distribution: within three standard errors."""
    count, source = 3000, network.encode(INPUTS[:1])
    draws = draws_of(network, INPUTS[:1], count, 1)
    latents = draw_latents(network, source, draws, 2.0).numpy()[1:, 0]
    logits = np.asarray(network.prior(network.bottleneck.embed(np.zeros((1, 1), np.int32)), source))
    base = network.prior.base
    for digit in range(network.latent_digits):
        odds = np.exp(logits[0, 0, digit] / 2.0)
        expected = odds / odds.sum()
        share = np.bincount(latents // base**digit % base, minlength=base) / len(latents)
        error = np.sqrt(expected * (1 - expected) / len(latents))
        assert (np.abs(share - expected) < 3.5 * error + 1e-4).all()


def test_all_tokens_of_the_latents_in_one_pass(network):
    """Ids and log probabilities, of every candidate by itself."""
    found = strategy("num_candidates=3")(network, tf.constant(INPUTS))
    latents = drawn(network, 3)
    for row, ids in enumerate(INPUTS):
        length = np.count_nonzero(ids)
        source = network.encode(ids[None, :length])
        mask = np.ones((1, 2 * length), bool)
        for candidate in range(3):
            own = latents[row : row + 1, candidate, : int(network.latent_lengths(source)[0])]
            logits = network.decode_latents(source, own, Canvas(mask)).logits
            expected, log_prob = read_until_eos(logits, tf.constant(mask))
            said = found.ids[row, candidate].numpy()
            assert np.array_equal(said[: 2 * length], expected[0]) and not said[2 * length :].any()
            np.testing.assert_allclose(found.scores[row, candidate], log_prob[0], rtol=1e-4)


def test_padding_and_batch_change_nothing(network):
    decode = strategy("num_candidates=3")
    found = decode(network, tf.constant(INPUTS)).ids.numpy()
    wider = np.pad(INPUTS, [[0, 0], [0, 4]])[::-1]
    assert np.array_equal(decode(network, tf.constant(wider)).ids.numpy()[::-1], found)
    alone = decode(network, tf.constant(INPUTS[1:2, :2])).ids.numpy()
    assert np.array_equal(alone[0], found[1, :, : alone.shape[2]])
    assert not found[1, :, alone.shape[2] :].any()


def test_one_candidate_is_the_first_of_many_and_a_scorer_changes_nothing(network):
    inputs = tf.constant(INPUTS)
    one = strategy()(network, inputs)
    many = strategy("num_candidates=4")(network, inputs)
    assert np.array_equal(one.ids[:, 0], many.ids[:, 0])

    class Scorer:
        def encode(self, inputs):
            return inputs

        def score_encoded(self, source, targets):
            return tf.reduce_sum(tf.cast(targets, tf.float32), axis=1)

    ranked = Rescored(strategy(), Scorer())(network, inputs).ids.numpy()[:, 0]
    for ids, said in zip(ranked, one.ids.numpy()[:, 0], strict=True):
        assert [i for i in ids if i > 1] == [i for i in said[: len(ids)] if i > 1]


def test_no_sentences_and_empty_sources(network):
    assert strategy()(network, tf.zeros([0, 4], tf.int32)).ids.shape[0] == 0
    assert strategy()(network, tf.zeros([2, 3], tf.int32)).ids.shape[:2] == (2, 1)


def test_a_model_without_latents_is_refused():
    with pytest.raises(InputError, match="no latent_lengths and .* decoding from latents needs"):
        strategy()(object(), tf.constant(INPUTS))
