"""What a scorer makes of any draft is its network's greedy search, in whatever runtime."""

import numpy as np
import tensorflow as tf

from t2t_hint_nart.decoding.beam import Greedy
from t2t_hint_nart.decoding.decode_hparams import decode_hparams
from t2t_hint_nart.decoding.verified import Verified
from t2t_hint_nart.hparam import HParams
from t2t_hint_nart.losses.likelihood import token_log_probs
from t2t_hint_nart.models.network import forward

SOURCES = np.array([[5, 6, 7, 1, 0, 0], [4, 1, 0, 0, 0, 0], [2, 3, 9, 9, 10, 1]], np.int32)
EXTRA_LENGTH = 6


def decodings_agree(scorer, network):
    """Compare, by random drafts, empty ones, ones that are too long, or end early, and equal."""
    search = Greedy(decode_hparams(f"beam_size=1,extra_length={EXTRA_LENGTH}", "beam"), HParams())
    expected = search(network, tf.constant(SOURCES))
    wanted = expected.ids.numpy()[:, 0]
    assert len({tuple(row) for row in wanted.tolist()}) == len(SOURCES) and wanted.shape[1] > 4
    draws = np.random.default_rng(3).integers(2, 11, (3, 1, 30), np.int32)
    ended = np.pad(draws[..., :3], [(0, 0), (0, 0), (0, 4)], constant_values=1)
    empty = np.zeros((3, 1, 2), np.int32)
    for draft in (draws[..., :5], empty, draws, ended, wanted[:, None]):
        verified = Verified(lambda _, ids=draft: (ids, None), scorer, EXTRA_LENGTH)
        ids, scores, passes = verified(SOURCES)
        width = ids.shape[2]
        np.testing.assert_array_equal(ids[:, 0], wanted[:, :width])
        assert not wanted[:, width:].any()
        np.testing.assert_allclose(scores[:, 0], log_probs_of(network, ids[:, 0]), rtol=1e-4)
        assert (passes <= np.count_nonzero(ids, axis=2)).all()
    assert (passes == 1).all()


def log_probs_of(network, ids):
    """Of sentences int[B, T] in nats: float32[B]."""
    logits = forward(network, tf.constant(SOURCES), tf.constant(ids)).logits
    return tf.reduce_sum(token_log_probs(logits, ids), axis=1)
