"""Candidates as arrays are ranked as in a graph."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.sources import keep_empty
from t2t_hint_nart.decoding.strategy import rank_candidates
from t2t_hint_nart.exports import candidates

# Ends behind EOS, in the middle, nowhere; a source without a word; equals.
INPUTS = np.array([[5, 6, 1], [1, 0, 0], [4, 1, 0]], np.int32)
IDS = np.array(
    [
        [[5, 1, 6, 0], [5, 6, 7, 8], [9, 0, 0, 0]],
        [[1, 0, 0, 0], [0, 0, 0, 0], [5, 1, 0, 0]],
        [[3, 3, 0, 0], [3, 3, 0, 0], [7, 1, 0, 0]],
    ],
    np.int32,
)


def score(targets):
    return -np.sum(targets, axis=1).astype(np.float32) - 1


@pytest.mark.parametrize("alpha", [0.0, 1.0])
def test_it_ranks_as_the_graph_does(alpha):
    expected = keep_empty(
        rank_candidates((), tf.constant(IDS), lambda _, rows: score(rows.numpy()), alpha), INPUTS
    )
    ids, scores = candidates.rank(INPUTS, IDS, score, alpha)
    np.testing.assert_array_equal(ids, expected.ids.numpy()[..., : ids.shape[-1]])
    np.testing.assert_allclose(scores, expected.scores, rtol=1e-6)


def test_no_sentence_has_no_candidate():
    ids, scores = candidates.rank(INPUTS[:0], IDS[:0], score)
    assert ids.shape == (0, 3, 0) and scores.shape == (0, 3)
