"""When refinement stops: hand histories, and a plain Python oracle."""

import numpy as np
import pytest
import tensorflow as tf

from t2t_hint_nart.decoding.convergence import RULES, converged
from tests.oracles.convergence import jaccard_index, last_pass, same

HISTORIES = {
    "the same bag in another order": ([[5, 6], [7, 7], [6, 5], [8, 8], [9, 9]], True, False),
    "the same tokens": ([[5, 6], [7, 7], [8, 8], [9, 9], [5, 6]], True, True),
    "others of the window alike": ([[5, 6], [7, 7], [7, 7], [7, 7], [7, 7]], False, False),
    "the same set, other counts": (
        [[5, 5, 6], [5, 6, 6], [6, 6, 5], [6, 5, 6], [7, 7, 7]],
        False,
        False,
    ),
}


@pytest.mark.parametrize("name", HISTORIES)
def test_hand_histories(name):
    outputs, by_jaccard, by_equality = HISTORIES[name]
    history = tf.constant(outputs)
    for rule, expected in (("jaccard", by_jaccard), ("equality", by_equality)):
        assert converged(RULES[rule](history)[None]).numpy().tolist() == [expected]
        assert any(same(rule, outputs[0], later) for later in outputs[1:]) == expected


@pytest.mark.parametrize("rule", RULES)
def test_random_histories(rule):
    """Also of sentences with padding behind them, which both have."""
    outputs = np.random.default_rng(2).integers(2, 5, size=(200, 5, 4)).astype(np.int32)
    outputs[::2, :, 3] = 0
    keys = tf.stack([RULES[rule](tf.constant(outputs[:, index])) for index in range(5)], axis=1)
    expected = [
        any(same(rule, first, later) for later in rest) for first, *rest in outputs.tolist()
    ]
    assert converged(keys).numpy().tolist() == expected
    assert 20 < sum(expected) < 180


def test_the_oracles_of_a_window():
    assert jaccard_index([5, 5, 6], [5, 6, 6]) == 0.5
    never = [[index] for index in range(20)]
    assert last_pass("jaccard", never) == 20
    assert last_pass("equality", [[1]] * 9) == 5
    # 4 is said again as the last of its window.
    assert last_pass("equality", [[1], [2], [3], [4], [5], [6], [7], [4], [9]]) == 8
