"""Beam search on cached steps finds what it finds when every step computes all positions anew."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.beam_search import beam_search, tile_to_beam
from t2t_hint_nart.decoding.growing_cache import BLOCK
from t2t_hint_nart.serving.autoregressive import BeamSettings, beam_decode
from tests.models.tiny_networks import tiny_network

INPUTS = np.array([[5, 6, 7, 8, 1], [3, 1, 0, 0, 0], [4, 5, 6, 1, 0]], np.int32)
SETTINGS = BeamSettings(beam_size=3, extra_length=BLOCK + 4)
RELATIVE = {"self_attention_type": "dot_product_relative", "max_relative_position": 3}


def decode_without_cache(model, settings):
    """The state is what was said so far; a step is a full pass over it."""
    tokens = tf.reduce_sum(tf.cast(INPUTS != 0, tf.int32), axis=1) + settings.extra_length
    room = int(tf.reduce_max(tokens))
    inputs = tile_to_beam(tf.constant(INPUTS), settings.beam_size)

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
def test_the_cache_changes_nothing(set_name, changes):
    model = tiny_network("transformer", set_name, seed=4, **changes)
    got = beam_decode(model, tf.constant(INPUTS), SETTINGS)
    expected = decode_without_cache(model, SETTINGS)
    assert np.array_equal(got.ids, expected.ids)
    np.testing.assert_allclose(got.scores, expected.scores, rtol=1e-5)
    # Long enough for the cache to have grown, and not one token over and over.
    assert np.max(np.sum(got.ids != 0, axis=-1)) > BLOCK
    assert len(np.unique(got.ids)) > 2


def test_relative_positions_in_a_graph():
    model = tiny_network("transformer", "transformer_relative", seed=4, **RELATIVE)
    graph = tf.function(
        lambda inputs: beam_decode(model, inputs, SETTINGS),
        input_signature=[tf.TensorSpec([None, None], tf.int32)],
        autograph=False,
    )
    eager = beam_decode(model, tf.constant(INPUTS), SETTINGS)
    got = graph(tf.constant(INPUTS))
    assert np.array_equal(got.ids, eager.ids)
    np.testing.assert_allclose(got.scores, eager.scores, rtol=1e-5)
